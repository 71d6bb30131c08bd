"""`wsmigrate route` as its users call it, with what it rendered started as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev_stack.parts import PartSpec
from dev_stack.probes import http_answers, runtime_socket_answers
from dev_stack.runtime import Runtime
from two_servers import Client, NamedServer


@dataclass
class Site:
    """A rendered front door, and the file that names it."""

    kind: str
    folder: Path
    port: int
    config: Path
    render: tuple[str, ...]

    def run(self, *words: str, config: bool = True) -> subprocess.CompletedProcess[str]:
        place = ("--config", str(self.config)) if config else ()
        return wsmigrate(*words, *place)


def wsmigrate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "migrate_cli", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "COLUMNS": "100"},
    )


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
def site(request, haproxy_program, nginx_program):
    with Runtime(lambda _: None) as runtime:
        servers = [NamedServer(name, runtime.ports.free()) for name in ("legacy", "channels")]
        for server in servers:
            server.start()
        port, status = runtime.ports.free(), runtime.ports.free()
        folder = runtime.folder / "rendered"
        render = (
            *("route", "render", request.param, "--listen", f"127.0.0.1:{port}"),
            *("--legacy", f"127.0.0.1:{servers[0].port}"),
            *("--channels", f"127.0.0.1:{servers[1].port}"),
            *("--max-connections", "1000", "--output", str(folder)),
        )
        config = runtime.folder / "wsmigrate.toml"
        if request.param == "haproxy":
            socket = runtime.folder / "admin.sock"
            render += ("--socket", str(socket))
            config.write_text(
                f'[front_door]\nkind = "haproxy"\nurl = "ws://127.0.0.1:{port}"\n'
                f'socket = "{socket}"\nstate_file = "{folder}/wsmigrate.state"\n'
            )
            command = (str(haproxy_program), "-db", "-f", str(folder / "haproxy.cfg"))
            probe = runtime_socket_answers(socket, port)
        else:
            render += ("--status", f"127.0.0.1:{status}", "--pid-file", str(folder / "pid"))
            render += ("--state-folder", str(folder))
            config.write_text(
                f'[front_door]\nkind = "nginx"\nurl = "ws://127.0.0.1:{port}"\n'
                f'status = "127.0.0.1:{status}"\npid_file = "{folder}/pid"\n'
                f'share = "{folder}/wsmigrate-share.conf"\n'
                f'legacy = "127.0.0.1:{servers[0].port}"\n'
                f'channels = "127.0.0.1:{servers[1].port}"\n'
            )
            command = (str(nginx_program), "-e", "stderr", "-c", str(folder / "nginx.conf"))
            command = (*command, "-g", "daemon off;")
            probe = http_answers(status, "/wsmigrate/share", healthy=True)
        written = wsmigrate(*render)
        assert written.returncode == 0, written.stderr
        runtime.supervisor.start(PartSpec("door", command, folder, probe, stop_grace_s=2.0))
        runtime.supervisor.wait_until_ready("door")
        yield Site(request.param, folder, port, config, render)
        for server in servers:
            server.stop()


def test_without_execute_nothing_is_changed(site):
    site.run("route", "set", "0", "--execute", "--rooms", "0")
    dry = site.run("route", "set", "40")
    assert dry.returncode == 0, dry.stderr
    assert "0 % -> 40 %" in dry.stdout
    assert "A dry run" in dry.stdout
    assert set(Client(site.port).servers_of_rooms(30).values()) == {"legacy"}


def test_the_share_is_set_and_what_really_moved_is_measured(site):
    site.run("route", "set", "0", "--execute", "--rooms", "0")
    done = site.run("route", "set", "40", "--execute", "--rooms", "400")
    assert done.returncode == 0, done.stderr
    assert "as read back from it; persisted" in done.stdout
    assert "points really moved" in done.stdout
    shown = json.loads(site.run("route", "show", "--json", "--rooms", "400").stdout)
    assert shown["percent"] == 40
    assert shown["persisted"] is True
    measured = shown["measured"]
    assert measured["legacy"] + measured["channels"] == 400
    assert 25 <= measured["percent"] <= 55
    assert measured["split"] == measured["failed"] == measured["unnamed"] == 0


def test_show_says_what_there_is_to_know(site):
    shown = site.run("route", "show", "--rooms", "20")
    assert shown.returncode == 0, shown.stderr
    for word in ("of the rooms to the new server", "legacy", "channels", "sessions", "probed"):
        assert word in shown.stdout


def test_a_share_that_a_restart_would_change_is_a_finding(site):
    site.run("route", "set", "20", "--execute", "--rooms", "0")
    kept = next(site.folder.glob("wsmigrate*s*"))
    text = kept.read_text()
    if site.kind == "haproxy":
        kept.write_text(text.replace(" 0 20 ", " 0 70 "))
    else:
        kept.write_text(text.replace("20", "70"))
    shown = site.run("route", "show", "--rooms", "0")
    assert shown.returncode == 1
    assert "A restart would change the share" in shown.stderr
    assert site.run("route", "set", "20", "--execute", "--rooms", "0").returncode == 0
    assert site.run("route", "show", "--rooms", "0").returncode == 0


def test_the_check_of_the_stage_door(site):
    site.run("route", "set", "0", "--execute", "--rooms", "0")
    words = ("route", "door", "--check", "--url", f"ws://127.0.0.1:{site.port}")
    assert wsmigrate(*words).returncode == 0
    site.run("route", "set", "100", "--execute", "--rooms", "0")
    refused = wsmigrate(*words)
    assert refused.returncode == 1
    assert "20 to the new one" in refused.stderr


def test_files_that_are_there_are_not_replaced_unasked(site):
    again = wsmigrate(*site.render)
    assert again.returncode == 1
    assert "Add --force" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("route", "show"), "wsmigrate.toml cannot be read"),
        (("route", "set", "101", "--haproxy", "/none"), "it is 0 to 100"),
        (("route", "show", "--haproxy", "/none.sock"), "does not answer"),
        (("route", "show", "--backend", "ws"), "--backend goes with --haproxy"),
        (("route", "render", "haproxy", "--legacy", "nowhere"), "is no address of legacy"),
        (("route", "render", "haproxy", "--tls-key", "/k"), "without --tls-cert"),
        (("route", "door", "--door-port", "8081"), "cannot as well"),
        (("drain", "legacy", "--haproxy", "/none.sock"), "does not answer"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(words, said, tmp_path):
    finished = subprocess.run(
        [sys.executable, "-m", "migrate_cli", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert finished.returncode == 2, finished.stderr
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
