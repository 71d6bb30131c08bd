"""The sample site with sockets that may send as fast as they like."""

import os

from chatire.settings import *  # noqa: F403
from chatire.settings import WSMIGRATE

WSMIGRATE |= {
    "NOTIFY_BACKEND": os.environ["BENCH_NOTIFY_BACKEND"],
    "INBOUND_BURST": 1_000_000,
    "INBOUND_PER_SECOND": 100_000.0,
}
