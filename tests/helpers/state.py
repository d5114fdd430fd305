"""The state of a server inside the process of a test, and what its page answers."""

import asyncio
from pathlib import Path

from fastapi import Request
from starlette.types import Message

from api.deps import State
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
from database.jobs.jobs import Jobs
from database.judgements import Judgements
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from embeddings.loaded import Encoders
from ingest.files.fetched import Fetched
from search.multi_modal_search import MultiModalSearchEngine
from search.semantic_search import SemanticSearchEngine


def make_state(
    database: Database, encoders: Encoders, home: Path, *, searches_at_once: int = 1
) -> State:
    """As a server would have it."""
    settings = ApiSettings(sceneseek_home=home)
    engine = MultiModalSearchEngine(database, encoders)
    return State(
        settings=settings,
        database=database,
        library=Library(database),
        semantic=SemanticSearchEngine(engine),
        multi_modal=engine,
        judgements=Judgements(database),
        tags=Tags(database),
        pictures=QueryPictures(home / "query-pictures"),
        sprites=Sprites(settings),
        conversions=(conversions := Conversions(settings)),
        clips=Clips(settings, conversions.turns),
        streams=StreamsOfBefore(settings, database),
        facts=LibraryFacts(database, encoders),
        lanes=Lanes(Lane("searches", searches_at_once)),
        jobs=(jobs := Jobs(database)),
        feed=Feed(jobs),
        uploads=Uploads(settings, database),
        fetched=Fetched.of(settings),
    )


def request_of(query: str, *, fragment: bool = False, gone: asyncio.Event | None = None) -> Request:
    """A request with this query string, whose client hangs up when it is `gone`."""
    headers = [(b"x-fragment", b"1")] if fragment else []
    body: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if body:
            return body.pop()
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "query_string": query.encode(), "headers": headers}, receive)
