"""The sample site's settings, with what a test says in the environment put on top as JSON."""

from __future__ import annotations

import json
import os

from chatire.settings import *  # noqa: F403
from chatire.settings import WSMIGRATE

WSMIGRATE |= json.loads(os.environ.get("TEST_WSMIGRATE", "{}"))
