"""What the layer raises."""

from __future__ import annotations

from wsmigrate.errors import UnavailableError


class LayerGapError(UnavailableError):
    """Messages may have been missed, and the log does not hold them any more.

    Raised by ``receive`` once per channel, in the place of what is missing; the next call goes on
    behind the gap.
    """


class NotSentError(UnavailableError):
    """The database did not confirm a message in time. It may or may not be delivered."""
