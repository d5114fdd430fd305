"""The state of a running server, for the routes that depend on it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.limits import Turns
from api.settings import ApiSettings
from database.judgements import Judgements
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from search.multi_modal_search import MultiModalSearchEngine
from search.semantic_search import SemanticSearchEngine


@dataclass(frozen=True)
class State:
    """What all routes share: the settings, the open library, its search engines, the turns."""

    settings: ApiSettings
    database: Database
    library: Library
    semantic: SemanticSearchEngine
    multi_modal: MultiModalSearchEngine
    judgements: Judgements
    tags: Tags
    turns: Turns


async def _state(request: Request) -> State:  # a plain function would wait for a thread
    state: State = request.app.state.library
    return state


StateDep = Annotated[State, Depends(_state)]
