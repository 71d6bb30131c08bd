"""Puts a bridge together."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bridge.cursors import CursorStore
from bridge.database import LayerDatabase
from bridge.dead_letters import DeadLetterStore
from bridge.exchange_publisher import ExchangePublisher
from bridge.figures import Figures
from bridge.gaps import GapStore
from bridge.layer_log import LayerLog
from bridge.leases import LeaseHolder, LeaseSession, new_owner
from bridge.reverse import ReverseRelay
from bridge.rhythm import Rhythm
from bridge.runner import Bridge
from bridge.sinks import Sink, sink_for
from bridge.site_name import SiteName
from bridge.sweeper import Sweeper
from bridge.worker import Relaying
from wsmigrate.amqp import BrokerHosts
from wsmigrate.config import Config
from wsmigrate.errors import ConfigError
from wsmigrate.topology import InboxKind

logger = logging.getLogger(__name__)


@asynccontextmanager
async def assembled(
    config: Config, layer: Any, parameters: Mapping[str, Any]
) -> AsyncIterator[Bridge]:
    """A bridge into a layer. ``parameters`` are those of the database of cursors and leases."""
    database = LayerDatabase(parameters, config.database)
    session = LeaseSession(
        new_owner(), parameters, config.database, timeout_s=config.bridge_lease_s
    )
    leases = LeaseHolder(session, config.inbox_names, config.bridge_lease_s)
    cursors = CursorStore(database)
    letters = DeadLetterStore(database, config.dead_letter_bytes)
    hosts = BrokerHosts(config.amqp_urls)
    sink = sink_for(layer, config.event_name, cursors, letters, parameters)
    _tell_what_is_promised(sink, layer, config)
    relaying = Relaying(
        config=config,
        hosts=hosts,
        site=SiteName(database),
        cursors=cursors,
        letters=letters,
        gaps=GapStore(database),
        sink=sink,
        figures=Figures(),
        rhythm=Rhythm(config.bridge_batch_wait_s),
        is_ours=lambda: leases.is_valid,
    )
    try:
        yield Bridge(relaying, leases, Sweeper(config, hosts, database))
    finally:
        await database.close()


def _tell_what_is_promised(sink: Sink, layer: Any, config: Config) -> None:
    if sink.fenced and config.inbox_kind is InboxKind.STREAM:
        return
    if hasattr(layer, "group_send_many") and not sink.fenced:
        logger.warning(
            "Messages are relayed at least once, and not exactly once: CHANNEL_LAYERS does not "
            "name the database %r by the same host, port and name as DATABASES does",
            config.database,
        )
    else:
        logger.info("Messages are relayed at least once, as this layer and these inboxes allow")


@asynccontextmanager
async def assembled_reverse(
    config: Config, layer: Any, parameters: Mapping[str, Any]
) -> AsyncIterator[ReverseRelay]:
    """A reverse relay out of a layer. Raises ConfigError for a layer that has no log."""
    if not getattr(layer, "catches_up", False) or not hasattr(layer, "db_params"):
        raise ConfigError(
            "The reverse relay reads the log of the PostgreSQL layer, and CHANNEL_LAYERS names "
            "another one.",
            remedy="Use channels_ws.layers.PostgresLayer, or the notify backend 'both'.",
        )
    database = LayerDatabase(parameters, config.database)
    patience_s = config.bridge_lease_s / 2
    publisher = ExchangePublisher(BrokerHosts(config.amqp_urls), config.wiring, patience_s)
    log = LayerLog(layer, parameters, config.database, new_owner())
    try:
        yield ReverseRelay(log, CursorStore(database), publisher, config.bridge_lease_s)
    finally:
        await database.close()
