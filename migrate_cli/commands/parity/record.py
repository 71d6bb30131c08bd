"""``wsmigrate parity record``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from compat_tests.capture.request import Target
from compat_tests.config import headers_of, key_of, tls_context
from compat_tests.recording import RecordOptions, record, rewrite_of
from compat_tests.running.options import Server
from migrate_cli.commands.parity.options import ABOVE_0, FILE, GIVEN_FILE, with_ca
from wsmigrate.errors import ConfigError
from wsmigrate.parity.redaction import DigestRedactor


@click.command("record")
@click.argument("rooms", nargs=-1, required=True)
@click.option("--out", required=True, type=FILE, help="The recording: JSON Lines.")
@click.option("--url", help="Record as a client of this server (which can wedge a published one).")
@click.option("--amqp", metavar="AMQP_URL", help="Record by a queue on each room's exchange.")
@click.option("--for", "seconds", type=ABOVE_0, help="Seconds (default: until Ctrl-C).")
@click.option("--redact", is_flag=True, help="Keep lengths and digests only.")
@click.option(
    "--redact-key",
    type=GIVEN_FILE,
    help="Make the digests with the key in this file, so that nobody can guess short messages.",
)
@click.option(
    "--redact-with", metavar="MODULE:FUNCTION", help="Your own redaction, bytes to bytes."
)
@click.option("--header", "headers", multiple=True, help="'Name: value' for the handshakes.")
@with_ca
def record_rooms(
    *,
    rooms: tuple[str, ...],
    out: Path,
    url: str | None,
    amqp: str | None,
    seconds: float | None,
    redact: bool,
    redact_key: Path | None,
    redact_with: str | None,
    headers: tuple[str, ...],
    ca: Path | None,
) -> int:
    """Record what clients of ROOMS get. Exit code 2 if not one message came."""
    if (url is None) == (amqp is None):
        raise ConfigError("Say where to record: either --url or --amqp.")
    if redact_with is not None and (redact or redact_key is not None):
        raise ConfigError("--redact-with and --redact are two ways to redact: choose one.")
    redactor = DigestRedactor(key_of(redact_key)) if redact or redact_key is not None else None
    options = RecordOptions(
        out,
        rooms,
        None if url is None else Server(Target.of(url), headers_of(headers), tls_context(ca)),
        amqp,
        seconds,
        redactor,
        None if redact_with is None else rewrite_of(redact_with),
    )
    return int(asyncio.run(record(options, click.echo)))
