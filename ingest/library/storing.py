"""A finished video into the library: keyframes first, then all rows in one transaction."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from database.errors import ClaimLost, ValueRefused
from database.models import FileStatus, VideoStatus
from database.objects.shared import Shared
from database.videos.forgetting import keyframe_folder
from database.videos.records import MAX_NS, FileRecord, MomentRecord, VideoRecord
from database.videos.stored import Store
from database.videos.streams import Streams
from embeddings.space import Space
from ingest.atomic import PARTIAL, atomically, remove
from ingest.files.found import FoundFile
from ingest.library.titles import title_of
from ingest.media.decode import Decoded
from ingest.scenes.scene import Scene


@dataclass(frozen=True)
class NewVideo:
    """A recording as the stages have left it, to be stored as a whole."""

    file: FoundFile
    digest: str
    """The SHA-256 of the file, in hex."""
    media: Path
    """The folder of the JPEGs that the decode pass wrote."""
    decoded: Decoded
    scenes: Sequence[Scene]
    moments: Sequence[MomentRecord]
    language: str | None
    profile: str
    is_new: bool
    """Whether the library had none of this content when the work on it began."""
    streams: Streams | None
    spaces: Sequence[Space] = ()
    """Those that the moments have vectors of."""


def save_video(
    video: NewVideo, keyframes_dir: Path, store: Store, shared: Shared | None = None
) -> None:
    """Stores a video and its file's outcome; what is interrupted is done again by the next run.

    Raises SpacesChanged if the moments lack the vectors of an active space, ClaimLost if another
    process has stored it meanwhile, and ValueRefused for a value that the database cannot hold;
    then nothing is left of the video.
    """
    target = keyframes_dir / keyframe_folder(video.digest)
    _place_keyframes(video.media, target)
    if shared is not None:
        shared.send({path: path for path in target.glob("*.jpg")})
    record = _video_record(video)
    try:
        store.save_video(record, _file_record(video.file, record), only_new=video.is_new)
    except (ValueRefused, ClaimLost):
        _keep_named(target, video.digest, store, shared)
        raise
    _keep_named(target, video.digest, store, shared)


def _video_record(video: NewVideo) -> VideoRecord:
    decoded, header = video.decoded, video.decoded.probe
    return VideoRecord(
        content_hash=video.digest,
        status=VideoStatus.PARTIAL if decoded.partial_reason else VideoStatus.DONE,
        reason=decoded.partial_reason,
        title=title_of(header.title or video.file.path.stem),
        file_name=video.file.path.name,
        container=header.container,
        video_codec=header.video.codec if header.video else None,
        audio_codec=header.sounds[0].codec if header.sounds else None,
        width_px=decoded.width_px,
        height_px=decoded.height_px,
        frame_rate=decoded.frame_rate,
        duration_s=decoded.duration_s,
        language=video.language,
        profile=video.profile,
        recorded_at=header.recorded_at or _modified_at(video.file),
        spaces=tuple(space.key for space in video.spaces),
        scenes=tuple((scene.start_s, scene.end_s) for scene in video.scenes),
        moments=tuple(video.moments),
        notes=tuple(decoded.notes),
        clock=decoded.clock,
        streams=video.streams,
        subtitles=tuple(decoded.subtitles),
    )


def _file_record(file: FoundFile, video: VideoRecord) -> FileRecord:
    status = FileStatus(video.status.value)
    return FileRecord(
        str(file.path),
        file.size_bytes,
        file.mtime_ns,
        status,
        video.reason,
        sidecars=file.sidecars,
        mount=file.mount,
    )


def _modified_at(file: FoundFile) -> datetime | None:
    """When a file was last changed; None for a time that is no date, as damaged disks have."""
    if file.stored is not None:
        return file.stored.modified_at
    if abs(file.mtime_ns) == MAX_NS:
        return None
    return datetime.fromtimestamp(file.mtime_ns / 1e9, UTC)


def _place_keyframes(media: Path, target: Path) -> None:
    """Links the JPEGs of `media` into `target`, whole and synced, before a row names them. Those
    that rows name already stay beside them; `media` stays as it is until the rows are there.
    """
    for left in target.parent.glob(f"{target.name}.*{PARTIAL}"):
        remove(left)  # ours alone: the content is claimed
    images = sorted(media.glob("*.jpg"))
    if not images:
        return
    if target.is_dir():
        for image in images:
            with atomically(target / image.name) as partial:
                os.link(image, partial)
        return
    with atomically(target) as partial:
        partial.mkdir()
        for image in images:
            os.link(image, partial / image.name)


def _keep_named(target: Path, digest: str, store: Store, shared: Shared | None) -> None:
    """Removes from the keyframes of a content those that no row names."""
    video = store.find_video_by_content(digest)
    named = set() if video is None else {Path(p).name for _, p in store.keyframes_of(video.id)}
    unnamed = [left for left in target.glob("*") if left.name not in named]
    if shared is not None:
        shared.remove_files([left for left in unnamed if left.suffix == ".jpg"])
    for left in unnamed if named else [target]:
        remove(left)
