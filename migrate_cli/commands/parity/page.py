"""``wsmigrate parity page``."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import click

from compat_tests.check import Files, concluded
from compat_tests.page_watching import PageOptions, watch_page
from compat_tests.reports.terminal import line_of
from compat_tests.running.options import Side
from compat_tests.running.outcomes import SuiteOutcome
from migrate_cli.commands.parity.options import ABOVE_0, FILE, GIVEN_FILE


@click.command("page")
@click.argument("url")
@click.option("--sockets-at", required=True, help="Where the page opens its sockets by itself.")
@click.option("--legacy", required=True, help="URL of the old server, used in its place.")
@click.option("--channels", required=True, help="URL of the new server, used in its place.")
@click.option("--for", "seconds", type=ABOVE_0, default=10.0, show_default=True, help="Seconds.")
@click.option("--selector", default="body", show_default=True, help="What to compare of the DOM.")
@click.option("--ignore", default="", help="Regular expression for what may differ in the DOM.")
@click.option("--storage", type=GIVEN_FILE, help="Playwright state: cookies, local storage.")
@click.option("--script", type=GIVEN_FILE, help="JavaScript to run first (a login, say).")
@click.option("--chromium", type=GIVEN_FILE, help="The browser (default: one on PATH).")
@click.option("--json", "json_file", type=FILE, help="Write the report as JSON.")
@click.option("--html", "html_file", type=FILE, help="Write the report, with screenshots.")
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
    script: Path | None,
    chromium: Path | None,
    json_file: Path | None,
    html_file: Path | None,
) -> int:
    """Open the page URL in a browser on each server, and compare what it gets and shows.

    Nothing is published. The page has to open its sockets under --sockets-at: there it is given
    --legacy in one window and --channels in another.

    Exit code 0: all matched; 1: something differs; 2: it could not be run, or no message came.
    """
    program = chromium or _chromium()
    servers = {Side.LEGACY: legacy, Side.CHANNELS: channels}
    options = PageOptions(
        url, sockets_at, servers, program, storage, script, seconds, selector, ignore
    )
    files = Files(json_file, None, html_file)
    files.check_writable()
    outcome, pictures = asyncio.run(watch_page(options))
    click.echo(line_of(outcome))
    suite = SuiteOutcome(
        [outcome],
        seconds=outcome.seconds,
        about={"page": url.partition("?")[0], "old server": legacy, "new server": channels},
    )
    return int(concluded(suite, replace(files, pictures=pictures), click.echo))


def _chromium() -> Path | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    return None if found is None else Path(found)
