"""``manage.py wsmigrate …``: the command line, within the project's own manage.py."""

from __future__ import annotations

import importlib
from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

_COMMAND_LINE = "migrate_cli.__main__"
"""By name: a server's machine does not need the packages of the command line."""


class Command(BaseCommand):
    """Passes its words on to the command line as they are, with the settings that manage.py has
    loaded. Exit codes are those of ``wsmigrate``."""

    help = "Move this project's WebSockets to Channels: the same as `wsmigrate`."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """From manage.py. Django's own options (--verbosity, --traceback) are not known here."""
        self._main()(argv[2:], program="manage.py wsmigrate")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For ``call_command``."""
        parser.add_argument("words", nargs=REMAINDER)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """From ``call_command("wsmigrate", "status", "--json")``. Raises CommandError, whose
        ``returncode`` is the exit code, for all that does not end with 0."""
        try:
            self._main()(options["words"], program="wsmigrate")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
            if code:
                raise CommandError(
                    f"wsmigrate ended with exit code {code}.", returncode=code
                ) from None

    def _main(self) -> Any:
        try:
            return importlib.import_module(_COMMAND_LINE).main
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The command line needs the package {error.name!r}, which is not installed. "
                "Install it: pip install 'wsmigrate[cli]'.",
                returncode=2,
            ) from error
