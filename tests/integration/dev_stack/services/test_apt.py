"""Installing with apt: the programs are stand-ins that write down what they were asked to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev_stack.services import apt
from wsmigrate.errors import UnavailableError

APT_GET = """\
echo "apt-get $*" >> {log}
case "$*" in *install*)
    {policy} any-service start; echo "a service may start: $?" >> {log}
    mkdir -p {units}/multi-user.target.wants
    : > {units}/multi-user.target.wants/new.service ;;
esac
"""
NOTES_ITS_CALL = 'echo "{name} $*" >> {log}\n'
RUNS_THE_REST = 'shift\nexec "$@"\n'


class Machine:
    """A machine whose packages, services and policy are files of the test."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.policy = folder / "policy-rc.d"
        self.units = folder / "units"
        self.programs = folder / "bin"
        self.programs.mkdir()
        old = self.units / "multi-user.target.wants"
        old.mkdir(parents=True)
        (old / "old.service").touch()
        self.has("apt-get", APT_GET)
        self.has("systemctl", NOTES_ITS_CALL)
        self.has("update-rc.d", NOTES_ITS_CALL)
        self.has("sudo", RUNS_THE_REST)

    def has(self, name: str, script: str) -> None:
        values = {"log": self.log, "policy": self.policy, "units": self.units, "name": name}
        self._write(self.programs / name, script.format(**values))

    def has_policy(self, answer: int) -> None:
        self._write(self.policy, f"exit {answer}\n")

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def _write(self, path: Path, script: str) -> None:
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.programs}:/usr/bin:/bin")
    monkeypatch.setattr(apt, "POLICY", machine.policy)
    monkeypatch.setattr(apt, "_UNITS", machine.units)
    return machine


def test_the_packages_are_installed_after_the_lists_are_fetched(machine):
    apt.install(["haproxy"])
    calls = [line for line in machine.lines() if line.startswith("apt-get")]
    assert len(calls) == 2
    assert calls[0].endswith(" update")
    assert calls[1].endswith(" install --yes --no-install-recommends haproxy")


def test_no_service_may_start_meanwhile_and_the_policy_is_gone_afterwards(machine):
    apt.install(["haproxy"])
    assert "a service may start: 101" in machine.lines()
    assert not machine.policy.exists()


def test_the_policy_is_gone_after_a_failure_too(machine):
    machine.has("apt-get", "echo 'E: no such package' >&2\nexit 100\n")
    with pytest.raises(UnavailableError, match="E: no such package"):
        apt.install(["haproxy"])
    assert not machine.policy.exists()


def test_the_policy_is_gone_after_the_installation_was_interrupted_too(machine):
    machine.has("apt-get", "kill -TERM $PPID\n")
    with pytest.raises(UnavailableError, match="could not install haproxy"):
        apt.install(["haproxy"])
    assert not machine.policy.exists()


def test_a_policy_that_was_there_stays_as_it_was(machine):
    machine.has_policy(101)
    before = machine.policy.read_text()
    apt.install(["haproxy"])
    assert machine.policy.read_text() == before


def test_a_policy_that_lets_services_start_is_an_obstacle(machine):
    machine.has_policy(0)
    assert "policy-rc.d" in apt.obstacle()


def test_what_the_installation_enabled_is_disabled_again_and_nothing_else(machine):
    apt.install(["haproxy"])
    assert "systemctl disable new.service" in machine.lines()
    assert "update-rc.d new disable" in machine.lines()
    assert not any("old" in line for line in machine.lines())


def test_without_apt_nothing_can_be_installed(machine, monkeypatch):
    monkeypatch.setenv("PATH", str(machine.programs.parent / "empty"))
    assert apt.obstacle() == "there is no apt"


def test_with_apt_and_the_right_to_use_it_there_is_no_obstacle(machine):
    assert apt.obstacle() == ""
