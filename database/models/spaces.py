"""Spaces, their vectors, and how complete each is."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, values


class SpaceState(StrEnum):
    """What a library does with a space."""

    FILLING = "filling"
    """New videos are embedded in it, too, but it is not searched yet."""
    ACTIVE = "active"
    """It is searched, and complete."""
    RETIRED = "retired"
    """It was active before; kept as it was."""


class StoredSpace(Base):
    """A space that this database has a partition for."""

    __tablename__ = "space"
    __table_args__ = (
        Index(
            "space_active_slot_key",
            "slot",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        CheckConstraint("bit_candidates BETWEEN 10 AND 1000", name="space_bit_candidates_check"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[str] = mapped_column(Text)
    state: Mapped[SpaceState] = mapped_column(
        Enum(SpaceState, name="space_state", values_callable=values),
        server_default=SpaceState.FILLING.value,
    )
    activated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last time."""
    input: Mapped[str] = mapped_column(Text)
    modality: Mapped[str] = mapped_column(Text)
    dim: Mapped[int]
    model: Mapped[str] = mapped_column(Text)
    revision: Mapped[str] = mapped_column(Text)
    weights_sha256: Mapped[str] = mapped_column(Text)
    bit_candidates: Mapped[int | None]
    """It is indexed by bits, and so many of their nearest are compared exactly; NULL: its index
    holds half floats."""
    null_statistics: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """How background queries score here (search/retrieval/calibrate.py), over how many vectors."""


class Embedding(Base):
    """A unit vector of a moment in a space; list-partitioned by space."""

    __tablename__ = "embedding"
    __table_args__ = (
        ForeignKeyConstraint(
            ["video_id", "moment_id"], ["moment.video_id", "moment.id"], ondelete="CASCADE"
        ),
        {"postgresql_partition_by": "LIST (space)"},
    )

    video_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    moment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    space: Mapped[str] = mapped_column(ForeignKey("space.key"), primary_key=True)
    vector: Mapped[Any] = mapped_column(HALFVEC)


class StoredCoverage(Base):
    """How many moments of a video a space should hold, and holds: counted whenever a video or its
    vectors are stored, so that nobody has to count them all."""

    __tablename__ = "coverage"
    __table_args__ = (
        Index("coverage_lacking_idx", "space", postgresql_where=text("embedded < wanted")),
    )

    space: Mapped[str] = mapped_column(
        ForeignKey("space.key", ondelete="CASCADE"), primary_key=True
    )
    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    wanted: Mapped[int]
    embedded: Mapped[int]
