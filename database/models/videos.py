"""Recordings, their files, their subtitles as a whole, and tags."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Enum, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from database.models.base import Base, values


class VideoStatus(StrEnum):
    """How the ingest of a video's content ended. Rows appear only when it has ended."""

    DONE = "done"
    PARTIAL = "partial"


class FileStatus(StrEnum):
    """The outcome of a file."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


class Video(Base):
    """A recording, known by the hash of its content; files are where it lies."""

    __tablename__ = "video"
    __table_args__ = (
        Index("video_ingested_at_idx", text("ingested_at DESC"), text("id DESC")),
        Index("video_missing_idx", "id", postgresql_where=text("missing_since IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content_hash: Mapped[str] = mapped_column(Text, unique=True)
    """SHA-256 of the file, in hex."""
    status: Mapped[VideoStatus] = mapped_column(
        Enum(VideoStatus, name="video_status", values_callable=values)
    )
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it is partial."""
    notes: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What was corrected while it was read, each in words; no faults."""
    title: Mapped[str] = mapped_column(Text)
    """The container's own, or the name of the file that is shown, without its suffix."""
    file_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    """The name of that file as the title and the TITLE moment have it: settled at the end of each
    ingest."""
    container: Mapped[str] = mapped_column(Text)
    video_codec: Mapped[str | None] = mapped_column(Text)
    audio_codec: Mapped[str | None] = mapped_column(Text)
    width_px: Mapped[int | None]
    """As shown, after rotation."""
    height_px: Mapped[int | None]
    frame_rate: Mapped[float | None]
    """Frames per second, on average, as decoded."""
    duration_s: Mapped[float]
    """As decoded, not as the header claims."""
    clock: Mapped[list[list[float]] | None] = mapped_column(JSONB)
    """Where its times are not the file's own stamps: pairs [time_s, stamp_s], in order; from
    `time_s` on, the file says stamp_s + (t - time_s). NULL where they are."""
    streams: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What is played of the file (database/videos/streams.py). NULL until it is read."""
    language: Mapped[str | None] = mapped_column(Text)
    """ISO 639-1 code of most of the speech."""
    num_scenes: Mapped[int]
    """As detected; `check` compares it with the rows."""
    profile: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """As the container says, or else when its file was last changed."""
    ingested_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )

    missing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the last of its files was found missing: from then on no search finds it. Settled at the
    end of each ingest."""
    again: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the next ingest of its file makes it anew."""

    files: Mapped[list["File"]] = relationship(order_by="(File.seen_at, File.path)")
    tags: Mapped[list["Tag"]] = relationship(order_by="Tag.name", passive_deletes="all")


class File(Base):
    """A file that an ingest has seen, with its outcome. Its URI is `origin` and `path` together."""

    __tablename__ = "file"

    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    """Who sees it, and alone can say that it is gone: file://host (database/host.py)."""
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    """Absolute, as that host has it."""
    video_id: Mapped[int | None] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), index=True
    )
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[FileStatus] = mapped_column(
        Enum(FileStatus, name="file_status", values_callable=values)
    )
    reason: Mapped[str | None] = mapped_column(Text)
    sidecars: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """The subtitle files that lay beside it then: name, size_bytes, mtime_ns of each."""
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """When this outcome was found; of a video's places the earliest is the one that is shown."""
    missing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When an ingest of its folder did not find it; NULL while it is there."""
    mount: Mapped[str | None] = mapped_column(Text)
    """The mount point of the file system that it lay on: while that is away, so may the file be.
    NULL of files that were ingested before this was kept."""
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Of the video that was here before, where what is here now is none: for the next one."""


class SubtitleTrack(Base):
    """The subtitles of a video in one language, as a whole: lines that only say what is heard at
    the same time are no moments."""

    __tablename__ = "subtitle_track"

    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    """For people, such as "German" or "English, forced"."""
    language: Mapped[str | None] = mapped_column(Text)
    """ISO 639-1."""
    path: Mapped[str | None] = mapped_column(Text)
    """Of the file beside the video that it was read from; NULL for one within the recording."""
    origin: Mapped[str | None] = mapped_column(Text)
    """Of that file, as `file.origin`."""
    lines: Mapped[list[tuple[float, float, str]]] = mapped_column(JSONB)
    """(start_s, end_s, text) of each, in order."""


class Tag(Base):
    """A word that somebody has given to a video."""

    __tablename__ = "tag"

    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True, index=True)
