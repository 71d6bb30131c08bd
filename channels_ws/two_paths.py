"""Which copy of a message is delivered, and when: of two that came by different ways, and of those
that must wait for a barrier. Decides only; whoever asks brings the time along."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field

from wsmigrate.barrier import Marker
from wsmigrate.config import NotifyBackend
from wsmigrate.message import Message, Via
from wsmigrate.site_state import NO_CUTOVER, SiteState
from wsmigrate.topology import inbox_index_of_room

_REMEMBERED = 16_384
# Looking up a member in its enumeration takes as long as the rest of a check.
_RABBITMQ = Via.RABBITMQ

Key = tuple[str, str]


@dataclass(frozen=True)
class PathLimits:
    """How long, in seconds, and how much is kept waiting.

    ``hold_s``: for a marker, or to hear of a newer state. ``twin_s``: a copy that came straight to
    the layer, for the one by RabbitMQ. ``most``: messages in each of the two queues.
    """

    hold_s: float = 15.0
    twin_s: float = 30.0
    most: int = 50_000


@dataclass(frozen=True)
class _Waiting:
    message: Message
    since: float = field(compare=False)


class TwoPaths:
    """Sorts the copies that come out of the layer. Each call returns what is to be delivered now,
    in order; ids that were delivered before are for the caller to drop.

    * What was relayed is delivered.
    * What was published straight to the layer is delivered, unless its publisher acted on a state
      that is newer than the one known here (it waits until that is known), or the barrier of the
      last switch from ``both`` has not come out of the room's inbox (it waits for the marker).
    * Of a message that goes both ways the one that was relayed is delivered. Its copy is delivered
      only where publishers use ``channels`` by now, and where the other one stays away.

    Both ways keep the order of a publisher, so whichever copy comes first, its messages come in
    order. Waiting ends after a set time, or when too much waits, and is counted then.
    """

    def __init__(
        self, inboxes: int, limits: PathLimits | None = None, state: SiteState = NO_CUTOVER
    ) -> None:
        self.state = state
        self.counts: Counter[str] = Counter()
        self._inboxes = inboxes
        self._limits = limits or PathLimits()
        self._ahead: deque[_Waiting] = deque()
        self._held: deque[_Waiting] = deque()
        self._twinless: OrderedDict[Key, _Waiting] = OrderedDict()
        self._relayed: OrderedDict[Key, None] = OrderedDict()
        # Whether copies of what was relayed may come, so that it has to be remembered.
        self._notes_relayed = state.backend is not NotifyBackend.RABBITMQ
        self._copies_come = False
        self._marks: dict[int, int] = {}
        self._given_up = 0  # the barrier that is waited for no longer

    @property
    def wants_state(self) -> bool:
        """Whether messages wait for a newer state to become known."""
        return bool(self._ahead)

    @property
    def waiting(self) -> int:
        """Messages that wait for a marker or for a newer state."""
        return len(self._held) + len(self._ahead)

    @property
    def barrier_passed(self) -> int:
        """The barrier that has come out of every inbox, or that is waited for no longer."""
        passed = all(self._is_out(inbox) for inbox in range(self._inboxes))
        return self.state.barrier if passed else 0

    def follow(self, state: SiteState, now: float) -> list[Message]:
        """The state is this from now on."""
        if state.revision < self.state.revision:
            return []
        self.state = state
        self._notes_relayed = self._copies_come or state.backend is not NotifyBackend.RABBITMQ
        ahead, self._ahead = self._ahead, deque()
        freed = self._freed()
        for waiting in ahead:
            freed += self._direct(waiting.message, now)
        return freed

    def marker(self, marker: Marker, now: float) -> list[Message]:  # noqa: ARG002
        """A marker has come out."""
        self._marks[marker.inbox] = max(marker.revision, self._marks.get(marker.inbox, 0))
        return self._freed()

    def passes(self, message: Message) -> bool:
        """Whether it would be delivered at once, and leave nothing to remember: whoever asks may
        deliver it without ``take``. So is all that comes while no switch is under way."""
        if message.via is _RABBITMQ:
            return not self._notes_relayed
        if message.is_copy:
            return False
        revision = message.revision
        return revision is None or (self.state.barrier_out and revision <= self.state.revision)

    def take(self, message: Message, now: float) -> list[Message]:
        """A copy has come."""
        if message.via is _RABBITMQ:
            key = (message.room, message.id)
            if self._twinless.pop(key, None) is None and self._notes_relayed:
                self._relayed[key] = None
                if len(self._relayed) > _REMEMBERED:
                    self._relayed.popitem(last=False)
            return [message]
        return self._direct(message, now)

    def tick(self, now: float) -> list[Message]:
        """Time has passed: what has waited for too long."""
        limits = self._limits
        late: list[Message] = []
        if _is_over(self._ahead, now - limits.hold_s, limits.most):
            late += self._all_of(self._ahead, "state-not-known")
        if _is_over(self._held, now - limits.hold_s, limits.most):
            self._given_up = self.state.barrier
            late += self._all_of(self._held, "marker-not-seen")
        while self._twinless:
            key, waiting = next(iter(self._twinless.items()))
            if waiting.since > now - limits.twin_s and len(self._twinless) <= limits.most:
                break
            del self._twinless[key]
            self.counts["twin-not-seen"] += 1
            late.append(waiting.message)
        return late

    def _direct(self, message: Message, now: float) -> list[Message]:
        if message.is_copy:
            return self._one_of_two(message, now)
        revision = message.revision
        if revision is None:
            return [message]
        if revision > self.state.revision:
            self._ahead.append(_Waiting(message, now))
            return []
        if revision >= self.state.barrier and not self._is_out(self._inbox(message)):
            self.counts["held"] += 1
            self._held.append(_Waiting(message, now))
            return []
        return [message]

    def _one_of_two(self, message: Message, now: float) -> list[Message]:
        self._copies_come = self._notes_relayed = True
        key = (message.room, message.id)
        if key in self._relayed:
            del self._relayed[key]
            return []
        if self.state.backend is NotifyBackend.CHANNELS and self._is_out(self._inbox(message)):
            return [message]
        self._twinless[key] = _Waiting(message, now)
        return []

    def _freed(self) -> list[Message]:
        """What waits for nothing any more: first copies whose twin would have come by now."""
        freed: list[Message] = []
        if self.state.backend is NotifyBackend.CHANNELS:
            for key, waiting in list(self._twinless.items()):
                if self._is_out(self._inbox(waiting.message)):
                    del self._twinless[key]
                    self.counts["twin-not-seen"] += 1
                    freed.append(waiting.message)
        held, self._held = self._held, deque()
        for waiting in held:
            if self._is_out(self._inbox(waiting.message)):
                freed.append(waiting.message)
            else:
                self._held.append(waiting)
        return freed

    def _all_of(self, queue: deque[_Waiting], reason: str) -> list[Message]:
        messages = [waiting.message for waiting in queue]
        queue.clear()
        self.counts[reason] += len(messages)
        return messages

    def _is_out(self, inbox: int) -> bool:
        barrier = self.state.barrier
        return (
            self.state.barrier_out
            or self._given_up == barrier
            or self._marks.get(inbox, 0) >= barrier
        )

    def _inbox(self, message: Message) -> int:
        return inbox_index_of_room(message.room, self._inboxes)


def _is_over(queue: deque[_Waiting], oldest: float, most: int) -> bool:
    return bool(queue) and (queue[0].since <= oldest or len(queue) > most)
