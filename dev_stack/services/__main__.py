"""``python -m dev_stack.services``: install what tests and benchmarks need and this machine lacks.

What cannot be installed is named in one sentence each; the tests that need it say so once more.
"""

from __future__ import annotations

import sys

from dev_stack.services import apt, chromium, haproxy, nginx, pgbouncer, rabbitmq, redis
from dev_stack.services.packages import PACKAGE_LIST, packages_for
from wsmigrate.errors import WsmigrateError

_NEEDED = {
    "stack": lambda: rabbitmq.installed_programs() and haproxy.installed_program(),
    "nginx": nginx.installed_program,
    "nginx-js": nginx.javascript_module,
    "compare": lambda: redis.installed_program() and pgbouncer.installed_program(),
    "browser": chromium.installed_program,
}


def main() -> None:
    """Install purpose by purpose."""
    text = PACKAGE_LIST.read_text(encoding="utf-8")
    for purpose, is_there in _NEEDED.items():
        if not is_there():
            _install(packages_for(purpose, text))


def _install(packages: tuple[str, ...]) -> None:
    names = " ".join(packages)
    obstacle = apt.obstacle()
    if obstacle:
        _say(f"The packages {names} are missing and cannot be installed ({obstacle}).")
        return
    _say(f"installing {names}")
    try:
        apt.install(packages)
    except WsmigrateError as error:
        _say(str(error))


def _say(sentence: str) -> None:
    print(f"wsmigrate: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
