"""Who may ask the API."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Enum, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, values


class ApiScope(StrEnum):
    """What somebody with an API key may do; each may what those before it may."""

    READ = "read"
    """Search, and see what the library holds."""
    WRITE = "write"
    """Judge, tag, send pictures, forget videos or have them made anew."""
    ADMIN = "admin"
    """All else."""


class ApiKey(Base):
    """A key by which a person or program may ask the API; only its hash is here."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256."""
    scope: Mapped[ApiScope] = mapped_column(
        Enum(ApiScope, name="api_scope", values_callable=values)
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last time, to the minute."""


class ApiSession(Base):
    """A browser that has logged in by a key; it ends with the key."""

    __tablename__ = "api_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    """SHA-256 of what its cookie holds."""
    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
