"""A library with all that its page shows: many videos, tags, failed files, a space with gaps."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page

from database.models import FileStatus, VideoStatus
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.tags import Tags
from database.videos.read import Library
from database.videos.records import FileRecord
from database.videos.stored import Store
from tests.helpers.http import Serving, serving
from tests.helpers.records import file, talk, unit_vector, video
from tests.helpers.sql import lose_vector
from tests.helpers.strange import ARABIC, put_still

NUM_TALKS = 100
LONG_PATH = "/films/" + "a very long folder/" * 12 + "crew.mp4"
CUT_OFF = "only 2.4 s of 5.0 s could be decoded"


@dataclass(frozen=True)
class Shelf:
    """The library that is served; a test writes only tags, of a video that no other looks at."""

    server: Serving
    database: Database
    ids: dict[str, int]
    """Of the video of a title."""


@contextlib.contextmanager
def filled_shelf(settings: DatabaseSettings) -> Iterator[Shelf]:
    """A hundred talks; a film with pictures, tags and a long path; one that was cut off; files that
    could not be read; and a space that lacks a moment."""
    with contextlib.closing(open_database(settings)) as database:
        _fill(settings, database)
        ids = {each.title: each.id for each in Library(database).list_videos(limit=500)}
        Tags(database).put(ids["crew"], ["night shift", ARABIC])
        with serving(settings) as server:
            yield Shelf(server, database, ids)


def row(page: Page, title: str) -> Locator:
    """The row of the video of a title."""
    named = page.locator(".title").and_(page.get_by_role("link", name=title, exact=True))
    return page.locator(".videos > li").filter(has=named)


def titles(page: Page) -> list[str]:
    """Of the list, in its order."""
    return page.locator(".videos .title").all_text_contents()


def _fill(settings: DatabaseSettings, database: Database) -> None:
    store = Store(database)
    for number in range(NUM_TALKS):
        made = talk(f"talk {number}", [f"Words {number}."], [unit_vector(number)])
        store.save_video(made, file(f"/talks/talk {number}.m4a"))
    crew = replace(video("crew"), recorded_at=datetime(2023, 5, 17, tzinfo=UTC), duration_s=3725.0)
    put_still(settings.keyframes_dir, "crew")
    store.save_video(crew, file(LONG_PATH))
    cut = replace(video(ARABIC, language="ar"), status=VideoStatus.PARTIAL, reason=CUT_OFF)
    put_still(settings.keyframes_dir, ARABIC)
    store.save_video(cut, FileRecord("/films/cut.mp4", 1, 1, FileStatus.PARTIAL, CUT_OFF))
    for number in range(7):
        path = f"/films/it's empty {number}.mp4"
        store.save_file(FileRecord(path, 0, 1, FileStatus.FAILED, "the file is empty"))
    needs = "needs more than 4000 MB of memory to decode"
    store.save_file(FileRecord("/films/large.mkv", 9, 1, FileStatus.FAILED, needs))
    for number in range(120):
        path = f"/films/notes {number}.txt"
        store.save_file(FileRecord(path, 9, 1, FileStatus.SKIPPED, f"no recording: {number} lines"))
    lose_vector(
        database,
        "space = 'imagenet-concepts' AND moment_id = "
        "(SELECT min(moment_id) FROM embedding WHERE space = 'imagenet-concepts')",
    )
