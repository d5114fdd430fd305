"""Which stream of a container the film is in: it may end in one and go on in another."""

from collections.abc import Sequence
from typing import Any

import av

from ingest.media.clock import LIVE_CONTAINERS, LONGEST_GAP_S
from ingest.media.packets import stamp_of

_TAKES_OVER_S = 2.0
"""A stream that begins where the film has ended goes on with it, if that stays silent so long, and
longer than it has ever held a picture."""
_BESIDE_S = 0.5
"""Streams that follow each other overlap by less."""
_MAX_WAITING = 5000
"""Packets of such a stream, until that is known."""


class Succession:
    """The stream that the film is in, as packets come, and those in which it may go on: streams
    that had not begun when it had, and those in which it was before.
    """

    def __init__(self, film: int | None, later: Sequence[int], container: str) -> None:
        self.film = film
        """The index of its stream."""
        self._is_live = container in LIVE_CONTAINERS
        self._waiting: dict[int, list[av.Packet[Any]]] = {index: [] for index in later}
        """What came of each stream in which the film may go on, since it has begun."""
        self._left: set[int] = set()
        """Streams in which the film was."""
        self._stamp_s: float | None = None
        """Of the last packet of the film."""
        self._longest_step_s = 0.0
        """From one packet of the film to the next."""

    def take(self, packet: "av.Packet[Any]") -> "list[av.Packet[Any]]":
        """The packets to be decoded now: this one, none, or all that have waited. `film` is another
        stream then.
        """
        index, stamp_s = packet.stream.index, stamp_of(packet)
        if index == self.film and stamp_s is not None and not packet.is_discard:
            self._note(stamp_s)
        if index == self.film or index not in self._waiting:
            return [packet]
        waiting = self._waiting[index]
        if stamp_s is not None:
            waiting.append(packet)
        first_s = stamp_of(waiting[0]) if waiting else None
        if first_s is None or self._is_beside(first_s) or len(waiting) > _MAX_WAITING:
            if waiting:
                del self._waiting[index]
            return []
        if not self._has_ended(index, first_s, stamp_s):
            return []
        self._go_on_in(index)
        return waiting if stamp_s is not None else [*waiting, packet]

    def _has_ended(self, index: int, first_s: float, stamp_s: float | None) -> bool:
        """Whether the film has been silent since another stream began."""
        if stamp_s is None:  # the container has ended, and may have kept back the film's own last
            return index not in self._left
        return stamp_s - first_s >= max(_TAKES_OVER_S, 1.5 * self._longest_step_s)

    def _go_on_in(self, index: int) -> None:
        del self._waiting[index]
        if self.film is not None:
            self._left.add(self.film)
            self._waiting[self.film] = []
        self.film, self._stamp_s = index, None

    def _is_beside(self, first_s: float) -> bool:
        """Whether a stream that is only met now began before the film had ended: where the clock of
        the container may begin again, stamps do not tell.
        """
        last_s = self._stamp_s
        return not self._is_live and last_s is not None and first_s < last_s - _BESIDE_S

    def _note(self, stamp_s: float) -> None:
        """Told the stamp of a packet of the film: streams that began before it are beside it."""
        if self._stamp_s is not None and stamp_s - self._stamp_s <= LONGEST_GAP_S:
            self._longest_step_s = max(self._longest_step_s, stamp_s - self._stamp_s)
        self._stamp_s = stamp_s
        for other, waiting in list(self._waiting.items()):
            first_s = stamp_of(waiting[0]) if waiting else None
            if first_s is not None and stamp_s > first_s + _BESIDE_S:
                del self._waiting[other]
