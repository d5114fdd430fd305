"""Videos for the store, without any ingest."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from database.models import FileStatus, MomentKind, VideoStatus
from database.videos.records import FileRecord, MomentRecord, VideoRecord


def unit_vector(seed: int, dim: int = 384) -> npt.NDArray[np.float32]:
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


def file(path: str | Path, *, video_id: int | None = None) -> FileRecord:
    """The path of a film that is done."""
    return FileRecord(str(path), 100, 200, FileStatus.DONE, video_id=video_id)


def with_vector(record: VideoRecord, space: str, vector: npt.NDArray[np.float32]) -> VideoRecord:
    """The same film with another vector for the last of its moments."""
    *others, last = record.moments
    return replace(record, moments=(*others, replace(last, vectors={space: vector})))


def put_keyframe(keyframes_dir: Path, name: str) -> Path:
    """The JPEG of `video(name)`."""
    path = keyframes_dir / image_path(name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xd8\xff")
    return path
