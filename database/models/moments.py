"""Scenes, and what lies within them."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Computed,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, values


class MomentKind(StrEnum):
    """What a moment is. A new modality is one member here and one producer in `ingest/`."""

    KEYFRAME = "keyframe"
    SPEECH = "speech"
    OCR = "ocr"
    SPAN = "span"
    """A part of a scene, short enough to be seen by a video model at once."""
    SUBTITLE = "subtitle"
    """A line of a subtitle track, or of a subtitle file beside the video."""
    CHAPTER = "chapter"
    """The title of a chapter, over its time."""
    TITLE = "title"
    """The title of a video and the name of its file, in its first scene."""
    DESCRIPTION = "description"
    """What a vision model says of a keyframe, at the keyframe's time and with its picture."""


DESCRIBED = "moment.kind = 'description' AND moment.made_by IS NOT NULL"
"""The condition of a description; the second part is what its indexes go by."""
PENDING_KB = 64
"""Of what was added last to an index of words, and each search reads from end to end until it is
sorted in: the least there is."""
SORT_IN = """
    SELECT gin_clean_pending_list(pg_class.oid) FROM pg_class
    JOIN pg_am ON pg_am.oid = relam AND amname = 'gin'
    WHERE relkind = 'i' AND relnamespace = current_schema()::regnamespace
    AND pg_has_role(relowner, 'USAGE')"""
_PENDING = {"gin_pending_list_limit": PENDING_KB}


class Scene(Base):
    """The span between two detected cuts, half open."""

    __tablename__ = "scene"
    __table_args__ = (
        UniqueConstraint("video_id", "position", name="scene_video_id_position_key"),
        Index("scene_id_idx", "id"),
    )

    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    """One of a sequence, and so enough to name a scene; keys have the video for the sake of those
    who distribute tables by it."""
    position: Mapped[int]
    """From 0, in the order of time."""
    start_s: Mapped[float]
    end_s: Mapped[float]


class Moment(Base):
    """Anything placed in time that can be embedded or matched, half open."""

    __tablename__ = "moment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["video_id", "scene_id"], ["scene.video_id", "scene.id"], ondelete="CASCADE"
        ),
        Index("moment_tsv_idx", "tsv", postgresql_using="gin", postgresql_with=_PENDING),
        Index("moment_id_idx", "id"),
        Index(
            "moment_speech_idx",
            "video_id",
            "start_s",
            "id",
            postgresql_where=text("kind = 'speech'"),
        ),
        Index(
            "moment_description_idx",
            "video_id",
            "start_s",
            "id",
            postgresql_where=text("made_by IS NOT NULL"),
        ),
        Index(
            "moment_description_tsv_idx",
            "tsv",
            postgresql_using="gin",
            postgresql_with=_PENDING,
            postgresql_where=text("made_by IS NOT NULL"),
        ),
    )

    video_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    """One of a sequence, as those of scenes are."""
    scene_id: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[MomentKind] = mapped_column(
        Enum(MomentKind, name="moment_kind", values_callable=values)
    )
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    track: Mapped[str | None] = mapped_column(Text)
    """Of speech, the name of the sound track or channel that it was heard on, where a recording
    has several; NULL for the track that people hear first as a whole. Of subtitles, the name of
    their track, if it has one."""
    words: Mapped[list[list[float]] | None] = mapped_column(JSONB)
    """Of speech, when each word is said: [first, start_s, end_s], where `first` is the position in
    `text` of the word's first character."""
    image_path: Mapped[str | None] = mapped_column(Text)
    """A JPEG, relative to the keyframes folder."""
    look: Mapped[int | None] = mapped_column(BigInteger)
    """A keyframe's difference hash; near-identical pictures differ in few bits."""
    boxes: Mapped[list[list[float]] | None] = mapped_column(JSONB)
    """Of on-screen text, where each line stands: [left, top, right, bottom], parts of the
    picture's width and height."""
    made_by: Mapped[str | None] = mapped_column(Text)
    """Of a description, the model that wrote it, and its digest or revision."""
    tsv: Mapped[Any] = mapped_column(
        TSVECTOR, Computed("words_vector(language, text)", persisted=True)
    )
