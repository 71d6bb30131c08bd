"""The sample site's REST API, as a client uses it: sign up, make chats, join, send."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from wsmigrate.errors import UnavailableError

_TIMEOUT_S = 60.0
_PASSWORD = "a demo of two servers"  # noqa: S105 - of users that live as long as the demo


class SiteError(UnavailableError):
    """The site did not do what it was asked to, so there is nothing to compare."""

    def __init__(self, request: str, outcome: str) -> None:
        super().__init__(
            f"The sample site was asked for {request}, and {outcome}.",
            remedy="Its log file says why.",
        )


@dataclass
class Account:
    """A user who is signed up, and the tokens."""

    user: dict[str, Any]
    access: str
    refresh: str


class Site:
    """A client of the REST API. Every failure is a SiteError; nothing is sent twice.

    ``transport`` stands in for the network.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        # uWSGI closes a connection after its answer without saying so in the answer: a kept one
        # may be gone when the next request is written, and that must not be sent again blindly.
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=_TIMEOUT_S,
            trust_env=False,
            transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def sign_up(self, username: str, first_name: str, last_name: str) -> Account:
        """A new user, signed in."""
        names = {"username": username, "first_name": first_name, "last_name": last_name}
        form = {**names, "password": _PASSWORD, "email": f"{username}@example.org"}
        user = await self._send("POST", "/api/users/", form, 201)
        credentials = {"username": username, "password": _PASSWORD}
        tokens = await self._send("POST", "/api/token/", credentials, 200)
        return Account(user, tokens["access"], tokens["refresh"])

    async def make_chat(self, owner: Account) -> str:
        """A new chat's uri, which is its room."""
        chat = await self._send_as(owner, "POST", "/api/chats/", {}, 201)
        return str(chat["uri"])

    async def join(self, uri: str, account: Account) -> None:
        """Make the user a member of the chat."""
        username = {"username": account.user["username"]}
        await self._send_as(account, "PATCH", f"/api/chats/{uri}/", username, 200)

    async def send(self, uri: str, sender: Account, text: str) -> None:
        """Post a message. When this returns, the site has published it."""
        await self._send_as(sender, "POST", f"/api/chats/{uri}/messages/", {"message": text}, 201)

    async def _send_as(
        self, account: Account, method: str, path: str, body: dict[str, Any], status: int
    ) -> dict[str, Any]:
        response = await self._request(method, path, body, account.access)
        if response.status_code == 401:  # the access token has run out; nothing was done yet
            refresh = {"refresh": account.refresh}
            tokens = await self._send("POST", "/api/token/refresh/", refresh, 200)
            account.access = tokens["access"]
            response = await self._request(method, path, body, account.access)
        return _answer(method, path, response, status)

    async def _send(
        self, method: str, path: str, body: dict[str, Any], status: int
    ) -> dict[str, Any]:
        return _answer(method, path, await self._request(method, path, body, None), status)

    async def _request(
        self, method: str, path: str, body: dict[str, Any], access: str | None
    ) -> httpx.Response:
        headers = {} if access is None else {"Authorization": f"Bearer {access}"}
        try:
            return await self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            outcome = f"did not answer ({type(error).__name__})"
            raise SiteError(f"{method} {path}", outcome) from error


def _answer(method: str, path: str, response: httpx.Response, status: int) -> dict[str, Any]:
    request = f"{method} {path}"
    if response.status_code != status:
        raise SiteError(request, f"answered {response.status_code} instead of {status}")
    try:
        answer = response.json()
    except ValueError:
        raise SiteError(request, "its answer is not JSON") from None
    if not isinstance(answer, dict):
        raise SiteError(request, "its answer is no JSON object")
    return answer
