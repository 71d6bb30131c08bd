"""Hooks of an application: policies, and what takes clients' messages. Most of them go wrong."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels_ws.inbound.outcomes import MessageRefusedError


def says_no(_user: Any, _room: str) -> bool:
    return False


def only_ada(user: Any, room: str) -> bool:
    return user.is_authenticated and user.username == "ada" and room.startswith("room-")


async def raises(_user: Any, _room: str) -> bool:
    raise RuntimeError("out of order")


async def forgets_to_answer(_user: Any, _room: str) -> None:
    return


async def never_ends(_user: Any, _room: str) -> bool:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


def blocks(_user: Any, _room: str) -> bool:
    time.sleep(8)
    return True


async def signs(user: Any, room: str, message: dict[str, Any]) -> dict[str, Any]:
    return {"by": user.username, "in": room, **message}


def refuses(_user: Any, _room: str, _message: dict[str, Any]) -> None:
    raise MessageRefusedError("Not today.")


def keeps(_user: Any, _room: str, _message: dict[str, Any]) -> None:
    return


async def fails_to_save(_user: Any, _room: str, _message: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("out of order")


def takes_ages(_user: Any, _room: str, message: dict[str, Any]) -> dict[str, Any]:
    time.sleep(8)
    return message


def returns_no_json(_user: Any, _room: str, _message: dict[str, Any]) -> object:
    return object()
