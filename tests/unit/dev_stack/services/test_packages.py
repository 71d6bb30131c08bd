import subprocess

import pytest

from dev_stack.services import apt
from dev_stack.services.packages import PACKAGE_LIST, obtain, packages_for
from wsmigrate.errors import ExitCode, UnavailableError

LIST = """\
# a comment: build gcc
build gcc
build  libc6-dev
stack haproxy

stack
stack too many words
"""


def test_packages_are_listed_in_their_order():
    assert packages_for("build", LIST) == ("gcc", "libc6-dev")


def test_comments_and_lines_of_another_form_are_passed_over():
    assert packages_for("stack", LIST) == ("haproxy",)


def test_an_unknown_purpose_has_no_packages():
    assert packages_for("kitchen", LIST) == ()


@pytest.mark.parametrize("purpose", ["build", "stack", "compare", "browser", "postgresql"])
def test_a_shell_reads_our_list_as_python_does(purpose):
    script = "while read -r purpose package; do [ $purpose != $0 ] || echo $package; done"
    read = subprocess.run(
        ["sh", "-c", script, purpose],
        input=PACKAGE_LIST.read_text(),
        capture_output=True,
        text=True,
        check=True,
    )
    packages = packages_for(purpose, PACKAGE_LIST.read_text())
    assert packages
    assert read.stdout.split() == list(packages)


def test_what_is_found_is_not_installed(monkeypatch):
    monkeypatch.setattr(apt, "install", pytest.fail)
    assert obtain("HAProxy", "stack", lambda: "/bin/haproxy", pytest.fail) == "/bin/haproxy"


def test_what_cannot_be_installed_is_named_in_one_sentence(monkeypatch):
    monkeypatch.setattr(apt, "obstacle", lambda: "there is no apt")
    with pytest.raises(UnavailableError) as refused:
        obtain("RabbitMQ", "stack", lambda: None, pytest.fail)
    assert str(refused.value) == (
        "RabbitMQ is needed, is not on this machine, and cannot be installed (there is no apt):"
        " install rabbitmq-server haproxy, or give the URL of a running one."
    )
    assert refused.value.exit_code == ExitCode.COULD_NOT_ACT


def test_what_is_missing_is_installed_and_said_so(monkeypatch):
    installed: list[str] = []
    said: list[str] = []
    monkeypatch.setattr(apt, "obstacle", lambda: "")
    monkeypatch.setattr(apt, "install", installed.extend)
    found = obtain("HAProxy", "stack", lambda: "/bin/haproxy" if installed else None, said.append)
    assert found == "/bin/haproxy"
    assert installed == ["rabbitmq-server", "haproxy"]
    assert said == ["HAProxy is not on this machine; installing rabbitmq-server haproxy with apt"]


def test_a_package_that_brings_no_such_program_is_said_to(monkeypatch):
    monkeypatch.setattr(apt, "obstacle", lambda: "")
    monkeypatch.setattr(apt, "install", list)
    with pytest.raises(UnavailableError, match="brought no such program"):
        obtain("HAProxy", "stack", lambda: None, list)
