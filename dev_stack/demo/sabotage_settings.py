"""The sample site's settings with a sabotaged channel layer, for the demo's bridge alone."""

import os

from chatire.settings import *  # noqa: F403
from chatire.settings import CHANNEL_LAYERS as _REAL_LAYERS
from dev_stack.demo.sabotage import sabotaged_layers

CHANNEL_LAYERS = sabotaged_layers(_REAL_LAYERS, os.environ)
