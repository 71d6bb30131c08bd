"""Runs commands of ``wsmigrate bridge dead-letters`` one after another in one process: what is read
is a JSON list of argument lists, what is written one of exit codes and outputs."""

import contextlib
import io
import json
import sys

from migrate_cli.__main__ import main


def run(words: list[str]) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main(["bridge", "dead-letters", *words])
        except SystemExit as ended:
            return int(ended.code or 0), said.getvalue()
    raise AssertionError("a command always ends with an exit code")


answers = [run(words) for words in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
