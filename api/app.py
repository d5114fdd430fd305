"""The FastAPI application over one library: its routes, limits and errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.deps import State
from api.errors import add_problem_handlers, document_problems
from api.limits import BodyLimit, Turns
from api.routes import health, scenes, search, videos
from api.settings import ApiSettings
from database.judgements import Judgements
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from embeddings.loaded import Encoders
from search.multi_modal_search import MultiModalSearchEngine
from search.semantic_search import SemanticSearchEngine


def create_app(settings: ApiSettings, database: Database) -> FastAPI:
    """The API over an opened library; models are loaded before the first request."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.library = _open(settings, database)
        yield
        database.close()

    app = FastAPI(
        title="sceneseek",
        summary="Find the moment you mean: said, shown, or written on screen.",
        version="0.1.0",
        lifespan=lifespan,
        # The pages that show /openapi.json would load their scripts from the network.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(BodyLimit)
    for module in (search, videos, scenes, health):
        app.include_router(module.router)
    add_problem_handlers(app)
    document_problems(app)
    return app


def _open(settings: ApiSettings, database: Database) -> State:
    encoders = Encoders(settings.runtime())
    multi_modal = MultiModalSearchEngine(database, encoders)
    multi_modal.search("warm-up")
    return State(
        settings=settings,
        database=database,
        library=Library(database),
        semantic=SemanticSearchEngine(multi_modal),
        multi_modal=multi_modal,
        judgements=Judgements(database),
        tags=Tags(database),
        turns=Turns(settings.api_max_concurrent),
    )
