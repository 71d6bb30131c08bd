"""The page about rehearsals names the scenarios that there are."""

from pathlib import Path

from dev_stack.rehearsal.scenario import scenario_named, shipped

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rehearse.md"


def test_every_scenario_stands_in_the_page_with_what_goes_wrong():
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    for name in shipped():
        assert f"| `{name}` | {scenario_named(name).name} |" in rows
