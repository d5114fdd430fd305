"""The same library in one database, and spread over several."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from database.models import MomentKind
from database.opening import open_database
from database.server.connection import Database
from database.shards.numbering import make_shards
from database.spaces.spaces import Spaces
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES, SPACES
from ingest.library.null_statistics import background_queries, refresh_null_statistics
from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import TEXT, VISION, file, image_path, near, video

SCENES = 8


@contextmanager
def empty_databases(new_settings: NewSettings, folder: Path, num: int) -> Iterator[list[str]]:
    """The URLs of so many."""
    with ExitStack() as made:
        homes = [made.enter_context(new_settings(folder / f"server-{n}")) for n in range(num)]
        yield [str(settings.database_url) for settings in homes]


def spread_over(urls: Sequence[str], home: IngestSettings) -> IngestSettings:
    """Settings of a library in these databases, which are made into shards."""
    settings = home.model_copy(update={"database_url": None, "database_shard_urls": ",".join(urls)})
    make_shards(settings)
    return settings


@contextmanager
def opened(settings: IngestSettings) -> Iterator[Database]:
    with contextlib.closing(open_database(settings)) as database:
        yield database


def fill(database: Database, records: Sequence[VideoRecord], encoders: Encoders) -> None:
    """Stores videos, with statistics of what they say and show."""
    store = Store(database)
    for record in records:
        store.save_video(record, file(f"/library/{record.title}.mp4"))
    store.analyse()
    refresh_null_statistics(Spaces(database), PROFILES["bundled"].spaces, encoders)


def talkative(num: int, encoders: Encoders) -> list[VideoRecord]:
    """Films in whose scenes somebody says two things at once, and something else is shown."""
    subjects = background_queries()
    vectors = encoders.encode_queries(SPACES[TEXT], subjects)
    return [_film(number, subjects, vectors) for number in range(num)]


def _film(number: int, subjects: Sequence[str], vectors: Vectors) -> VideoRecord:
    name = f"film-{number:03}"
    moments = []
    for scene in range(SCENES):
        first, second, third = (
            (number * SCENES + scene) * step % len(subjects) for step in (7, 11, 13)
        )
        at_s = 10.0 * scene
        said = vectors[first] + vectors[second]
        seed = number * SCENES + scene
        moments += [
            MomentRecord(
                scene,
                MomentKind.KEYFRAME,
                at_s + 5,
                at_s + 5,
                image_path=image_path(name),
                vectors={VISION: near(vectors[third], seed, 0.3)},
            ),
            MomentRecord(
                scene,
                MomentKind.SPEECH,
                at_s + 1,
                at_s + 9,
                f"{subjects[first]}, and {subjects[second]}.",
                "en",
                vectors={TEXT: near(said, seed, 0.2)},
            ),
        ]
    spans = tuple((10.0 * n, 10.0 * n + 10) for n in range(SCENES))
    return replace(video(name), scenes=spans, moments=tuple(moments), duration_s=10.0 * SCENES)
