"""The module that uWSGI loads: ``application`` with the settings of the environment."""

from __future__ import annotations

import logging
import os
import resource
import sys

import uwsgi

from legacy_uwsgi_ws.application import LegacyApplication
from legacy_uwsgi_ws.settings import settings_of_environ
from wsmigrate.errors import WsmigrateError


def _application() -> LegacyApplication:
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # we say it once, without a traceback
    _raise_descriptor_limit()
    try:
        return LegacyApplication(settings_of_environ(os.environ), uwsgi)
    except WsmigrateError as error:
        sys.stderr.write(f"legacy_uwsgi_ws: {error}\n")
        sys.stderr.flush()
        # uWSGI would print a SystemExit's traceback and go on to its own exit code.
        os._exit(int(error.exit_code))


def _raise_descriptor_limit() -> None:
    """A socket takes about five descriptors, and the usual limit of 1024 is soon reached."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


application = _application()
