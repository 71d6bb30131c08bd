"""The limit of open files: each socket is one."""

from __future__ import annotations

import logging
import resource

logger = logging.getLogger(__name__)

_SPARE = 200
"""For the layer, the broker, the database and logs."""


def raise_limit_of_open_files() -> int:
    """Raise the soft limit to the hard one, and return what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            logger.warning("The limit of open files stays at %d: %s", soft, error)
            return soft
    return hard


def warn_if_too_few(limit: int, max_sockets: int) -> None:
    """Warn when ``max_sockets`` sockets need more open files than the limit allows."""
    if limit != resource.RLIM_INFINITY and limit < max_sockets + _SPARE:
        logger.warning(
            "Up to %d sockets are allowed (MAX_SOCKETS), and the limit of open files is %d. Raise "
            "it (LimitNOFILE in a systemd unit), or lower MAX_SOCKETS",
            max_sockets,
            limit,
        )
