"""What ``wsmigrate status`` says of a step that nobody is working at."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from rich.console import Console

from migrate_cli.cutover.records import AuditEntry, Holder, Stored
from migrate_cli.cutover.view import history_table, record_of_status, where_lines
from wsmigrate.config import NotifyBackend
from wsmigrate.site_state import SiteState
from wsmigrate.stages import Abort, Advance, Interrupted, Started, State, step

SITE = SiteState(1, "legacy", NotifyBackend.RABBITMQ, binds=True, barrier=0, barrier_out=True)
THERE = Holder(
    "a1b2", "ada", "elsewhere", "4711:1", "advance", datetime.now(timezone.utc), silent_s=0.5
)
DEAD = replace(THERE, silent_s=100.0)


def cut_off() -> State:
    state, todo = step(State(), Advance())
    return step(state, Started(todo[0]))[0]


def said(state: State, holder: Holder | None) -> str:
    return "\n".join(where_lines(state, Stored(SITE), holder))


def record(state: State, holder: Holder | None) -> dict[str, Any]:
    return json.loads(json.dumps(record_of_status(state, Stored(SITE), [], holder)))


def test_while_somebody_is_at_work_it_is_his() -> None:
    assert "operator        ada on elsewhere: advance, heard of 0 s ago" in said(cut_off(), THERE)
    assert "cut off" not in said(cut_off(), THERE)
    assert record(cut_off(), THERE)["interrupted"] is False


@pytest.mark.parametrize("holder", [DEAD, None])
def test_a_step_whose_operator_is_dead_is_cut_off(holder: Holder | None) -> None:
    text = said(cut_off(), holder)
    assert "cut off while it was to have browsers come by the front door" in text
    assert "go on with `wsmigrate resume`, undo with `wsmigrate abort`" in text
    assert record(cut_off(), holder)["interrupted"] is True


def test_of_the_dead_it_is_said_that_the_next_one_takes_over() -> None:
    text = said(State(), DEAD)
    assert "ada on elsewhere was killed or cut off in `advance`, 100 s ago" in text
    assert record(State(), DEAD)["interrupted"] is False
    assert record(State(), DEAD)["operator"]["at_work"] is False
    assert record(State(), THERE)["operator"]["at_work"] is True


def test_what_goes_back_cannot_be_aborted() -> None:
    back = step(step(cut_off(), Interrupted())[0], Abort())[0]
    assert "go on with `wsmigrate resume`" in said(back, None)
    assert "abort" not in said(back, None)


def test_the_audit_log_is_never_cut_off() -> None:
    path = "/var/lib/a-rather-long-path-that-fits-no-column-of-a-table/of-eighty-characters.sock"
    entry = AuditEntry(
        *(1, datetime.now(timezone.utc), "ada", "elsewhere", 1, "done", "legacy", "door"),
        *("remove-exchanges", "done", path, (), 1),
    )
    console = Console(width=80, file=io.StringIO())
    console.print(history_table([entry]))
    said = "".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert "…" not in said
