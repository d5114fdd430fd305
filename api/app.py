"""The FastAPI applications: over a library, and of the embedding service alone."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from api.deps import State
from api.doors.gate import Doors, Gate
from api.doors.opening import doors_of_embeddings, doors_of_library
from api.errors import add_error_handlers
from api.facts import LibraryFacts
from api.feed import Feed
from api.lanes import Lane, Lanes
from api.limits import BodyLimit
from api.openapi import VERSION, document
from api.playing.clips import Clips
from api.playing.conversions import Conversions
from api.playing.known import StreamsOfBefore
from api.query_pictures import QueryPictures
from api.routes import (
    clips,
    contents,
    embeddings,
    events,
    exports,
    health,
    hls,
    job_pages,
    jobs,
    library,
    login,
    metrics,
    moments,
    page_parts,
    pages,
    scenes,
    search,
    subtitles,
    uploads,
    videos,
)
from api.settings import ApiSettings, EmbeddingServerSettings
from api.sprites import Sprites
from api.uploading.uploads import Uploads
from api.web.files import StaticFilesForever
from api.web.rendering import STATIC_DIR, STATIC_URL
from database.jobs.jobs import Jobs
from database.judgements import Judgements
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from embeddings.remote_pictures import PictureSource
from embeddings.service import EmbeddingService
from embeddings.settings import EmbeddingSettings
from search.multi_modal_search import MultiModalSearchEngine
from search.semantic_search import SemanticSearchEngine

LOOPBACK = "127.0.0.1"
_BETWEEN_FULL_COLLECTIONS = 1000
"""Of younger objects: a full one of what a busy server keeps takes 0.2 s, and comes every four
seconds by default (docs/benchmarks.md)."""


def create_app(settings: ApiSettings, database: Database, host: str = LOOPBACK) -> FastAPI:
    """The API over an opened library, with the embedding service; models are loaded before the
    first request. `host` is what it listens on. Raises NoKeys."""
    doors = doors_of_library(settings, database, host)
    service = EmbeddingService(settings=settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.library = state = _open(settings, database, service)
        state.uploads.sweep()
        state.clips.sweep()
        current_default_thread_limiter().total_tokens = state.lanes.num_threads
        _keep_what_is_loaded(app)
        yield
        await service.cleanup()
        database.close()

    app = _new_app(settings, service, doors, lifespan)
    for module in (
        login,
        pages,
        page_parts,
        job_pages,
        search,
        videos,
        hls,
        clips,
        exports,
        contents,
        subtitles,
        moments,
        scenes,
        library,
        jobs,
        events,
        uploads,
    ):
        app.include_router(module.router)
    for module in (embeddings, metrics, health):
        app.include_router(module.router)
    app.mount(STATIC_URL, GZipMiddleware(StaticFilesForever(directory=STATIC_DIR)))
    document(app)
    return app


def create_embedding_app(settings: EmbeddingServerSettings, host: str = LOOPBACK) -> FastAPI:
    """The embedding service alone; `host` is what it listens on. Raises InvalidSettings, NoKeys."""
    doors = doors_of_embeddings(settings, host)
    service = EmbeddingService(settings=settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _keep_what_is_loaded(app)
        yield
        await service.cleanup()

    app = _new_app(settings, service, doors, lifespan)
    for router in (embeddings.router, metrics.router, health.without_library):
        app.include_router(router)
    document(app)
    return app


def _new_app(
    settings: EmbeddingSettings,
    service: EmbeddingService,
    doors: Doors,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
) -> FastAPI:
    app = FastAPI(
        title="sceneseek",
        summary="Find the moment you mean: said, shown, or written on screen.",
        version=VERSION,
        lifespan=lifespan,
        # The pages that show /openapi.json would load their scripts from the network.
        docs_url=None,
        redoc_url=None,
    )
    app.state.doors = doors
    app.state.embeddings = service
    app.state.pictures = PictureSource(settings.image_hosts)
    app.add_middleware(BodyLimit)
    app.add_middleware(Gate, doors=doors)
    add_error_handlers(app)
    return app


def _keep_what_is_loaded(app: FastAPI) -> None:
    """Routes are made now, not when the first request comes, which would wait for all of them for
    half a second. Then the garbage collector need not look through what stays until the end, nor
    through all that requests keep more than once in some minutes: each time all of them wait."""
    somewhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(somewhere)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], _BETWEEN_FULL_COLLECTIONS)


def _open(settings: ApiSettings, database: Database, service: EmbeddingService) -> State:
    multi_modal = MultiModalSearchEngine(database, service.encoders)
    multi_modal.search("warm-up")
    conversions = Conversions(settings)
    return State(
        settings=settings,
        database=database,
        library=Library(database),
        semantic=SemanticSearchEngine(multi_modal),
        multi_modal=multi_modal,
        judgements=Judgements(database),
        tags=Tags(database),
        pictures=QueryPictures(settings.home / "query-pictures"),
        sprites=Sprites(settings),
        conversions=conversions,
        clips=Clips(settings, conversions.turns),
        streams=StreamsOfBefore(settings, database),
        facts=LibraryFacts(database, service.encoders),
        lanes=Lanes(Lane("searches", settings.api_max_concurrent)),
        jobs=Jobs(database),
        feed=Feed(Jobs(database)),
        uploads=Uploads(settings, database),
    )
