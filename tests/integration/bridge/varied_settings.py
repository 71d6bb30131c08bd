"""The sample site with settings of a test's own, as JSON in the environment."""

import json
import os

from chatire.settings import *  # noqa: F403
from chatire.settings import WSMIGRATE

WSMIGRATE |= json.loads(os.environ["VARIED_WSMIGRATE"])
