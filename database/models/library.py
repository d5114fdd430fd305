"""What concerns a library as a whole: its version, and what people have said of hits."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, LargeBinary, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base


class LibraryVersion(Base):
    """One row with a number that triggers raise whenever answers may change."""

    __tablename__ = "library"
    __table_args__ = (CheckConstraint("single", name="single"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(BigInteger)


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
