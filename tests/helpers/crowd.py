"""A library with more hits than a page shows at once, for the page in a browser."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from database.opening import open_database
from database.tags import Tags
from database.videos.read import Library
from database.videos.records import VideoRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from ingest.settings import IngestSettings
from tests.helpers.drilling import QUERY, fill
from tests.helpers.http import Serving, serving
from tests.helpers.records import TEXT, file, speech, video
from tests.helpers.strange import put_still

NUM_IN_CROWD = 120
TAGS = {"morning": ["field"], "evening": ["field", "night shift"]}


@contextlib.contextmanager
def crowd(settings: IngestSettings, encoders: Encoders) -> Iterator[Serving]:
    """The library of tests/helpers/drilling.py with tags, stills, and a long recording, served."""
    with contextlib.closing(open_database(settings)) as database:
        fill(database, encoders)
        direction = encoders.encode_query(SPACES[TEXT], QUERY)
        long = speech("crowd", direction, NUM_IN_CROWD, 1000)
        Store(database).save_video(long, file("/library/crowd.mp4"))
        Store(database).save_video(_tall(), file("/library/tall.mp4"))
        for video in Library(database).list_videos(limit=10):
            Tags(database).put(video.id, TAGS.get(video.title, []))
        for title in ("clips", "more", "tall"):
            put_still(settings.keyframes_dir, title)
    with serving(settings) as server:
        yield server


def _tall() -> VideoRecord:
    """A video higher than wide, with words below its middle."""
    made = video("tall")
    shown, screen, said = made.moments
    written = replace(screen, text="Assembly point", boxes=[[0.25, 0.5, 0.75, 0.6]])
    return replace(made, width_px=180, height_px=320, moments=(shown, written, said))
