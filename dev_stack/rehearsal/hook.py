"""A hook of the rehearsal's ``wsmigrate.toml``: ``python hook.py SOCKET WORD``. Exit code 0 once it
is done. The standard library alone: it starts in no time."""

import socket
import sys


def main(path: str, word: str) -> int:
    """See the module."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        connection.sendall(f"{word}\n".encode())
        answer = connection.makefile("r", encoding="utf-8").readline().strip()
    if answer == "ok":
        return 0
    print(answer or "the rehearsal has ended", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
