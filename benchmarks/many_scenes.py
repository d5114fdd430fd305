"""A library in which one query has more than a thousand hits."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.rows import TEXT, VISION, made_video
from database.models import FileStatus, MomentKind
from database.server.connection import Database
from database.videos.records import FileRecord, MomentRecord
from database.videos.stored import Store
from embeddings.encoder import Vectors, normalise
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES

SAMPLE = Path(__file__).resolve().parent.parent / "sample" / "tour.mp4"
QUERY = "drilling"
MANY_HITS = f"/?q={QUERY}&mode=balanced&limit=100"
"""The page of them: a search looks the deeper, the more hits are asked for at once."""
_SCENES, _SCENE_S = 100, 5.0
_VIDEOS = 14


def add_many_scenes(
    database: Database, encoders: Encoders, stills: Sequence[str], folder: Path
) -> None:
    """Videos of a hundred scenes each: every other one says what the query asks, the others show
    it. Their pictures are `stills` in turn, paths below the folder of keyframes; their files, made
    in `folder`, are all the sample."""
    said, shown = (encoders.encode_query(SPACES[key], QUERY) for key in (TEXT, VISION))
    rng = np.random.default_rng(5)
    for number in range(_VIDEOS):
        title = f"Recording {number + 1}"
        moments = _spoken(said, rng) if number % 2 else ()
        pictures = _seen(-shown if number % 2 else shown, rng, stills)
        video = made_video(title, _SCENES, _SCENE_S, [*moments, *pictures])
        path = Path(shutil.copyfile(SAMPLE, folder / f"{title}.mp4"))
        status = path.stat()
        file = FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)
        Store(database).save_video(video, file)


def _spoken(direction: Vectors, rng: np.random.Generator) -> Iterator[MomentRecord]:
    for scene in range(_SCENES):
        start_s = scene * _SCENE_S
        text = f"The crew goes on drilling through the granite below, part {scene + 1} of the day."
        yield MomentRecord(
            scene,
            MomentKind.SPEECH,
            start_s + 0.5,
            start_s + 4.5,
            text,
            "en",
            vectors={TEXT: _near(direction, rng)},
        )


def _seen(
    direction: Vectors, rng: np.random.Generator, stills: Sequence[str]
) -> Iterator[MomentRecord]:
    for scene in range(_SCENES):
        at_s = scene * _SCENE_S + 2
        yield MomentRecord(
            scene,
            MomentKind.KEYFRAME,
            at_s,
            at_s,
            image_path=stills[scene % len(stills)],
            vectors={VISION: _near(direction, rng)},
        )


def _near(direction: Vectors, rng: np.random.Generator) -> Vectors:
    noise = normalise(rng.standard_normal((1, len(direction))).astype(np.float32))[0]
    near: Vectors = normalise((direction + rng.uniform(0.3, 1.5) * noise)[np.newaxis])[0]
    return near
