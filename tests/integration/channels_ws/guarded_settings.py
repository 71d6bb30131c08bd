"""The sample site's settings, with what a test says in the environment put on top as JSON."""

from __future__ import annotations

import json
import os
from datetime import timedelta

from chatire.settings import *  # noqa: F403
from chatire.settings import INSTALLED_APPS, SIMPLE_JWT, WSMIGRATE

WSMIGRATE |= json.loads(os.environ.get("TEST_WSMIGRATE", "{}"))
INSTALLED_APPS += json.loads(os.environ.get("TEST_APPS", "[]"))
SIMPLE_JWT |= {"LEEWAY": timedelta(seconds=int(os.environ.get("TEST_LEEWAY_S", "0")))}
ASGI_APPLICATION = "guarded_asgi.application"
