"""Entry point of ``wsmigrate``: turns failures into one clear sentence and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from migrate_cli.silence import fall_silent
from wsmigrate.errors import ExitCode, WsmigrateError
from wsmigrate.versions import require_python

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(args: Sequence[str] | None = None, program: str = "wsmigrate") -> None:
    """Run the command line and exit with a code of ExitCode. ``program`` is its name in usages."""
    try:
        require_python("The command line")
    except WsmigrateError as error:
        _say(str(error))
        sys.exit(error.exit_code)

    import click  # noqa: PLC0415 - only after the check of the Python version

    from migrate_cli.cli import cli  # noqa: PLC0415

    words = sys.argv[1:] if args is None else list(args)
    try:
        # Not by cli.main(), which ends with exit code 1 when nobody reads the output any more.
        with cli.make_context(program, words) as context:
            code = cli.invoke(context) or 0
        sys.stdout.flush()
        sys.exit(code)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        sys.exit(ExitCode.COULD_NOT_ACT)
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
    try:
        print(f"wsmigrate: {sentence}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:  # nobody reads it; the exit code is to be the right one all the same
        fall_silent()


if __name__ == "__main__":
    main()
