"""The sample site, publishing straight to the layer."""

from chatire.settings import *  # noqa: F403

WSMIGRATE = {"NOTIFY_BACKEND": "channels"}
