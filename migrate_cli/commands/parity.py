"""``wsmigrate parity``: whether two servers send the same frames."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from compat_tests.browser import PageOptions, watch_page
from compat_tests.capture.request import Target
from compat_tests.cases import all_cases, chosen_cases
from compat_tests.check import Files, concluded, run_check
from compat_tests.config import (
    Given,
    headers_of,
    key_of,
    own_rules,
    publisher_factory,
    tls_context,
)
from compat_tests.recording import RecordOptions, record, rewrite_of
from compat_tests.replaying import ReplayOptions, replay_against, replay_live
from compat_tests.running.options import Server, Side
from compat_tests.running.outcomes import SuiteOutcome
from compat_tests.watching import WatchOptions, watch
from wsmigrate.errors import ConfigError
from wsmigrate.parity.redaction import DigestRedactor
from wsmigrate.parity.rules import built_in_rules

_FILE = click.Path(dir_okay=False, path_type=Path)
_GIVEN_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_ABOVE_0 = click.FloatRange(min=0, min_open=True)


@click.group()
def parity() -> None:
    """Prove that two WebSocket servers send identical frames."""


@parity.command()
@click.option("--legacy", required=True, help="ws:// or wss:// URL of the old server.")
@click.option("--channels", required=True, help="URL of the new server.")
@click.option("--publish", metavar="AMQP_URL", help="Publish to fanout exchanges of RabbitMQ.")
@click.option(
    "--publish-cmd",
    metavar="CMD",
    help="Publish by a command, run once a message: the payload is its standard input, {room} in "
    "its arguments and $WSMIGRATE_PARITY_ROOM are the room.",
)
@click.option(
    "--publish-http",
    metavar="URL",
    help="Publish by POST, the payload as the body; {room} in the URL is the room, else room= is "
    "added to the query.",
)
@click.option("--case", "names", multiple=True, help="Run this case or group only. Repeatable.")
@click.option(
    "--room",
    "rooms",
    multiple=True,
    help="Without a way to publish: listen to this room. Repeatable.",
)
@click.option("--header", "headers", multiple=True, help="'Name: value' for every handshake.")
@click.option("--legacy-header", "legacy_headers", multiple=True, help="For the old server only.")
@click.option("--channels-header", "channels_headers", multiple=True, help="For the new one only.")
@click.option("--ca", type=_GIVEN_FILE, help="Certificates to trust with wss://, PEM.")
@click.option("--rules", type=_GIVEN_FILE, help="Rules for volatile fields, TOML.")
@click.option("--json", "json_file", type=_FILE, help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=_FILE, help="Write the report as JUnit XML.")
@click.option("--html", "html_file", type=_FILE, help="Write the report as one HTML page.")
@click.option(
    "--patience",
    "patience_s",
    type=_ABOVE_0,
    default=Given.patience_s,
    show_default=True,
    help="Seconds without any message until one is believed to be missing.",
)
@click.option(
    "--late-after",
    "late_after_s",
    type=_ABOVE_0,
    default=Given.late_after_s,
    show_default=True,
    help="Seconds that a message may come later than on the other server.",
)
@click.option(
    "--side-by-side",
    type=click.IntRange(1, 50),
    default=Given.side_by_side,
    show_default=True,
    help="Cases at a time.",
)
@click.option(
    "--generated",
    type=click.IntRange(min=0),
    default=Given.generated,
    show_default=True,
    help="Examples that Hypothesis makes up.",
)
@click.option("--seed", type=int, default=Given.seed, show_default=True, help="Of the examples.")
@click.option("--notifs-3", metavar="PYTHON", help="A Python with django-notifs 3, for its case.")
@click.option("--notifs-4", metavar="PYTHON", help="A Python with django-notifs 4 (default: this).")
@click.option("--end-legacy-cmd", metavar="CMD", help="Restarts the old server, for one case.")
@click.option("--end-channels-cmd", metavar="CMD", help="Restarts the new server, for one case.")
def check(
    names: tuple[str, ...],
    rooms: tuple[str, ...],
    json_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
    **given: Any,
) -> int:
    """Run the cases against two servers and compare what their clients get.

    Exit code 0: all matched; 1: something differs; 2: it could not be run, or there was no data.
    Clients join and leave both servers, which can wedge an old server as it was published: there
    use `watch`.
    """
    cases = chosen_cases(names)
    files = Files(json_file, junit_file, html_file)
    options = Given(**given)
    generated = options.generated > 0 and (not names or "generated" in names)
    running = run_check(
        options, cases, files, click.echo, generated=generated, rooms=rooms or ("parity",)
    )
    return int(asyncio.run(running))


@parity.command("record")
@click.argument("rooms", nargs=-1, required=True)
@click.option("--out", required=True, type=_FILE, help="The recording: JSON Lines.")
@click.option("--url", help="Record as a client of this server (which can wedge a published one).")
@click.option("--amqp", metavar="AMQP_URL", help="Record by a queue on each room's exchange.")
@click.option("--for", "seconds", type=_ABOVE_0, help="Seconds (default: until Ctrl-C).")
@click.option("--redact", is_flag=True, help="Keep lengths and digests only.")
@click.option(
    "--redact-key",
    type=_GIVEN_FILE,
    help="Make the digests with the key in this file, so that nobody can guess short messages.",
)
@click.option(
    "--redact-with", metavar="MODULE:FUNCTION", help="Your own redaction, bytes to bytes."
)
@click.option("--header", "headers", multiple=True, help="'Name: value' for the handshakes.")
@click.option("--ca", type=_GIVEN_FILE, help="Certificates to trust with wss://, PEM.")
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


@parity.command("replay")
@click.argument("corpus", type=_GIVEN_FILE)
@click.option("--against", type=_GIVEN_FILE, help="Compare with this recording.")
@click.option("--channels", help="Publish it anew, and compare what this server's clients get.")
@click.option("--publish", metavar="AMQP_URL", help="Publish to fanout exchanges of RabbitMQ.")
@click.option("--publish-cmd", metavar="CMD", help="Publish by a command, see `check`.")
@click.option("--publish-http", metavar="URL", help="Publish by POST, see `check`.")
@click.option("--redact-key", type=_GIVEN_FILE, help="The key of the digests in a recording.")
@click.option("--header", "headers", multiple=True, help="'Name: value' for the handshakes.")
@click.option("--ca", type=_GIVEN_FILE, help="Certificates to trust with wss://, PEM.")
@click.option("--rules", type=_GIVEN_FILE, help="Rules for volatile fields, TOML.")
@click.option("--patience", "patience_s", type=_ABOVE_0, default=5.0, show_default=True)
@click.option("--json", "json_file", type=_FILE, help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=_FILE, help="Write the report as JUnit XML.")
@click.option("--html", "html_file", type=_FILE, help="Write the report as one HTML page.")
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


@parity.command("watch")
@click.argument("rooms", nargs=-1)
@click.option(
    "--rooms-file", type=click.File(encoding="utf-8"), help="One room a line; - is stdin."
)
@click.option("--channels", required=True, help="URL of the new server, joined as clients do.")
@click.option("--amqp", metavar="AMQP_URL", help="The old side: a queue on each room's exchange.")
@click.option(
    "--legacy-sockets",
    metavar="URL",
    help="Join the old server instead. One that runs as published may be wedged when we leave.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the rooms.",
)
@click.option("--for", "seconds", type=_ABOVE_0, help="Seconds (default: until Ctrl-C).")
@click.option(
    "--window",
    "window_s",
    type=_ABOVE_0,
    default=5.0,
    show_default=True,
    help="Seconds that one side waits for the other.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a second.")
@click.option("--rules", type=_GIVEN_FILE, help="Rules for volatile fields, TOML.")
@click.option("--header", "headers", multiple=True, help="'Name: value' for the handshakes.")
@click.option("--ca", type=_GIVEN_FILE, help="Certificates to trust with wss://, PEM.")
def watch_rooms(
    *,
    rooms: tuple[str, ...],
    rooms_file: Any,
    channels: str,
    amqp: str | None,
    legacy_sockets: str | None,
    sample: float,
    seconds: float | None,
    window_s: float,
    as_json: bool,
    rules: Path | None,
    headers: tuple[str, ...],
    ca: Path | None,
) -> int:
    """Compare both sides on live ROOMS. Nothing is published.

    Exit code 0: all matched; 1: something differed; 2: it could not be run, or nothing came.
    """
    if (amqp is None) == (legacy_sockets is None):
        raise ConfigError("Say what the old side is: either --amqp or --legacy-sockets.")
    listed = [] if rooms_file is None else [line.strip() for line in rooms_file if line.strip()]
    common = headers_of(headers), tls_context(ca)
    options = WatchOptions(
        [*rooms, *listed],
        Server(Target.of(channels), *common),
        amqp,
        None if legacy_sockets is None else Server(Target.of(legacy_sockets), *common),
        sample,
        seconds,
        window_s,
        as_json=as_json,
        rules=own_rules(rules),
    )
    return int(asyncio.run(watch(options, click.echo)))


@parity.command("page")
@click.argument("url")
@click.option("--sockets-at", required=True, help="Where the page opens its sockets by itself.")
@click.option("--legacy", required=True, help="URL of the old server, used in its place.")
@click.option("--channels", required=True, help="URL of the new server, used in its place.")
@click.option("--for", "seconds", type=_ABOVE_0, default=10.0, show_default=True)
@click.option("--selector", default="body", show_default=True, help="What to compare of the DOM.")
@click.option("--ignore", default="", help="Regular expression for what may differ in the DOM.")
@click.option("--storage", type=_GIVEN_FILE, help="Playwright state: cookies, local storage.")
@click.option("--chromium", type=_GIVEN_FILE, help="The browser (default: one on PATH).")
@click.option("--json", "json_file", type=_FILE, help="Write the report as JSON.")
@click.option("--html", "html_file", type=_FILE, help="Write the report, with screenshots.")
def compare_page(
    *,
    url: str,
    sockets_at: str,
    legacy: str,
    channels: str,
    seconds: float,
    selector: str,
    ignore: str,
    storage: Path | None,
    chromium: Path | None,
    json_file: Path | None,
    html_file: Path | None,
) -> int:
    """Open the page URL in a browser on each server, and compare what it gets and shows.

    Nothing is published. Exit codes as of `check`.
    """
    program = chromium or _chromium()
    servers = {Side.LEGACY: legacy, Side.CHANNELS: channels}
    options = PageOptions(url, sockets_at, servers, program, storage, seconds, selector, ignore)
    files = Files(json_file, None, html_file)
    files.check_writable()
    outcome, pictures = asyncio.run(watch_page(options))
    return int(concluded(SuiteOutcome([outcome]), replace(files, pictures=pictures), click.echo))


def _chromium() -> Path | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    return None if found is None else Path(found)


@parity.command("rules")
def list_rules() -> None:
    """List the differences that are ignored, and why."""
    for rule in built_in_rules():
        click.echo(f"{rule.name}\n    {rule.reason}")


@parity.command("cases")
def list_cases() -> None:
    """List the cases."""
    for case in all_cases():
        click.echo(f"{case.group:<11} {case.name:<30} {case.title}")
