"""A library with titles and words of every script, and of those who mean harm."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from database.models import FileStatus
from database.opening import open_database
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.tags import Tags
from database.videos.read import Library
from database.videos.records import FileRecord, VideoRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.http import Serving, serving
from tests.helpers.media import drawn, make_video, silence
from tests.helpers.records import TEXT, VISION, Vector, image_path, video

ARABIC, HEBREW = "مقابلة مع مهندس الحفر", "ראיון עם מהנדס הקידוחים"
CHINESE, ENDLESS = "钻探工程师访谈", "Donaudampfschifffahrt" * 12
HOSTILE = """"><b id=owned>'</b><script>owned = 1</script>&lt;i&gt;\n</textarea>"""
SPOKEN = {
    ARABIC: "فريق الحفر يعمل في الجرانيت drilling",
    HEBREW: "הצוות קודח בגרניט drilling",
    CHINESE: "队伍正在花岗岩中钻探 drilling",
    ENDLESS: "drilling " + "drillingdrilling" * 30,
    HOSTILE: f"drilling {HOSTILE}",
}
"""What is said in the video of a title."""


@dataclass(frozen=True)
class Strange:
    """The library, served; not to be written to."""

    server: Serving
    ids: dict[str, int]
    """Of the video of a title."""


@contextlib.contextmanager
def strange_library(settings: DatabaseSettings, encoders: Encoders) -> Iterator[Strange]:
    """A video of four seconds for each title, all with the same pictures; all speak of drilling."""
    drilling = encoders.encode_query(SPACES[TEXT], "drilling")
    film = make_video(
        settings.home / "film.mp4", [drawn(1), drawn(2)], 2.0, audio=silence(4)
    ).read_bytes()
    with contextlib.closing(open_database(settings)) as database:
        for number, (title, spoken) in enumerate(SPOKEN.items()):
            path = settings.home / f"film {number} <b id=owned>'\".mp4"
            path.write_bytes(film)
            put_still(settings.keyframes_dir, title)
            Store(database).save_video(_video(title, spoken, drilling), _file(path))
        ids = {each.title: each.id for each in Library(database).list_videos(limit=10)}
        for space in (TEXT, VISION):
            null = {"mean": 0.0, "std": 0.051}
            Spaces(database).save_null_statistics(space, {**null, "alike": null})
        Tags(database).put(ids[HOSTILE], ["<b id=owned>'\"", ARABIC])
    with serving(settings) as server:
        yield Strange(server, ids)


def put_still(keyframes_dir: Path, name: str) -> None:
    """The keyframe of `video(name)`, a picture that can be seen."""
    path = keyframes_dir / image_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), drawn(len(name)))


def _video(title: str, spoken: str, meaning: Vector) -> VideoRecord:
    made = video(title, spoken)
    shown, screen, said = made.moments
    written = replace(screen, text=f"EXIT {spoken}")
    later = replace(shown, scene=1, start_s=3.0, end_s=3.0)
    return replace(made, moments=(shown, written, later, replace(said, vectors={TEXT: meaning})))


def _file(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)
