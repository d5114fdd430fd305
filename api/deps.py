"""What routes depend on: the state of the server, and a URL without slips."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from api.facts import LibraryFacts
from api.feed import Feed
from api.lanes import Lane, Lanes
from api.playing.clips import Clips
from api.playing.conversions import Conversions
from api.playing.known import StreamsOfBefore
from api.query_pictures import QueryPictures
from api.settings import ApiSettings
from api.sprites import Sprites
from api.uploading.uploads import Uploads
from database.errors import NotFound
from database.forms import Form
from database.jobs.jobs import Jobs
from database.judgements import Judgements
from database.objects.bucket import StoredObject
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import IntactFile, Library
from embeddings.errors import EmbeddingsDisabled
from embeddings.remote_pictures import PictureSource
from embeddings.service import EmbeddingService
from ingest.errors import VideoUnreadable
from ingest.files.fetched import Fetched
from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from search.semantic_search import SemanticSearchEngine


@dataclass(frozen=True)
class State:
    """What all routes share: the settings, the open library, its search engines, the lanes."""

    settings: ApiSettings
    database: Database
    library: Library
    semantic: SemanticSearchEngine
    multi_modal: MultiModalSearchEngine
    judgements: Judgements
    tags: Tags
    pictures: QueryPictures
    sprites: Sprites
    conversions: Conversions
    clips: Clips
    streams: StreamsOfBefore
    facts: LibraryFacts
    lanes: Lanes
    jobs: Jobs
    feed: Feed
    uploads: Uploads
    fetched: Fetched

    @property
    def reader(self) -> Database:
        """The same database, for lists and details, which may be read from a standby."""
        return self.database.from_anywhere()

    def intact(self, video_id: int) -> IntactFile | StoredObject:
        """The file of a video, as it was ingested, within API_MEDIA_ROOTS, or else the object.
        Raises NotFound, ObjectRefused, ObjectsUnreachable."""
        settings = self.settings
        return self.library.get_intact(video_id, settings.media_roots, settings.media_places)

    def film(self, video_id: int) -> Path:
        """The file of a video to read from, without links; of an object, fetched aside. Raises
        NotFound, ObjectRefused, ObjectsUnreachable."""
        there = self.intact(video_id)
        if isinstance(there, IntactFile):
            return there.real
        try:
            return self.fetched.path_of(there)
        except VideoUnreadable as error:
            raise NotFound(f"the film of video {video_id} was not fetched: {error}") from None


async def _state(request: Request) -> State:  # a plain function would wait for a thread
    state: State = request.app.state.library
    return state


StateDep = Annotated[State, Depends(_state)]


def _turn(lane_of: Callable[[Lanes], Lane]) -> Any:
    """A dependency: the route is called during a turn, and its answer sent after it."""

    async def turn(state: StateDep, request: Request) -> AsyncIterator[None]:
        async with lane_of(state.lanes).turn(request):
            yield

    return Depends(turn, scope="function")


SEARCH_TURN = _turn(lambda lanes: lanes.searches)
PICTURE_TURN = _turn(lambda lanes: lanes.pictures)
LIST_TURN = _turn(lambda lanes: lanes.lists)
DETAIL_TURN = _turn(lambda lanes: lanes.details)
REMOVAL_TURN = _turn(lambda lanes: lanes.removals)
FILM_TURN = _turn(lambda lanes: lanes.films)
STILL_TURN = _turn(lambda lanes: lanes.stills)
UPLOAD_TURN = _turn(lambda lanes: lanes.uploads)
COMPARISON_TURN = _turn(lambda lanes: lanes.comparisons)
STATE_TURN = _turn(lambda lanes: lanes.state)


async def _service(request: Request) -> EmbeddingService:
    service: EmbeddingService = request.app.state.embeddings
    return service


ServiceDep = Annotated[EmbeddingService, Depends(_service)]


async def _embeddings(request: Request) -> EmbeddingService:
    """The embedding service, if it serves others, for a URL without slips. Raises
    EmbeddingsDisabled, InvalidQuery."""
    service: EmbeddingService = request.app.state.embeddings
    if not service.settings.embedding_enable_embeddings:
        raise EmbeddingsDisabled(
            "embeddings are switched off on this server: EMBEDDING_ENABLE_EMBEDDINGS is false"
        )
    await only_known_parameters(request)
    return service


EmbeddingsDep = Annotated[EmbeddingService, Depends(_embeddings)]


async def _picture_source(request: Request) -> PictureSource:
    source: PictureSource = request.app.state.pictures
    return source


PictureSourceDep = Annotated[PictureSource, Depends(_picture_source)]


async def only_known_parameters(request: Request) -> None:
    """Raises InvalidQuery for a parameter of the URL that the route does not have: it may be a
    slip."""
    known = _parameters(request.scope["route"].dependant)
    if unknown := sorted(set(request.query_params) - known):
        there = f"there are {', '.join(sorted(known))}" if known else "there are none"
        raise InvalidQuery(f"there is no parameter {unknown[0][:60]!r}: {there}")


def _parameters(dependant: Dependant) -> set[str]:
    names: set[str] = set()
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, Form):
            names |= set(kind.model_fields)
        else:
            names.add(field.alias)
    return names.union(*(_parameters(needed) for needed in dependant.dependencies))
