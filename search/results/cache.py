"""Answers that are kept until the library changes: people turn pages back and ask again."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from search.results.hits import SearchAnswer

MOST = 1024


class KeptAnswers:
    """The last MOST answers; safe to use from several threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[object, SearchAnswer]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, asked: Hashable, state: object) -> SearchAnswer | None:
        """What was answered to this in the same state of the library."""
        with self._lock:
            known = self._answers.get(asked)
            if known is None or known[0] != state:
                return None
            self._answers.move_to_end(asked)
            return known[1]

    def keep(self, asked: Hashable, state: object, answer: SearchAnswer) -> None:
        """Keeps an answer, unless something is amiss with it that may be put right unseen."""
        if answer.degraded:
            return
        with self._lock:
            self._answers[asked] = (state, answer)
            self._answers.move_to_end(asked)
            while len(self._answers) > MOST:
                self._answers.popitem(last=False)
