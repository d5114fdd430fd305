"""The answers of the last searches, until the library changes: people turn pages back and ask
again."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from search.results.hits import SearchAnswer

MAX_ANSWERS = 1024


class AnswerCache:
    """The last MAX_ANSWERS answers by their query; safe to use from several threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[object, SearchAnswer]] = OrderedDict()
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
            self._answers[key] = (state, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
