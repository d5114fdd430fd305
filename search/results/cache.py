"""The answers of the last searches, until the library changes: people turn pages back and ask
again."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from search.results.hits import SearchAnswer

MAX_ANSWERS = 1024
MAX_HITS = 100_000
"""Of all answers that are held: one may have thousands."""


class AnswerCache:
    """The last MAX_ANSWERS answers by their query, of MAX_HITS hits in all; safe to use from
    several threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[object, SearchAnswer]] = OrderedDict()
        self._num_hits = 0
        self._lock = threading.Lock()

    def find(self, key: Hashable, state: object) -> SearchAnswer | None:
        """The answer that was given to this query in the same state of the library."""
        with self._lock:
            known = self._answers.get(key)
            if known is None or known[0] != state:
                return None
            self._answers.move_to_end(key)
            return known[1]

    def put(self, key: Hashable, state: object, answer: SearchAnswer) -> None:
        """Caches an answer. Degraded answers are not cached: the cause may go away without a
        change of the library's version."""
        if answer.degraded:
            return
        with self._lock:
            if key in self._answers:
                self._num_hits -= len(self._answers.pop(key)[1].hits)
            self._answers[key] = (state, answer)
            self._num_hits += len(answer.hits)
            while len(self._answers) > MAX_ANSWERS or self._num_hits > MAX_HITS:
                _, (_, oldest) = self._answers.popitem(last=False)
                self._num_hits -= len(oldest.hits)
