"""The sample site with servers that hold messages for as long as it takes."""

from chatire.settings import *  # noqa: F403
from chatire.settings import WSMIGRATE

WSMIGRATE["BARRIER_HOLD_S"] = 600
