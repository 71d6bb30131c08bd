"""``wsmigrate init``: a first wsmigrate.toml."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from migrate_cli.gates.table_values import Values
from migrate_cli.wiring import CONFIG_FILE
from wsmigrate.errors import ConfigError, RefusedError
from wsmigrate.gates.thresholds import Thresholds
from wsmigrate.rungs import DEFAULT_PERCENTAGES, ladder

_TEMPLATE = """\
# How this project's WebSockets are moved. Read by `wsmigrate` in the folder where it is run.
# Secrets stay where they are: in the project's Django settings.

[project]
# The Django settings module; it names the broker (WSMIGRATE) and the database of the layer.
settings = {settings}

[cutover]
# The stage `canary`: so many percent of the rooms go to the new server, one step after another.
percentages = {percentages}

# Programs of yours, with their arguments, for what no command can know. Where one is left out,
# somebody does it by hand, and the command only sees to it that it was done.
#
# The front door takes over the port that browsers connect to, and gives it back:
# open_door = ["systemctl", "start", "haproxy"]
# close_door = ["systemctl", "stop", "haproxy"]
#
# The bridge, on whatever machine it runs:
# start_bridge = ["systemctl", "start", "wsmigrate-bridge"]
# stop_bridge = ["systemctl", "stop", "wsmigrate-bridge"]

# How long a step waits, in seconds: for publishers and servers to apply a change; for everything in
# the inboxes to be relayed; for one of the programs above.
processes_within_s = 60.0
relayed_within_s = 120.0
hook_within_s = 60.0

# What browsers connect to: docs/front-door.md (nginx, several HAProxies, other load balancers).
# [front_door]
# kind = "haproxy"
# url = "wss://chat.example.com"
# socket = "/run/haproxy/admin.sock"
# state_file = "/etc/wsmigrate/wsmigrate.state"
# fallback = "ws_fallback"

# How open sockets are moved: docs/drain.md.
# [drain]
# by = "workers"
# uwsgi_pid = "/run/uwsgi/chat.pid"
# legacy_port = 8081
# per_second = 50.0

# What a step up has to pass: docs/gates.md. `wsmigrate gates` asks them now.
[gates]
# For so many seconds the site is measured before each step, and synthetic rooms are posted to.
window_s = 30.0
# The new server itself, not the front door. Without it most gates do not know, and from `shadow` on
# nothing advances.
{channels_url}
# The page's origin, if the new server asks for one. A login goes into the environment's
# WSMIGRATE_GATES_HEADERS, as "Cookie: sessionid=...".
# origin = "https://chat.example.com"
# Rooms of the site that are compared too, besides those of clients that the front door knows.
# rooms = ["lobby"]
# Built-in gates that are not asked:
# off = ["latency"]
# Where the queries below are asked.
# prometheus = "http://127.0.0.1:9090"

[gates.thresholds]
{thresholds}

# Further gates: queries of Prometheus, and programs (exit code 0: pass, 1: fail, 2: not known).
# [[gates.queries]]
# name = "load of the database"
# query = 'max(rate(node_cpu_seconds_total{{mode!="idle"}}[5m]))'
# at_most = 0.8
# [[gates.commands]]
# name = "nobody on call is busy"
# command = ["/usr/local/bin/on-call-is-free"]
# stages = ["drain", "direct"]
"""
_THRESHOLDS = {
    "mismatched": "frames that differ, of at least least_frames",
    "lag_s": "age of what waits for the bridge, in seconds",
    "dead_letters": "messages that could not be relayed, and wait",
    "retention_share": "of what an inbox keeps, not relayed yet",
    "refused_share": "handshakes that the new server could not take",
    "error_share": "errors at the front door and in the new server, of its connects",
    "drop_share": "sockets that the new server closed",
    "latency_factor": "the new p99 may be the old one times this,",
    "latency_slack_s": "plus this, in seconds",
    "policy_share": "clients that the policy refuses, or would refuse",
    "connection_share": "of PostgreSQL's connections, taken",
    "table_bytes": "size of wsmigrate's tables",
    "old_sockets": "left when publishers leave RabbitMQ",
}


@click.command()
@click.option("--settings", help="Django settings module.")
@click.option("--channels-url", help="The new server itself, for the gates.")
@click.option("--percentages", help="Of the canary, as 1,5,25,50,100.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(CONFIG_FILE),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(
    *,
    settings: str | None,
    channels_url: str | None,
    percentages: str | None,
    config_file: Path,
    force: bool,
    as_json: bool,
) -> int:
    """Write a commented wsmigrate.toml. What is not given is asked for, at a terminal; else the
    defaults are taken."""
    if config_file.exists() and not force:
        raise RefusedError(
            f"{config_file} is there already.",
            then="It was left as it is.",
            remedy="Replace it with --force, or edit it.",
        )
    usual = os.environ.get("DJANGO_SETTINGS_MODULE") or _guessed_settings()
    if settings is None:
        settings = _asked("Django settings module", usual, _module)
    if percentages is None:
        percentages = _asked("Percentages of the canary", _usual_percentages(), _checked_shares)
    if channels_url is None:
        channels_url = _asked("URL of the new server itself, for the gates", "", _url)
    settings, channels_url = _module(settings), _url(channels_url)
    shares = _percentages(percentages)
    text = _TEMPLATE.format(
        settings=json.dumps(settings),
        percentages=list(shares),
        channels_url=f"channels_url = {json.dumps(channels_url)}"
        if channels_url
        else '# channels_url = "ws://127.0.0.1:8000"',
        thresholds=_threshold_lines(),
    )
    try:
        config_file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{config_file} cannot be written ({error.strerror}).") from error
    if as_json:
        written = {"written": str(config_file), "settings": settings, "percentages": shares}
        click.echo(json.dumps(written, ensure_ascii=False))
    else:
        click.echo(f"{config_file} is written. Next: wsmigrate doctor")
    return 0


def _threshold_lines() -> str:
    """Those that are changed now and then, as they are by default. docs/gates.md has all."""
    usual = Thresholds()
    lines = [
        f"# {meaning}\n# {key} = {getattr(usual, key):.10g}" for key, meaning in _THRESHOLDS.items()
    ]
    return "\n".join(lines)


def _asked(question: str, usual: str, check: Callable[[str], str]) -> str:
    """The answer, asked for until it can be; what is usual where nobody can be asked."""
    if not sys.stdin.isatty():
        return usual
    answer: str = click.prompt(question, default=usual, show_default=bool(usual), value_proc=check)
    return answer


def _module(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise click.BadParameter(f"{text!r} is no name of a module, as mysite.settings")
    return text


def _url(text: str) -> str:
    try:
        return Values("gates", {"channels_url": text}, {"channels_url"}).url(
            "channels_url", ("ws", "wss")
        )
    except ConfigError as error:
        raise click.BadParameter("it has to be a URL as ws://host:port") from error


def _checked_shares(text: str) -> str:
    _percentages(text)
    return text


def _percentages(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").split()
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise click.BadParameter(f"{text!r} are no whole numbers, as 1,10,50,100")
    shares = tuple(map(int, words))
    try:
        ladder(shares)
    except ConfigError as error:
        raise click.BadParameter(error.what) from error
    return shares


def _usual_percentages() -> str:
    return ",".join(map(str, DEFAULT_PERCENTAGES))


def _guessed_settings() -> str:
    """Beside manage.py, where Django puts them."""
    found = sorted(Path().glob("*/settings.py"))
    return f"{found[0].parent.name}.settings" if len(found) == 1 else "mysite.settings"
