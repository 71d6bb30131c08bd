import subprocess

import pytest

from dev_stack.services.packages import PACKAGE_LIST, packages_for

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


@pytest.mark.parametrize("purpose", ["build", "stack", "browser", "postgresql"])
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
