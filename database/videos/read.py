"""The read side of the library: videos and scenes as people see them, and what it holds in all."""

import contextlib
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from database.errors import NotFound
from database.models import File, Moment, MomentKind, Scene, Video, VideoStatus
from database.objects.address import SCHEME, Address, is_address
from database.objects.bucket import StoredObject, find_object
from database.server.connection import Database, Row
from database.server.standbys import VERSION_SQL
from database.spaces.partitions import partition_name
from database.videos.places import place_of, uri_of
from database.videos.records import modified_ns
from database.videos.streams import Streams

_OUTSIDE = "lies outside the folders that this server may read"
_VIDEOS = sa.select(Video).options(selectinload(Video.files), selectinload(Video.tags))


@dataclass(frozen=True)
class VideoInfo:
    """A video with its first path and its tags; what each column means is in database/models."""

    id: int
    path: str
    """Of its files, one that is there, of this host, the one that was ingested first; of an object,
    its address."""
    origin: str
    """Of that file: its URI is both together."""
    title: str
    status: VideoStatus
    reason: str | None
    duration_s: float
    width_px: int | None
    height_px: int | None
    frame_rate: float | None
    container: str
    video_codec: str | None
    audio_codec: str | None
    language: str | None
    num_scenes: int
    content_hash: str
    recorded_at: datetime | None
    tags: tuple[str, ...]
    ingested_at: datetime
    missing_since: datetime | None = None
    again: bool = False
    notes: tuple[str, ...] = ()
    clock: tuple[tuple[float, float], ...] | None = None
    streams: Streams | None = None
    """None where they were never read, as by an ingest of before they were kept."""


@dataclass(frozen=True)
class IntactFile:
    """A file of a video, with what an ingest has seen of it."""

    path: Path
    real: Path
    """Where the path leads to, without links."""
    size_bytes: int
    mtime_ns: int

    def is_as_ingested(self, status: os.stat_result) -> bool:
        """Whether this is the status of a regular file of the size and time that it had."""
        seen = (self.size_bytes, self.mtime_ns)
        return stat.S_ISREG(status.st_mode) and (status.st_size, modified_ns(status)) == seen


@dataclass(frozen=True)
class OwnFile:
    """A file of this host that was found to have the content of a video."""

    video_id: int
    content_hash: str
    path: Path
    size_bytes: int
    mtime_ns: int

    def is_intact(self) -> bool:
        """Whether it still is as it was then."""
        try:
            return IntactFile(self.path, self.path, self.size_bytes, self.mtime_ns).is_as_ingested(
                self.path.stat()
            )
        except OSError:
            return False


