"""The contract of channel layers where a connection breaks."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from layer_kinds import setup_of
from layer_process import Layer, LayerFailed

from layer_promises import LayerKind, Promise
from relay import Relay

promise = pytest.mark.promise


@pytest.fixture
def link(url: str, free_port: Callable[[], int]) -> Iterator[Relay | None]:
    """The way to the layer's service, which can be cut; the in-memory layer has none."""
    if not url:
        yield None
        return
    relay = Relay(free_port(), ("127.0.0.1", urlsplit(url).port or 0))
    yield relay
    relay.cut()


@pytest.fixture
def behind(kind: LayerKind, url: str, link: Relay | None, new_process: Any) -> Layer:
    """A layer whose connections can be cut."""
    relayed = url.replace(f":{urlsplit(url).port}/", f":{link.port}/") if link else ""
    layer: Layer = new_process().layer(setup_of(kind, relayed))
    return layer


def cut(link: Relay | None, meanwhile: Callable[[], None] = lambda: None) -> None:
    if link:
        link.cut()
    meanwhile()
    if link:
        link.restore()


@promise(Promise.RECONNECTS)
def test_after_a_broken_connection_messages_flow_again(
    behind: Layer, link: Relay | None, group: str, patience_s: float
) -> None:
    channel = behind.member(group)
    cut(link)
    end = time.monotonic() + patience_s
    heard: list[Any] = []
    while not heard and time.monotonic() < end:
        with contextlib.suppress(LayerFailed, AssertionError):
            behind.call("group_send", group, {"type": "after"}, within_s=2.0)
        heard = channel.take_all()
    assert heard


@promise(Promise.KEPT)
def test_what_others_send_meanwhile_arrives_when_the_connection_is_back(
    behind: Layer, elsewhere: Layer, link: Relay | None, group: str, patience_s: float
) -> None:
    channel = behind.member(group)
    elsewhere.group_send(group, {"type": "before"})
    assert channel.take_all(patience_s) == [{"type": "before"}]
    cut(link, lambda: elsewhere.group_send(group, {"type": "meanwhile"}))
    assert channel.take_all(patience_s) == [{"type": "meanwhile"}]
