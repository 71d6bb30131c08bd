"""A channel layer that breaks the relay on purpose, so that the demo can show that it would notice.

Only the demo's bridge runs with it (dev_stack.demo.sabotage_settings); no production code knows it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from dev_stack.demo.plan import Sabotage
from dev_stack.demo.texts import SABOTAGE_SIGN
from dev_stack.files import write_atomically

logger = logging.getLogger(__name__)

KIND_VARIABLE: Final = "WSMIGRATE_DEMO_SABOTAGE"
RECORD_VARIABLE: Final = "WSMIGRATE_DEMO_SABOTAGE_RECORD"

_ONE_IN: Final = 5
_FIRST: Final = 1
_LONGEST_HOLD_S: Final = 1.0

Event = dict[str, Any]


class SabotagedLayer:
    """The real layer, except that ``group_send`` breaks the 1st, 6th, 11th ... event of each group.

    ``record`` is a file with the number of broken messages of each group, see ``broken_messages``.
    A message counts once it is broken for good: each client of the group gets one difference of it.
    """

    def __init__(self, *, backend: str, config: Mapping[str, Any], kind: str, record: str) -> None:
        self._real = import_string(backend)(**config)
        self._kind = Sabotage(kind)
        self._record = Path(record)
        self._broken = Counter(broken_messages(self._record))
        self._seen: Counter[str] = Counter()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: dict[str, Event] = {}
        self._releases: set[asyncio.Task[None]] = set()

    def __getattr__(self, name: str) -> Any:
        if name == "group_send_many":
            raise AttributeError(name)  # the bridge shall send one message after another
        return getattr(self._real, name)

    async def group_send(self, group: str, event: Event) -> None:
        """Send the event, or break it. Events of a group are taken one after the other."""
        async with self._locks[group]:
            self._seen[group] += 1
            turn = self._seen[group] % _ONE_IN == _FIRST
            if group in self._held:
                await self._send_beside_held(group, event)
            elif turn:
                await self._send_broken(group, event)
            else:
                await self._real.group_send(group, event)

    async def _send_broken(self, group: str, event: Event) -> None:
        if self._kind is Sabotage.REORDER:
            self._hold(group, event)
            return
        if self._kind is Sabotage.DUPLICATE:
            await self._real.group_send(group, event)
            # With the same id the new server would rightly deliver it once.
            await self._real.group_send(group, {**event, "id": uuid.uuid4().hex})
        elif self._kind is Sabotage.ALTER:
            await self._real.group_send(group, {**event, "message": altered(event["message"])})
        self._count(group)

    async def _send_beside_held(self, group: str, event: Event) -> None:
        """Let the event overtake the one that is held, and that one follow. Two equal texts cannot
        be seen to have changed places, so equal ones pass and the held one waits on."""
        held = self._held[group]
        await self._real.group_send(group, event)
        if event["message"] != held["message"]:
            await self._real.group_send(group, held)
            del self._held[group]
            self._count(group)

    def _hold(self, group: str, event: Event) -> None:
        self._held[group] = event
        task = asyncio.create_task(self._release_later(group, event))
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)

    async def _release_later(self, group: str, event: Event) -> None:
        """Send a held event that nothing has overtaken: it is not to be lost."""
        while self._held.get(group) is event:
            await asyncio.sleep(_LONGEST_HOLD_S)
            async with self._locks[group]:
                if self._held.get(group) is not event:
                    return
                try:
                    await self._real.group_send(group, event)
                except Exception as error:  # layers raise what their databases raise
                    logger.warning("A held message is held on: %s", type(error).__name__)
                else:
                    del self._held[group]

    def _count(self, group: str) -> None:
        self._broken[group] += 1
        write_atomically(self._record, json.dumps(self._broken))


def sabotaged_layers(
    layers: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str]
) -> dict[str, Mapping[str, Any]]:
    """CHANNEL_LAYERS with the layer ``default`` sabotaged as the environment says."""
    try:
        kind, record = environment[KIND_VARIABLE], environment[RECORD_VARIABLE]
    except KeyError as error:
        raise ImproperlyConfigured(f"the environment variable {error} is not set") from None
    default = layers["default"]
    config = {
        "backend": default["BACKEND"],
        "config": default.get("CONFIG", {}),
        "kind": kind,
        "record": record,
    }
    return {**layers, "default": {"BACKEND": f"{__name__}.SabotagedLayer", "CONFIG": config}}


def broken_messages(record: Path) -> dict[str, int]:
    """How many messages of each group were broken so far; empty if there is no such file yet."""
    try:
        counts = json.loads(record.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {str(group): int(count) for group, count in counts.items()}


def altered(text: str) -> str:
    """The frame with one character of what is said exchanged. No frame of the demo is equal."""
    try:
        frame = json.loads(text)
        said = frame["message"]
        return json.dumps({**frame, "message": SABOTAGE_SIGN + said[1:]})
    except (ValueError, TypeError, KeyError):
        return SABOTAGE_SIGN + text[1:]
