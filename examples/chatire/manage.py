#!/usr/bin/env python
"""Django's command line for the sample site."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from wsmigrate.errors import ExitCode, WsmigrateError


def main() -> int:
    """Run the command and return the exit code; a wrong setting gets one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")
    try:
        execute_from_command_line(sys.argv)
    except WsmigrateError as error:
        sys.stderr.write(f"manage.py: {error}\n")
        return error.exit_code
    except ImproperlyConfigured as error:
        sys.stderr.write(f"manage.py: {error}\n")
        return ExitCode.COULD_NOT_ACT
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
