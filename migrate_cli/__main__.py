"""Entry point of ``wsmigrate``: turns failures into one clear sentence and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from wsmigrate.errors import ExitCode, WsmigrateError
from wsmigrate.versions import require_python

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a code of ExitCode."""
    try:
        require_python("The command line")
    except WsmigrateError as error:
        _say(str(error))
        sys.exit(error.exit_code)

    import click  # noqa: PLC0415 - only after the check of the Python version

    from migrate_cli.cli import cli  # noqa: PLC0415

    try:
        sys.exit(cli.main(args, prog_name="wsmigrate", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.COULD_NOT_ACT)
    except WsmigrateError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except Exception:
        traceback.print_exc()
        _say("This is a fault of wsmigrate itself. Please report it with the lines above.")
        sys.exit(ExitCode.INTERNAL)


def _say(sentence: str) -> None:
    print(f"wsmigrate: {sentence}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
