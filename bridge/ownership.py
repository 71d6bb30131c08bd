"""Whose the inboxes are, for an operator's command."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pika.adapters.asyncio_connection import AsyncioConnection

from bridge.database import LayerDatabase
from bridge.site_name import SiteName
from bridge.wire import connection_parameters
from wsmigrate.amqp import AmqpClosedError, AmqpConnection, BrokerHosts
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.inbox_claim import Owner, owners, take_over

T = TypeVar("T")
_CONNECT_WITHIN_S = 10.0


async def owners_of_inboxes(config: Config, parameters: Mapping[str, Any]) -> dict[str, Owner]:
    """Whose each inbox of the settings is. Raises ConfigError and UnavailableError."""

    async def ask(connection: AmqpConnection, site: str) -> dict[str, Owner]:
        return await owners(connection, config.inbox_names, site)

    return await _with_broker(config, parameters, ask)


async def take_inboxes_over(config: Config, parameters: Mapping[str, Any]) -> None:
    """Make the inboxes of the settings this site's. Raises as ``owners_of_inboxes``."""

    async def take(connection: AmqpConnection, site: str) -> None:
        await take_over(connection, config.inbox_names, site, config.inbox_kind)

    await _with_broker(config, parameters, take)


async def _with_broker(
    config: Config,
    parameters: Mapping[str, Any],
    act: Callable[[AmqpConnection, str], Awaitable[T]],
) -> T:
    database = LayerDatabase(parameters, config.database)
    try:
        site = await SiteName(database).read()
        connection = await BrokerHosts(config.amqp_urls).connect(
            lambda url: functools.partial(AsyncioConnection, connection_parameters(url)),
            _CONNECT_WITHIN_S,
        )
        try:
            return await act(connection, site)
        finally:
            await connection.close()
    except (AmqpClosedError, TimeoutError) as error:
        raise UnavailableError(
            f"RabbitMQ does not say whose the inboxes are ({str(error) or type(error).__name__})."
        ) from error
    finally:
        await database.close()
