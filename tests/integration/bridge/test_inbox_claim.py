"""An inbox belongs to the site that used it first, for as long as it exists."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator

import pika
import pytest
from pika.adapters.asyncio_connection import AsyncioConnection
from varied import channel_to, new_name

from wsmigrate.amqp import AmqpConnection
from wsmigrate.inbox_claim import OtherSitesInboxError, Owner, claim, owners
from wsmigrate.topology import InboxKind


@pytest.fixture
async def connection(amqp_url: str) -> AsyncIterator[AmqpConnection]:
    parameters = pika.URLParameters(amqp_url)
    opened = await AmqpConnection.open(functools.partial(AsyncioConnection, parameters), 30.0)
    yield opened
    await opened.close()


async def test_the_first_site_has_a_queue_until_it_is_deleted(
    amqp_url: str, connection: AmqpConnection
) -> None:
    inbox = new_name("inbox")
    with channel_to(amqp_url) as broker:
        broker.queue_declare(inbox, durable=True)
        for _ in range(2):
            assert await claim(connection, [inbox], "one", InboxKind.QUEUE)
        with pytest.raises(OtherSitesInboxError, match=f"{inbox} is another site's"):
            await claim(connection, [inbox], "two", InboxKind.QUEUE)
        broker.queue_delete(inbox)
        broker.queue_declare(inbox, durable=True)
        assert await claim(connection, [inbox], "two", InboxKind.QUEUE)
        broker.queue_delete(inbox)


async def test_who_comes_second_to_a_stream_is_told_and_goes_on(
    amqp_url: str, connection: AmqpConnection, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = new_name("inbox")
    with channel_to(amqp_url) as broker:
        broker.queue_declare(inbox, durable=True, arguments={"x-queue-type": "stream"})
        assert await claim(connection, [inbox], "one", InboxKind.STREAM)
        assert caplog.text == ""
        assert await claim(connection, [inbox], "two", InboxKind.STREAM)
        assert f"{inbox} is another site's" in caplog.text
        assert await owners(connection, [inbox], "two") == {inbox: Owner.ANOTHER_SITE}
        broker.queue_delete(inbox)


async def test_one_that_does_not_exist_is_nobodys(connection: AmqpConnection) -> None:
    inbox = new_name("inbox")
    assert not await claim(connection, [inbox], "one", InboxKind.QUEUE)
    assert not await claim(connection, [inbox], "two", InboxKind.QUEUE)
    assert await owners(connection, [inbox], "two") == {inbox: Owner.NOBODY}


async def test_where_it_cannot_be_told_nobody_is_refused(
    amqp_url: str, connection: AmqpConnection, caplog: pytest.LogCaptureFixture
) -> None:
    """Something else has the mark's name."""
    inbox = new_name("inbox")
    with channel_to(amqp_url) as broker:
        broker.exchange_declare(f"wsmigrate.owner.{inbox}", "fanout")
        assert await claim(connection, [inbox], "one", InboxKind.QUEUE)
        assert f"Whether {inbox} is another site's cannot be told" in caplog.text
        broker.exchange_delete(f"wsmigrate.owner.{inbox}")
