"""The REST API's client."""

from __future__ import annotations

import httpx
import pytest
from demo_world import World

from dev_stack.demo.site import Site, SiteError


async def test_it_signs_up_makes_chats_joins_and_sends(world: World) -> None:
    async with Site("http://site", world.transport) as site:
        zoe = await site.sign_up("zoe", "Zoë", "Å")
        yuki = await site.sign_up("yuki", "雪", "高橋")
        room = await site.make_chat(zoe)
        await site.join(room, yuki)
        await site.send(room, yuki, "ok")
    assert zoe.user["first_name"] == "Zoë"
    requests = [(request.method, request.url.path) for request in world.requests]
    assert requests[-3:] == [
        ("POST", "/api/chats/"),
        ("PATCH", "/api/chats/room0/"),
        ("POST", "/api/chats/room0/messages/"),
    ]
    assert world.requests[-1].headers["Authorization"] == "Bearer yuki"


async def test_an_access_token_that_has_run_out_is_renewed(world: World) -> None:
    async with Site("http://site", world.transport) as site:
        zoe = await site.sign_up("zoe", "Zoë", "Å")
        zoe.access = "old"
        world.answers["POST", "/api/chats/"] = [httpx.Response(401)]
        assert await site.make_chat(zoe) == "room0"
    assert zoe.access == "zoe"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(503), "answered 503 instead of 201"),
        (httpx.Response(201, text="<html>"), "its answer is not JSON"),
        (httpx.Response(201, json=[]), "its answer is no JSON object"),
    ],
)
async def test_any_other_answer_is_one_sentence_and_nothing_is_sent_again(
    world: World, answer: httpx.Response, outcome: str
) -> None:
    async with Site("http://site", world.transport) as site:
        zoe = await site.sign_up("zoe", "Zoë", "Å")
        sent = len(world.requests)
        world.answers["POST", "/api/chats/"] = [answer]
        with pytest.raises(SiteError, match=outcome):
            await site.make_chat(zoe)
    assert len(world.requests) == sent + 1


async def test_a_site_that_is_not_there_is_one_sentence(unused_tcp_port: int) -> None:
    async with Site(f"http://127.0.0.1:{unused_tcp_port}") as site:
        with pytest.raises(SiteError, match=r"did not answer \(ConnectError\)"):
            await site.sign_up("zoe", "Zoë", "Å")
