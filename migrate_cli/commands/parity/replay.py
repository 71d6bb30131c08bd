"""``wsmigrate parity replay``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from compat_tests.capture.request import Target
from compat_tests.check import Files, concluded
from compat_tests.config import (
    Given,
    headers_of,
    key_of,
    own_rules,
    publisher_factory,
    tls_context,
)
from compat_tests.replaying import ReplayOptions, replay_against, replay_live
from compat_tests.running.options import Server
from migrate_cli.commands.parity.options import ABOVE_0, FILE, GIVEN_FILE, with_ca, with_rules
from wsmigrate.errors import ConfigError


@click.command("replay")
@click.argument("corpus", type=GIVEN_FILE)
@click.option("--against", type=GIVEN_FILE, help="Compare with this recording.")
@click.option("--channels", help="Publish it anew, and compare what this server's clients get.")
@click.option("--publish", metavar="AMQP_URL", help="Publish to fanout exchanges of RabbitMQ.")
@click.option("--publish-cmd", metavar="CMD", help="Publish by a command, see `check`.")
@click.option("--publish-http", metavar="URL", help="Publish by POST, see `check`.")
@click.option("--redact-key", type=GIVEN_FILE, help="The key of the digests in a recording.")
@click.option("--header", "headers", multiple=True, help="'Name: value' for the handshakes.")
@with_ca
@with_rules
@click.option("--patience", "patience_s", type=ABOVE_0, default=5.0, show_default=True)
@click.option("--json", "json_file", type=FILE, help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=FILE, help="Write the report as JUnit XML.")
@click.option("--html", "html_file", type=FILE, help="Write the report as one HTML page.")
def replay(
    *,
    corpus: Path,
    against: Path | None,
    channels: str | None,
    publish: str | None,
    publish_cmd: str | None,
    publish_http: str | None,
    redact_key: Path | None,
    headers: tuple[str, ...],
    ca: Path | None,
    rules: Path | None,
    patience_s: float,
    json_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
) -> int:
    """Hold the recording CORPUS against another one, or against a server.

    Exit code 0: all matched; 1: something differs; 2: it could not be run, or there was no data.
    """
    if (against is None) == (channels is None):
        raise ConfigError("Say what to compare with: either --against or --channels.")
    options = ReplayOptions(corpus, own_rules(rules), key_of(redact_key), patience_s)
    files = Files(json_file, junit_file, html_file)
    files.check_writable()
    if against is not None:
        return int(concluded(replay_against(options, against), files, click.echo))
    given = Given("ws://none", channels or "", publish, publish_cmd, publish_http)
    new_publisher = publisher_factory(given)
    if new_publisher is None:
        raise ConfigError("Say how to publish: one of the --publish options.")
    server = Server(Target.of(given.channels), headers_of(headers), tls_context(ca))
    outcome = asyncio.run(replay_live(options, server, new_publisher))
    return int(concluded(outcome, files, click.echo))
