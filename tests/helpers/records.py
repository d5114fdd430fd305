"""Videos for the store, without any ingest."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from database.models import FileStatus, MomentKind, VideoStatus
from database.videos.records import FileRecord, MomentRecord, VideoRecord

TEXT, VISION = "minilm-l6", "imagenet-concepts"
Vector = npt.NDArray[np.float32]


def unit_vector(seed: int, dim: int = 384) -> Vector:
    """A direction; each seed is another."""
    vector = np.random.default_rng(seed).standard_normal(dim).astype(np.float32)
    return vector / np.linalg.norm(vector)


def digest(name: str) -> str:
    """A content hash."""
    return hashlib.sha256(name.encode()).hexdigest()


def image_path(name: str) -> str:
    """Where the keyframe of `video(name)` lies."""
    return f"{digest(name)[:2]}/{digest(name)}/000001000.jpg"


def video(name: str, text: str = "A train leaves.", language: str | None = "en") -> VideoRecord:
    """A film of two scenes: a keyframe and on-screen text in the first, speech in the second."""
    moments = (
        MomentRecord(
            scene=0,
            kind=MomentKind.KEYFRAME,
            start_s=1.0,
            end_s=1.0,
            image_path=image_path(name),
            vectors={"imagenet-concepts": unit_vector(1)},
        ),
        MomentRecord(0, MomentKind.OCR, 0.0, 2.0, "EXIT", vectors={"minilm-l6": unit_vector(2)}),
        MomentRecord(
            1, MomentKind.SPEECH, 2.5, 3.5, text, language, vectors={"minilm-l6": unit_vector(3)}
        ),
    )
    return VideoRecord(
        content_hash=digest(name),
        status=VideoStatus.DONE,
        reason=None,
        title=name,
        file_name=f"{name}.mp4",
        container="mov",
        video_codec="h264",
        audio_codec="aac",
        width_px=320,
        height_px=180,
        frame_rate=25.0,
        duration_s=4.0,
        language=language,
        profile="bundled",
        recorded_at=datetime(2024, 5, 17, 9, 30, tzinfo=UTC),
        spaces=("minilm-l6", "imagenet-concepts"),
        scenes=((0.0, 2.0), (2.0, 4.0)),
        moments=moments,
    )


COMMENTARY = "Commentary (en)"


def commented(name: str) -> VideoRecord:
    """A film put together from two recordings, with a commentary on a sound track of its own:
    notes, a clock that starts again, and speech of two tracks at one time."""
    made = video(name)
    speech = made.moments[-1]
    comment = replace(
        speech,
        start_s=2.75,
        end_s=3.75,
        text="The director built this platform from plywood.",
        track=COMMENTARY,
        vectors={TEXT: unit_vector(4)},
    )
    return replace(
        made,
        moments=(*made.moments, comment),
        notes=("the clock starts again at 0:02", 'a track was named "<b>Kommentar</b>"'),
        clock=((0.0, 0.0), (10.0, 95_000.5)),
    )


def file(path: str | Path, *, video_id: int | None = None) -> FileRecord:
    """The path of a film that is done."""
    return FileRecord(str(path), 100, 200, FileStatus.DONE, video_id=video_id)


def put_file(path: Path) -> FileRecord:
    """The same, of a file that is there."""
    record = file(path)
    path.write_bytes(bytes(record.size_bytes))
    os.utime(path, ns=(record.mtime_ns, record.mtime_ns))
    return replace(record, mount="/")


def with_vector(record: VideoRecord, space: str, vector: Vector) -> VideoRecord:
    """The same film with another vector for the last of its moments."""
    *others, last = record.moments
    return replace(record, moments=(*others, replace(last, vectors={space: vector})))


def put_keyframe(keyframes_dir: Path, name: str) -> Path:
    """The JPEG of `video(name)`."""
    path = keyframes_dir / image_path(name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xd8\xff")
    return path


def talk(
    name: str, sentences: Sequence[str], vectors: Sequence[Vector], language: str = "en"
) -> VideoRecord:
    """A recording without pictures: one sentence in each scene of ten seconds."""
    spans = [(10.0 * number, 10.0 * number + 10) for number in range(len(sentences))]
    moments = tuple(
        MomentRecord(n, MomentKind.SPEECH, s + 1, e - 1, text, language, vectors={TEXT: vector})
        for n, ((s, e), text, vector) in enumerate(zip(spans, sentences, vectors, strict=True))
    )
    made = video(name, language=language)
    return replace(
        made, video_codec=None, scenes=tuple(spans), moments=moments, duration_s=10.0 * len(spans)
    )


def film(name: str, num_scenes: int, keyframes_each: int, seed: int = 0) -> VideoRecord:
    """A silent film whose scenes have several keyframes each that look almost the same."""
    moments = []
    for scene in range(num_scenes):
        base = unit_vector(seed + 1000 * scene)
        for number in range(keyframes_each):
            vector = base + 0.05 * unit_vector(seed + 1000 * scene + number + 1)
            time_s = 10.0 * scene + number + 1
            moments.append(
                MomentRecord(
                    scene,
                    MomentKind.KEYFRAME,
                    time_s,
                    time_s,
                    image_path=image_path(name),
                    vectors={VISION: (vector / np.linalg.norm(vector)).astype(np.float32)},
                )
            )
    spans = tuple((10.0 * n, 10.0 * n + 10) for n in range(num_scenes))
    return replace(video(name), audio_codec=None, scenes=spans, moments=tuple(moments))


def near(direction: Vector, seed: int, share: float = 0.5) -> Vector:
    """A vector with some of another direction, the more the larger the seed."""
    mixed = direction + share * (1 + 0.02 * (seed % 50)) * unit_vector(seed)
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def speech(name: str, direction: Vector, num: int, seed: int, language: str = "en") -> VideoRecord:
    """A recording whose scenes all speak of drilling."""
    sentences = [f"Drilling, part {n} of {name}." for n in range(num)]
    vectors = [near(direction, seed + n) for n in range(num)]
    return replace(talk(name, sentences, vectors, language), title=name)


def looking(name: str, num: int, looks: list[int], seed: int) -> VideoRecord:
    """A silent film, one keyframe in each scene, with these looks in turn."""
    made = film(name, num, 1, seed)
    moments = tuple(
        replace(moment, look=looks[n % len(looks)]) for n, moment in enumerate(made.moments)
    )
    return replace(made, moments=moments, duration_s=10.0 * num)
