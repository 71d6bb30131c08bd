from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from channels_ws.serving.lifespan import ApplicationLifespan, StartRefusedError
from wsmigrate.errors import ConfigError

Application = Callable[[Any, Any, Any], Awaitable[None]]


def application(*answers: str, message: str = "", seen: list[str] | None = None) -> Application:
    """Answers each question with the next answer, and then ends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["left"] = "something"
        for answer in answers:
            question = (await receive())["type"]
            if seen is not None:
                seen.append(question)
            await send({"type": answer, "message": message})

    return app


async def test_it_is_started_and_stopped_in_this_order() -> None:
    seen: list[str] = []
    app = application("lifespan.startup.complete", "lifespan.shutdown.complete", seen=seen)
    lifespan = ApplicationLifespan(app, "app")
    await lifespan.startup()
    assert seen == ["lifespan.startup"]
    assert lifespan.state == {"left": "something"}
    await lifespan.shutdown()
    assert seen == ["lifespan.startup", "lifespan.shutdown"]


async def test_a_refusal_is_the_applications_own_sentence() -> None:
    app = application("lifespan.startup.failed", message="wsmigrate: No tables.")
    with pytest.raises(StartRefusedError, match=r"^No tables\.$"):
        await ApplicationLifespan(app, "app").startup()


async def test_a_refusal_without_a_word_names_the_application() -> None:
    app = application("lifespan.startup.failed")
    with pytest.raises(StartRefusedError, match="my_app refuses"):
        await ApplicationLifespan(app, "my_app").startup()


async def test_an_application_that_does_not_know_the_protocol_is_said() -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("no lifespan")

    with pytest.raises(ConfigError, match=r"my_app does not take the lifespan.*ValueError"):
        await ApplicationLifespan(app, "my_app").startup()
    with pytest.raises(ConfigError, match="does not take the lifespan"):
        await ApplicationLifespan(application(), "my_app").startup()


async def test_an_application_that_does_not_stop_is_left() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.Event().wait()

    lifespan = ApplicationLifespan(app, "app")
    await lifespan.startup()
    began = time.monotonic()
    await lifespan.shutdown(within_s=0.1)
    assert time.monotonic() - began < 5


async def test_to_stop_what_never_started_is_nothing() -> None:
    await ApplicationLifespan(application(), "app").shutdown()


@pytest.mark.parametrize("no_asgi", [lambda _environ, _start: [b""], lambda *_: "no coroutine"])
async def test_what_is_no_asgi_application_is_said(no_asgi: object) -> None:
    with pytest.raises(ConfigError, match="TypeError"):
        await ApplicationLifespan(no_asgi, "site:wsgi").startup()
