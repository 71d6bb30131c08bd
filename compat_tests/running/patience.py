"""How long to wait for a message that may never come."""

from __future__ import annotations

from compat_tests.running.options import Side

_CASES_TO_BELIEVE = 2
_SILENT_S = 0.3
_HANDSHAKE_S = 30.0
_NO_HANDSHAKE_S = 3.0
_GOODBYE_S = 5.0
_NO_GOODBYE_S = 1.0


class Patience:
    """As long as was asked for, until a server has been short of messages in some cases: it will be
    again, and the others shall not take for ever."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._short = dict.fromkeys(Side, 0)
        self._came = dict.fromkeys(Side, 0)
        self._probe_s = patience_s / 5
        self._unanswered = dict.fromkeys(Side, 0)
        self._not_closed = dict.fromkeys(Side, 0)

    def fell_short(self, side: Side) -> None:
        """A server did not deliver all that it should in a case."""
        self._short[side] += 1

    def note(self, side: Side, messages: int) -> None:
        """So many messages came from a server in a case."""
        self._came[side] += messages

    def note_probe(self, seconds: float) -> None:
        """So long did a warm-up message take; the next ones may take somewhat longer."""
        self._probe_s = min(max(self._probe_s, 1.5 * seconds), self._patience_s)

    def was_not_answered(self, side: Side) -> None:
        """A server took a connection and did not answer the handshake."""
        self._unanswered[side] += 1

    def did_not_close(self, side: Side) -> None:
        """A server did not answer the close frames of a case."""
        self._not_closed[side] += 1

    def handshake_s(self, side: Side) -> float:
        """How long the answer to a handshake is waited for."""
        is_known = self._unanswered[side] >= _CASES_TO_BELIEVE
        return _NO_HANDSHAKE_S if is_known else _HANDSHAKE_S

    @property
    def goodbye_s(self) -> float:
        """How long the answer to a close frame is waited for."""
        is_known = max(self._not_closed.values()) >= _CASES_TO_BELIEVE
        return _NO_GOODBYE_S if is_known else _GOODBYE_S

    @property
    def is_in_vain(self) -> bool:
        """Whether a server is short in each case because nothing at all comes from it."""
        return any(self._short[side] >= _CASES_TO_BELIEVE and not self._came[side] for side in Side)

    @property
    def is_worn_out(self) -> bool:
        """Whether a server is known to lose messages."""
        return max(self._short.values()) >= _CASES_TO_BELIEVE

    @property
    def quiet_s(self) -> float:
        """Give up when nothing has come for so long."""
        if self.is_in_vain:
            return min(self._patience_s, _SILENT_S)
        return min(self._patience_s, 1.5) if self.is_worn_out else self._patience_s

    @property
    def in_all_s(self) -> float:
        """Give up after so long, though something still comes."""
        return self._patience_s * (1 if self.is_worn_out else 4)

    @property
    def probe_s(self) -> float:
        """How long a warm-up message is waited for, until another one is sent."""
        return min(self._patience_s / 5, _SILENT_S) if self.is_in_vain else self._probe_s

    @property
    def probes(self) -> int:
        """How many messages are sent before a client that gets none is believed to be deaf."""
        return 1 if self.is_worn_out else 4
