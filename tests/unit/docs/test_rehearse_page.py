"""The page about rehearsals names the scenarios that there are, and the usual load."""

from pathlib import Path

from dev_stack.rehearsal.load import load_of_file, usual_load
from dev_stack.rehearsal.scenario import scenario_named, shipped

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rehearse.md"


def test_every_scenario_stands_in_the_page_with_what_goes_wrong():
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    for name in shipped():
        assert f"| `{name}` | {scenario_named(name).name} |" in rows


def test_the_keys_of_a_load_stand_in_the_page_with_their_defaults(tmp_path: Path):
    shown = next(
        part for part in PAGE.read_text("utf-8").split("```") if part.startswith("toml\n[load]")
    )
    load = tmp_path / "load.toml"
    load.write_text(shown.removeprefix("toml\n"), encoding="utf-8")
    assert load_of_file(load) == usual_load()
