"""A small world in this process: a site, two WebSocket servers and a front door before them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from dev_stack.demo.clients import SERVER_COOKIE

Send = Callable[[str, dict[str, Any]], Awaitable[None]]


class World:
    """What is posted to the site is sent to the sockets of both servers; ``to_channels`` may be
    exchanged for something that breaks it. ``answers`` are given instead of the site's own."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.share = 0
        self.shares: list[int] = []
        self.answers: dict[tuple[str, str], list[httpx.Response]] = {}
        self.requests: list[httpx.Request] = []
        self.sockets: dict[tuple[str, str], set[ServerConnection]] = {}
        self.to_channels: Send = self.deliver_to_channels
        self._users: dict[str, dict[str, Any]] = {}
        self._chats = 0
        self._messages = 0

    @property
    def transport(self) -> httpx.MockTransport:
        """The site."""
        return httpx.MockTransport(self._answer)

    def set_share(self, percent: int) -> None:
        """Move the front door: the first rooms go to the new server."""
        self.share = percent
        self.shares.append(percent)

    async def deliver(self, server: str, room: str, text: str | bytes) -> None:
        """Send a frame to every socket of a room on one server."""
        for socket in tuple(self.sockets.get((server, room), ())):
            await socket.send(text)

    async def deliver_to_channels(self, group: str, event: dict[str, Any]) -> None:
        """What a channel layer does for a group."""
        await self.deliver("channels", group, event["message"])

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        prepared = self.answers.get((request.method, path))
        if prepared:
            return prepared.pop(0)
        body = json.loads(request.content)
        if path == "/api/users/":
            return httpx.Response(201, json=self._sign_up(body))
        if path in {"/api/token/", "/api/token/refresh/"}:
            name = body.get("username") or body["refresh"]
            return httpx.Response(200, json={"access": name, "refresh": name})
        if path == "/api/chats/":
            self._chats += 1
            return httpx.Response(201, json={"uri": f"room{self._chats - 1}"})
        if request.method == "PATCH":
            return httpx.Response(200, json={})
        return httpx.Response(201, json=await self._post(path.split("/")[3], request, body))

    def _sign_up(self, form: dict[str, str]) -> dict[str, Any]:
        user = {"id": len(self._users) + 1, **form}
        del user["password"]
        self._users[form["username"]] = user
        return user

    async def _post(
        self, room: str, request: httpx.Request, body: dict[str, str]
    ) -> dict[str, Any]:
        user = self._users[request.headers["Authorization"].removeprefix("Bearer ")]
        fields = ("id", "username", "email", "first_name", "last_name")
        payload = {"user": {name: user[name] for name in fields}, "message": body["message"]}
        text = json.dumps(payload)
        self._messages += 1
        await self.deliver("legacy", room, text)
        event = {"type": "message", "message": text, "id": str(self._messages), "room": room}
        await self.to_channels(room, event)
        return {"uri": room, **payload}

    def server_of_room(self, room: str) -> str:
        """Where the front door sends a room now."""
        number = int(room.removeprefix("room"))
        return "channels" if number * 100 < self.share * self._chats else "legacy"


@asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    """A world whose servers listen on free ports of the loopback address."""
    world = World()
    async with AsyncExitStack() as stack:
        for name in ("legacy", "channels", "front"):
            server = await stack.enter_async_context(
                serve(
                    _handler(world, name),
                    "127.0.0.1",
                    0,
                    compression=None,
                    process_response=_cookie_of(world) if name == "front" else None,
                )
            )
            port = server.sockets[0].getsockname()[1]
            world.urls[name] = f"ws://127.0.0.1:{port}"
        yield world


def _handler(world: World, name: str) -> Callable[[ServerConnection], Awaitable[None]]:
    async def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        room = socket.request.path.strip("/")
        server = world.server_of_room(room) if name == "front" else name
        sockets = world.sockets.setdefault((server, room), set())
        sockets.add(socket)
        try:
            await socket.wait_closed()
        finally:
            sockets.discard(socket)

    return handle


def _cookie_of(world: World) -> Callable[[ServerConnection, Request, Response], None]:
    def add_cookie(_socket: ServerConnection, request: Request, response: Response) -> None:
        server = world.server_of_room(request.path.strip("/"))
        response.headers["Set-Cookie"] = f"{SERVER_COOKIE}={server}; Path=/; SameSite=Lax"

    return add_cookie


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


class WorldLayer:
    """A channel layer that hands what is sent to groups to a world."""

    def __init__(self, send: Send) -> None:
        self.group_send = send
        self.extensions = ["groups"]
