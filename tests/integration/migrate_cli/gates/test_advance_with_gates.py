"""``wsmigrate advance``: what the gates say decides, and is written down."""

from __future__ import annotations

import json
import sys

import pytest

from gate_site import GateSite

INSTANT = ["database-connections", "table-size"]


@pytest.fixture
def site(gate_site: GateSite) -> GateSite:
    """At the beginning, with a front door and one gate, a program that ends as a file says."""
    share, code = gate_site.folder / "share", gate_site.folder / "code"
    share.write_text("0")
    code.write_text("0")
    program = (
        f"import pathlib, sys; print('as told'); sys.exit(int(pathlib.Path('{code}').read_text()))"
    )
    gate_site.gates["off"] = INSTANT
    gate_site.lines += [
        f'[[gates.commands]]\nname = "told"\nstages = ["door"]\n'
        f'command = ["{sys.executable}", "-c", "{program}"]',
        f'[front_door]\nkind = "command"\nget = ["cat", "{share}"]\nset = ["false"]',
    ]
    return gate_site


def tell(site: GateSite, code: int) -> None:
    (site.folder / "code").write_text(str(code))


def rung(site: GateSite) -> str:
    return str(json.loads(site.run("status", "--json").stdout)["rung"])


def test_a_gate_that_passes_lets_the_step_pass_and_is_in_the_audit_log(site: GateSite) -> None:
    ended = site.run("advance", "--execute")
    assert ended.returncode == 0, ended.stderr
    assert "Asking 1 gates of the step from legacy to door." in ended.stdout
    assert "pass          told: as told" in ended.stdout
    (entry, *_) = json.loads(site.run("history", "--json").stdout)
    assert entry["gates"] == [
        {"gate": "told", "outcome": "pass", "why": "as told", "figures": {"value": 0}}
    ]


def test_a_gate_that_fails_refuses_the_step_whatever_reason_is_given(site: GateSite) -> None:
    tell(site, 1)
    ended = site.run("advance", "--execute", "--accept-inconclusive", "I want it")
    assert ended.returncode == 1
    assert "told: as told" in ended.stderr
    assert rung(site) == "legacy"


def test_a_gate_that_does_not_know_stops_the_step_unless_a_reason_is_given(
    site: GateSite,
) -> None:
    tell(site, 2)
    ended = site.run("advance", "--execute")
    assert ended.returncode == 2
    assert "--accept-inconclusive" in ended.stderr
    assert rung(site) == "legacy"
    assert site.run("advance", "--execute", "--accept-inconclusive", "lunch").returncode == 0
    (entry, *_) = json.loads(site.run("history", "--json").stdout)
    assert (entry["why"], entry["gates"][0]["outcome"]) == ("lunch", "inconclusive")
    assert rung(site) == "door"


def test_a_dry_run_names_the_gates_and_asks_none(site: GateSite) -> None:
    tell(site, 1)
    ended = site.run("advance")
    assert ended.returncode == 0
    assert "would ask the gates told" in ended.stdout