class Library:
    """Reads for the API and the commands; each method is one transaction, what it returns is
    detached and frozen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.shared = database.shared

    def version(self) -> int:
        """The number that triggers raise with every change that an answer may show: answers of
        the same version may be cached."""
        found = self._database.gather(lambda part: int(part.rows(VERSION_SQL)[0][0]))
        return sum(found)

    def _info(self, video: Video) -> VideoInfo:
        return _video_info(video, self._database.origin)

    def list_videos(self, *, limit: int, after_id: int = 0) -> list[VideoInfo]:
        """Videos in the order of their ids, from the one after `after_id`."""
        query = _VIDEOS.where(Video.id > after_id).order_by(Video.id).limit(limit)
        found = self._database.steady(lambda: self._read(query))
        return [found[video_id] for video_id in sorted(found)[:limit]]

    def videos(self, ids: Sequence[int]) -> list[VideoInfo]:
        """These videos, in this order; those that have gone are left out."""
        query = _VIDEOS.where(Video.id.in_(ids))
        found = self._database.steady(lambda: self._read(query))
        return [found[video_id] for video_id in ids if video_id in found]

    def get_video(self, video_id: int) -> VideoInfo:
        """A video by its id. Raises NotFound."""
        with self._database.holding("video", video_id).reading_session() as session:
            video = session.scalar(_VIDEOS.where(Video.id == video_id))
            if video is None:
                raise NotFound(f"there is no video {video_id}")
            return self._info(video)

    def _read(self, query: sa.Select[Video]) -> dict[int, VideoInfo]:
        """The videos of a query in every part, by id."""

        def read(part: Database) -> list[VideoInfo]:
            with part.reading_session() as session:
                return [self._info(video) for video in session.scalars(query)]

        return {video.id: video for own in self._database.gather(read) for video in own}

    def get_intact_path(self, video_id: int) -> Path:
        """The first path at which the file still has the size and time that it was ingested with.
        Raises NotFound."""
        return self.get_intact_file(video_id).path

    def get_intact_file(self, video_id: int, roots: Collection[Path] = ()) -> IntactFile:
        """The file at that path; with `roots`, folders without links, the first that lies in one of
        them. Raises NotFound."""
        query = (
            sa.select(File.origin, File.path, File.size_bytes, File.mtime_ns, File.missing_since)
            .where(File.video_id == video_id)
            .order_by(File.missing_since.desc().nulls_first(), File.seen_at, File.path)
        )
        with self._database.holding("video", video_id).reading_session() as session:
            files = session.execute(query).all()
        is_intact = False
        for own in (file for file in files if file.origin == self._database.origin):
            path = Path(own.path)
            with contextlib.suppress(OSError):
                real = path.resolve(strict=True)
                file = IntactFile(path, real, own.size_bytes, own.mtime_ns)
                if file.is_as_ingested(real.stat()):
                    is_intact = True
                    if not roots or any(real.is_relative_to(root) for root in roots):
                        return file  # the next one may lie on a mount that hangs
        why = _OUTSIDE if is_intact else self._why_not_here(files)
        raise NotFound(f"the file of video {video_id} {why}")

    def get_intact(
        self, video_id: int, roots: Collection[Path] = (), places: Collection[Address] | None = None
    ) -> IntactFile | StoredObject:
        """The same, or an object that still is as it was ingested where no file of this host has
        the content: in one of these places of buckets, or under None in any. Raises NotFound,
        ObjectRefused, ObjectsUnreachable."""
        try:
            return self.get_intact_file(video_id, roots)
        except NotFound:
            stored = self._find_intact_object(video_id, places)
            if stored is None:
                raise
            return stored

    def _find_intact_object(
        self, video_id: int, places: Collection[Address] | None
    ) -> StoredObject | None:
        query = (
            sa.select(File.origin, File.path, File.size_bytes, File.mtime_ns)
            .where(File.video_id == video_id, File.origin.startswith(SCHEME))
            .order_by(File.missing_since.desc().nulls_first(), File.seen_at, File.path)
        )
        with self._database.holding("video", video_id).reading_session() as session:
            files = session.execute(query).all()
        for file in files:
            address = Address.of_place(file.origin, file.path)
            if places is None or any(place.holds(address) for place in places):
                stored = find_object(address)
                if stored and (stored.size_bytes, stored.mark) == (file.size_bytes, file.mtime_ns):
                    return stored
        return None

    def require_within(
        self, video_id: int, roots: Collection[Path], places: Collection[Address] | None = None
    ) -> None:
        """Raises NotFound unless a file of a video lies in one of these folders, or lay, where it
        has gone, or an object in one of these places; without folders, of none."""
        if not roots:
            return
        query = sa.select(File.origin, File.path).where(File.video_id == video_id)
        with self._database.holding("video", video_id).reading_session() as session:
            files = session.execute(query).all()
        for origin, path in files:
            if is_address(origin):
                address = Address.of_place(origin, path)
                if any(place.holds(address) for place in places or ()):
                    return
                continue
            with contextlib.suppress(OSError):
                real = Path(path).resolve()  # as far as it is there
                if any(real.is_relative_to(root) for root in roots):
                    return
        raise NotFound(f"the file of video {video_id} {_OUTSIDE}")

    def files_of_size(self, size_bytes: int) -> list[OwnFile]:
        """The files of this host that have a size and are not missing, the newest first."""
        query = (
            sa.select(File.video_id, Video.content_hash, File.path, File.size_bytes, File.mtime_ns)
            .join(Video)
            .where(File.size_bytes == size_bytes, File.origin == self._database.origin)
            .where(File.missing_since.is_(None))
            .order_by(File.seen_at.desc(), File.path)
        )

        def read(part: Database) -> list[OwnFile]:
            with part.reading_session() as session:
                return [
                    OwnFile(r.video_id, r.content_hash, Path(r.path), r.size_bytes, r.mtime_ns)
                    for r in session.execute(query)
                ]

        return [file for own in self._database.gather(read) for file in own]

    def _why_not_here(self, files: Sequence[sa.Row[*tuple[Any, ...]]]) -> str:
        """Why none of the files of a video can be read on this host."""
        there = [file for file in files if file.missing_since is None]
        if any(file.origin == self._database.origin for file in there) or not files:
            lay = f": it was at {uri_of(files[0].origin, files[0].path)}" if files else ""
            return f"was moved, changed or removed{lay}; ingest its folder again"
        if there and is_address(there[0].origin):
            address = Address.of_place(there[0].origin, there[0].path)
            return (
                f"is not at {address} as it was ingested, or its bucket is not one that this "
                "server may read: ingest it again, or see to API_MEDIA_ROOTS"
            )
        if there:
            place = uri_of(there[0].origin, there[0].path)
            return f"is on another host, which alone can play it: {place}"
        since = files[0].missing_since.astimezone(UTC)
        place = uri_of(files[0].origin, files[0].path)
        return (
            f"has been missing since {since:%Y-%m-%d %H:%M} UTC: it was at {place}; put it back "
            "and ingest its folder again, or forget the video"
        )

    def find_scene_shown(self, video_id: int, at_s: float) -> int | None:
        """The scene of a video in which a time lies; None where there is none, or none that has a
        keyframe."""
        keyframe = sa.exists().where(
            Moment.scene_id == Scene.id, Moment.kind == MomentKind.KEYFRAME
        )
        query = sa.select(Scene.id).where(
            Scene.video_id == video_id, Scene.start_s <= at_s, Scene.end_s > at_s, keyframe
        )
        with self._database.holding("video", video_id).reading_session() as session:
            return session.scalar(query.order_by(Scene.position).limit(1))

    def get_keyframe_path(self, scene_id: int, at_s: float | None = None) -> str:
        """The image path of the keyframe of a scene nearest to `at_s`, by default to its middle.

        Raises NotFound if the scene does not exist or has no keyframe.
        """
        middle = (Scene.start_s + Scene.end_s) / 2
        wanted = middle if at_s is None else sa.literal(at_s)
        query = (
            sa.select(Moment.image_path)
            .join(Scene)
            .where(Scene.id == scene_id, Moment.kind == MomentKind.KEYFRAME)
            .order_by(sa.func.abs(Moment.start_s - wanted), Moment.id)
            .limit(1)
        )
        with self._database.holding("scene", scene_id).reading_session() as session:
            path = session.scalar(query)
        if path is None:
            raise NotFound(f"there is no scene {scene_id}, or it has no keyframe")
        return path

    def require_scenes(self, ids: Collection[int]) -> None:
        """Raises NotFound if one of these does not exist."""
        self._require("scene", ids)

    def require_videos(self, ids: Collection[int]) -> None:
        """Raises NotFound if one of these does not exist."""
        self._require("video", ids)

    def _require(self, table: str, ids: Collection[int]) -> None:
        statement = f"SELECT id FROM {table} WHERE id = ANY(:ids)"
        rows = self._database.found(set(ids), lambda part, own: part.rows(statement, {"ids": own}))
        known = {row[0] for row in rows}
        for missing in sorted(set(ids) - known):
            raise NotFound(f"there is no {table} {missing}")

    def vectors_of(
        self, scene_ids: Sequence[int], space: str
    ) -> dict[int, npt.NDArray[np.float32]]:
        """The vectors of scenes in a space, float32 [n, dim], by scene; those without any are left
        out."""
        if not scene_ids:
            return {}
        statement = (
            f"SELECT scene_id, e.vector FROM {partition_name(space)} e "
            "JOIN moment ON moment.id = e.moment_id WHERE scene_id = ANY(:ids) ORDER BY moment.id"
        )
        found: dict[int, list[npt.NDArray[np.float32]]] = defaultdict(list)
        for scene_id, vector in self._database.found(
            scene_ids, lambda part, own: part.rows(statement, {"ids": own})
        ):
            found[scene_id].append(vector.to_numpy().astype(np.float32))
        return {scene_id: np.stack(vectors) for scene_id, vectors in found.items()}

    def find_last_profile(self) -> str | None:
        """The profile of the video that was ingested last, which a further ingest goes on with;
        None for an empty library."""
        statement = (
            "SELECT ingested_at, id, profile FROM video ORDER BY ingested_at DESC, id DESC LIMIT 1"
        )
        last = [row for own in self._database.gather(_asked(statement)) for row in own]
        return max(last)[2] if last else None

    def is_empty(self) -> bool:
        """Whether it has no videos."""
        statement = "SELECT EXISTS (SELECT FROM video)"
        return not any(there for ((there,),) in self._database.gather(_asked(statement)))

    def row_counts(self) -> dict[str, int]:
        """The number of rows of each of the main tables, counted."""
        tables = ("video", "scene", "moment", "embedding")

        def count(part: Database) -> dict[str, int]:
            with part.reading_session() as session:
                return {
                    t: session.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0 for t in tables
                }

        found = self._database.gather(count)
        return {table: sum(own[table] for own in found) for table in tables}


def _asked(statement: str) -> Callable[[Database], list[Row]]:
    return lambda part: part.rows(statement)


def _video_info(video: Video, origin: str) -> VideoInfo:
    first = min(
        video.files,
        key=lambda f: (f.missing_since is not None, f.origin != origin, f.seen_at, f.path),
        default=None,
    )
    return VideoInfo(
        id=video.id,
        path=place_of(first.origin, first.path) if first else "",
        origin=first.origin if first else "",
        title=video.title,
        status=video.status,
        reason=video.reason,
        duration_s=video.duration_s,
        width_px=video.width_px,
        height_px=video.height_px,
        frame_rate=video.frame_rate,
        container=video.container,
        video_codec=video.video_codec,
        audio_codec=video.audio_codec,
        language=video.language,
        num_scenes=video.num_scenes,
        content_hash=video.content_hash,
        recorded_at=video.recorded_at,
        tags=tuple(tag.name for tag in video.tags),
        ingested_at=video.ingested_at,
        missing_since=video.missing_since,
        again=video.again,
        notes=tuple(video.notes),
        clock=None if video.clock is None else tuple((at, stamp) for at, stamp in video.clock),
        streams=Streams.of_json(video.streams),
    )
