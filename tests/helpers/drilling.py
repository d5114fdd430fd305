"""A made library that speaks of drilling, and what is asked of it over HTTP."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx

from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.http import Answer, search, serving
from tests.helpers.records import TEXT, VISION, file, looking, speech

QUERY = "drilling"
NUM_HITS = 6 + 4 + 3 + 6 + 3


@dataclass(frozen=True)
class Made:
    """A served library that tests may write to."""

    client: httpx.Client
    database: Database


def fill(database: Database, encoders: Encoders) -> None:
    """Three recordings that speak of drilling, and two silent films."""
    direction = encoders.encode_query(SPACES[TEXT], QUERY)
    at = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
    videos = [
        replace(speech("morning", direction, 6, 100), recorded_at=at),
        replace(speech("evening", direction, 4, 200), recorded_at=at.replace(hour=22, day=18)),
        replace(speech("deutsch", direction, 3, 300, "de"), recorded_at=None),
        replace(looking("clips", 6, [0, 0b111, 2**60 - 1], 1), recorded_at=at.replace(year=2021)),
        replace(looking("more", 3, [0b1, 2**40 - 1, -1], 7), recorded_at=at.replace(hour=1)),
    ]
    for made in videos:
        Store(database).save_video(made, file(f"/library/{made.title}.mp4"))
    for space in (TEXT, VISION):
        null = {"mean": 0.0, "std": 0.2}
        Spaces(database).save_null_statistics(space, {**null, "alike": null, "count": 257})


@contextlib.contextmanager
def filled(settings: DatabaseSettings, encoders: Encoders) -> Iterator[Made]:
    with contextlib.closing(open_database(settings)) as database:
        fill(database, encoders)
        with serving(settings) as server:
            yield Made(server.client, database)


def places(answer: Answer) -> list[tuple[str, float]]:
    """The title of the video and the start of the scene of each hit."""
    return [(hit["video"]["title"], hit["scene"]["start_s"]) for hit in answer["results"]]


def titles(answer: Answer) -> set[str]:
    return {title for title, _start_s in places(answer)}


def pages(client: httpx.Client, limit: int, **body: object) -> Iterator[Answer]:
    """Every page of an answer."""
    cursor = None
    while True:
        answer = search(client, QUERY, limit=limit, cursor=cursor, **body)
        yield answer
        cursor = answer["next"]
        if cursor is None:
            return
