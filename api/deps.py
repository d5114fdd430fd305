"""What the routes work with; made when the server starts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.errors import Busy
from api.settings import ApiSettings
from database.judgements import Judgements
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from search.multi_modal_search import MultiModalSearchEngine
from search.semantic_search import SemanticSearchEngine

_PATIENCE_S = 10.0


@dataclass(frozen=True)
class State:
    """One library, opened."""

    settings: ApiSettings
    database: Database
    library: Library
    semantic: SemanticSearchEngine
    multi_modal: MultiModalSearchEngine
    judgements: Judgements
    tags: Tags
    turns: threading.BoundedSemaphore

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds one of the API_MAX_CONCURRENT places. Raises Busy after a while."""
        if not self.turns.acquire(timeout=_PATIENCE_S):
            raise Busy
        try:
            yield
        finally:
            self.turns.release()


async def _state(request: Request) -> State:  # a plain function would wait for a thread
    state: State = request.app.state.library
    return state


StateDep = Annotated[State, Depends(_state)]
