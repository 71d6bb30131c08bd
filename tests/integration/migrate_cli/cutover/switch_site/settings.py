"""The sample site with this app."""

import os

from chatire.settings import *  # noqa: F403
from chatire.settings import INSTALLED_APPS, WSMIGRATE

INSTALLED_APPS = [*INSTALLED_APPS, "switch_site"]
WSMIGRATE = {**WSMIGRATE, "PUBLISH_ON_COMMIT": bool(os.environ.get("SWITCH_SITE_ON_COMMIT"))}
