"""A library of which not all is there."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from database.models import FileStatus
from database.opening import open_database
from database.server.connection import Database
from database.videos.read import Library
from database.videos.records import FileRecord
from database.videos.removal import Removal
from database.videos.stored import Store
from ingest.files.missing import mark_missing
from ingest.settings import IngestSettings
from tests.helpers.http import Serving, serving
from tests.helpers.records import put_file, video
from tests.helpers.sql import execute
from tests.helpers.strange import put_still

ELSEWHERE = "file://nas"


@dataclass(frozen=True)
class Shrinking:
    """A served library of four films: one that is there, one whose file is gone, one whose folder
    is empty, one of another host; and a file that failed and is gone."""

    server: Serving
    database: Database
    settings: IngestSettings
    folder: Path
    ids: dict[str, int]
    """Of the film of a title."""

    @property
    def client(self) -> httpx.Client:
        return self.server.client


@contextlib.contextmanager
def shrinking_library(
    settings: IngestSettings, folder: Path, **variables: str
) -> Iterator[Shrinking]:
    """The library, whose files lie below `folder`."""
    paths = {name: folder / name / f"a {name}.mp4" for name in ("there", "gone", "away", "nas")}
    with contextlib.closing(open_database(settings)) as database:
        store, removal = Store(database), Removal(database)
        for name, path in paths.items():
            path.parent.mkdir()
            put_still(settings.keyframes_dir, name)
            store.save_video(video(name), put_file(path))
        broken = paths["gone"].with_name("broken.mp4")
        store.save_file(
            FileRecord(str(broken), 0, 1, FileStatus.FAILED, "the file is empty", mount="/")
        )
        (folder / "gone" / "notes.txt").touch()
        for name in ("gone", "away"):
            paths[name].unlink()
        execute(database, f"UPDATE file SET origin = '{ELSEWHERE}' WHERE path LIKE '%/a nas.mp4'")
        mark_missing([folder], removal)
        removal.settle()
        ids = {each.title: each.id for each in Library(database).list_videos(limit=9)}
        with serving(settings, **variables) as server:
            yield Shrinking(server, database, settings, folder, ids)
