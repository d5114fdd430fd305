"""What concerns a library as a whole: its version, and what people have said of hits."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base

LIBRARY_CHANGE = Table(
    "library_change",
    Base.metadata,
    Column("num", BigInteger, nullable=False, server_default=text("1")),
)
"""Changes that answers may show: triggers add a row for each transaction with one, and fold many
rows into one now and then. Their sum is the version of the library: it never falls, and a snapshot
that has it has those changes, too."""


class Shard(Base):
    """One row in each of the databases that a library is spread over; none in one that has a
    library to itself."""

    __tablename__ = "shard"
    __table_args__ = (CheckConstraint("single", name="single"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    number: Mapped[int]
    """From 0; ids that are made here have it as their remainder (database/server/spread.py)."""
    num_shards: Mapped[int]
    """How many there are."""
    departures: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """How many videos have left for another one."""


class Judgement(Base):
    """What somebody has said of a hit: that it is what a query means, or is not.

    By content and time, so that it outlives the rows of an ingest.
    """

    __tablename__ = "judgement"

    query_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the query in UTF-8, which may be longer than a key can be."""
    content_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    start_s: Mapped[float] = mapped_column(primary_key=True)
    end_s: Mapped[float] = mapped_column(primary_key=True)
    query: Mapped[str] = mapped_column(Text)
    relevant: Mapped[bool]
    judged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
