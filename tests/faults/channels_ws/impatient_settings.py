"""The sample site with a layer that takes processes for dead within seconds."""

from chatire.settings import *  # noqa: F403
from chatire.settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["CONFIG"].update(heartbeat=0.5, dead_after=4)
