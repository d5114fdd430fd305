"""A finished video into the library: keyframes first, then all rows in one transaction."""

import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from database.models import FileStatus, VideoStatus
from database.videos.records import FileRecord, MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings.space import Space
from ingest.files.discover import FoundFile
from ingest.media.decode import Decoded


def image_folder(digest: str) -> str:
    """Where the keyframes of a content lie, relative to the keyframes folder."""
    return f"{digest[:2]}/{digest}"


def save_video(
    file: FoundFile,
    digest: str,
    decoded: Decoded,
    scenes: list[tuple[float, float]],
    moments: list[MomentRecord],
    *,
    language: str | None,
    profile: str,
    spaces: Sequence[Space],
    media: Path,
    keyframes_dir: Path,
    store: Store,
) -> None:
    """Stores everything; whatever is interrupted here is done again by the next run.

    Raises SpacesChanged if the moments lack the vectors of an active space.
    """
    status = VideoStatus.PARTIAL if decoded.partial_reason else VideoStatus.DONE
    _place_keyframes(media, keyframes_dir / image_folder(digest))
    orphans = store.save_video(
        VideoRecord(
            content_hash=digest,
            status=status,
            reason=decoded.partial_reason,
            title=decoded.probe.title or file.path.stem,
            container=decoded.probe.container,
            video_codec=decoded.probe.video_codec,
            audio_codec=decoded.probe.audio_codec,
            width_px=decoded.width_px,
            height_px=decoded.height_px,
            frame_rate=decoded.frame_rate,
            duration_s=decoded.duration_s,
            language=language,
            profile=profile,
            recorded_at=decoded.probe.recorded_at or _modified_at(file),
            spaces=tuple(space.key for space in spaces),
            scenes=tuple(scenes),
            moments=tuple(moments),
        ),
        FileRecord(
            str(file.path),
            file.size_bytes,
            file.mtime_ns,
            FileStatus(status.value),
            decoded.partial_reason,
        ),
    )
    remove_keyframes(orphans, keyframes_dir)


def save_outcome(file: FileRecord, keyframes_dir: Path, store: Store) -> None:
    """Records what a path has come to; content that no path leads to any more goes."""
    remove_keyframes(store.save_file(file), keyframes_dir)


def remove_keyframes(digests: Iterable[str], keyframes_dir: Path) -> None:
    """Removes the keyframes of contents that are no longer in the library."""
    for digest in digests:
        shutil.rmtree(keyframes_dir / image_folder(digest), ignore_errors=True)


def _modified_at(file: FoundFile) -> datetime | None:
    """When a file was last changed, if that is a date at all."""
    try:
        return datetime.fromtimestamp(file.mtime_ns / 1e9, UTC)
    except (OverflowError, ValueError):
        return None


def _place_keyframes(media: Path, target: Path) -> None:
    """Links the JPEGs of `media` into `target`, whole and synced, before a row names them.

    What a run that was cut off left in `target` is replaced; `media` stays as it is until the
    rows are there.
    """
    for left in target.parent.glob(f"{target.name}.*.part"):
        shutil.rmtree(left, ignore_errors=True)  # ours alone: the content is claimed
    images = sorted(media.glob("*.jpg"))
    if not images:
        return
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    partial.mkdir(parents=True)
    for image in images:
        with image.open("rb") as opened:
            os.fsync(opened.fileno())
        os.link(image, partial / image.name)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
