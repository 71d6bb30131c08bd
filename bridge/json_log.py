"""Log lines as JSON, one object a line."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone


class JsonFormatter(logging.Formatter):
    """``{"at", "level", "logger", "said"}``, and ``failure`` with the name of an exception's class.

    What is said holds no message's body: the bridge logs none, and an exception is named but not
    quoted, since what a library puts into its text is not known.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        said = {
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["failure"] = record.exc_info[0].__name__
        return json.dumps(said)
