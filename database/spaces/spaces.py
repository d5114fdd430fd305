"""The spaces of a library, and the switch from one to another.

A space fills up in the shadow; once it is complete it can be made the active one of its slot, in
one transaction, and the one before is kept, retired, until it is dropped.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from pgvector import HalfVector
from sqlalchemy.orm import Session

from database.errors import (
    SpaceBusy,
    SpaceIncomplete,
    SpaceInUse,
    SpaceMismatch,
    UnknownStoredSpace,
)
from database.models import SpaceState, StoredSpace
from database.server.connection import Database
from database.server.sqlstates import translated_errors
from database.spaces.coverage import (
    Coverage,
    MissingMoment,
    count_space,
    count_video,
    count_wanted,
    missing_moments,
    read_coverage,
)
from database.spaces.partitions import create_space, drop_space, partition_name
from embeddings.space import Input, Modality, Space

NEVER_EMPTY = ("text", "vision")
"""Slots in which a space is active at all times."""
SWITCH_LOCK = 7_305_808_870
"""Advisory lock: shared while a video is stored, exclusive while spaces change."""
_FILL_LOCK = 730_580_887
"""Class of the advisory locks that let one process at a time fill a space."""


@dataclass(frozen=True)
class SpaceInfo:
    """A row of the table `space`, detached: the model that a library's vectors are of, which may
    not be the one that this code has under that key."""

    key: str
    slot: str
    modality: Modality
    input: Input
    dim: int
    model: str
    revision: str
    weights_sha256: str
    state: SpaceState
    null_statistics: dict[str, Any] | None
    """How background queries score in it (ingest/library/null_statistics.py); None before any."""


class Spaces:
    """The table `space` and its partitions; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, SpaceInfo]:
        """Every space of the library, by key."""
        statement = sa.select(StoredSpace.__table__).order_by(StoredSpace.key)
        with self._database.reading() as connection:
            return {row.key: _info(row) for row in connection.execute(statement)}

    def add(self, spaces: Iterable[Space]) -> None:
        """Partitions for these spaces, as far as there are none: they begin to fill. Those that
        were retired fill again.

        Raises SpaceMismatch if one is there with another revision, dimension or weights.
        """
        with self._switching() as session:
            for space in spaces:
                row = session.get(StoredSpace, space.key)
                if row is None:
                    create_space(session.connection(), space)
                    count_space(session, space.key)
                else:
                    require_same(_info(row), space)
                    if row.state is SpaceState.RETIRED:
                        row.state = SpaceState.FILLING

    def coverage(self, key: str) -> Coverage:
        """How much of what it should hold a space holds. Raises UnknownStoredSpace."""
        with self._patient() as session:
            return read_coverage(session, _get(session, key).key)

    def num_wanted(self, takes: Input) -> int:
        """How many moments a space of this input should hold, whether it is there or not."""
        with self._patient() as session:
            return count_wanted(session, takes)

    def moments_missing(
        self,
        key: str,
        *,
        limit: int,
        after: tuple[int, int] = (0, 0),
        video_id: int | None = None,
    ) -> list[MissingMoment]:
        """Moments that a space should hold and does not, by the ids of video and moment, from the
        one after `after`.

        Raises UnknownStoredSpace.
        """
        with self._patient() as session:
            row = _get(session, key)
            return missing_moments(session, row, limit=limit, after=after, video_id=video_id)

    def save_vectors(self, key: str, vectors: Mapping[int, npt.NDArray[np.float32]]) -> None:
        """Vectors, float32 [dim], of moments by their ids. Left out are those of moments that
        were removed since they were read, and those that are there already."""
        rows = [(key, HalfVector(vector), moment_id) for moment_id, vector in vectors.items()]
        with self._database.connection() as connection:
            connection.cursor().executemany(
                "INSERT INTO embedding (video_id, moment_id, space, vector) "
                "SELECT video_id, id, %s, %s "
                "FROM moment WHERE id = %s FOR KEY SHARE ON CONFLICT DO NOTHING",
                rows,
            )
            videos = connection.execute(
                "SELECT DISTINCT video_id FROM moment WHERE id = ANY(%s) ORDER BY 1",
                (list(vectors),),
            )
            for (video_id,) in videos.fetchall():
                count_video(connection, video_id)

    @contextmanager
    def filling(self, key: str) -> Iterator[None]:
        """A lock: one process at a time fills a space, or drops it. It ends with the process, too.
        Raises SpaceBusy."""
        with self._database.lock_connection() as connection:
            with translated_errors(self._database.description):
                _lock_or_refuse(connection, "pg_try_advisory_lock", key)
            yield

    def activate(self, *keys: str) -> None:
        """Makes each the searched space of its slot, in one transaction, and retires those before
        them. Raises SpaceIncomplete, UnknownStoredSpace."""
        with self._switching() as session:
            for key in keys:
                _activate(session, _get(session, key))

    def rollback(self, *keys: str) -> list[str]:
        """Makes active again what was so before each of these active spaces, in one transaction;
        returns the keys. Raises SpaceIncomplete, SpaceInUse, UnknownStoredSpace."""
        with self._switching() as session:
            before = [_before(session, _get(session, key)) for key in keys]
            for row in before:
                _activate(session, row)
            return [row.key for row in before]

    def drop(self, key: str) -> None:
        """Removes a space with its vectors. Raises SpaceBusy, UnknownStoredSpace, and SpaceInUse
        for the active one of a slot that is never empty."""
        with self._switching() as session:
            _lock_or_refuse(session, "pg_try_advisory_xact_lock", key)
            row = _get(session, key)
            if row.state is SpaceState.ACTIVE and row.slot in NEVER_EMPTY:
                raise SpaceInUse(
                    f"{key} is searched: make another space of its slot active first, with "
                    "python -m ingest.backfill --spaces KEY --activate"
                )
            drop_space(session.connection(), key)

    def sample_vectors(self, key: str, limit: int) -> npt.NDArray[np.float32]:
        """Up to `limit` vectors of a space, float32 [n, dim], evenly spread over its moments by
        id, and so over its videos; [0, 0] of an empty space."""
        statement = sa.text(
            f"SELECT vector FROM (SELECT vector, row_number() OVER (ORDER BY moment_id) AS n, "
            f"count(*) OVER () AS total FROM {partition_name(key)}) AS numbered "
            "WHERE n % greatest(total / :limit, 1) = 0 LIMIT :limit"
        )
        with self._patient() as session:
            rows = session.execute(statement, {"limit": limit}).scalars().all()
        if not rows:
            return np.empty((0, 0), np.float32)
        return np.stack([row.to_numpy() for row in rows]).astype(np.float32)

    def save_null_statistics(self, key: str, statistics: dict[str, Any]) -> None:
        """The null distributions of a space, as search/retrieval/calibrate.py reads them."""
        with self._database.session() as session:
            session.execute(
                sa.update(StoredSpace)
                .where(StoredSpace.key == key)
                .values(null_statistics=statistics)
            )

    @contextmanager
    def _switching(self) -> Iterator[Session]:
        """A transaction during which no video is stored and no other space changes."""
        with self._patient() as session:
            session.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWITCH_LOCK})
            yield session

    @contextmanager
    def _patient(self) -> Iterator[Session]:
        """A transaction without a time limit: a large library takes long to count."""
        with self._database.session() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))
            yield session


def _lock_or_refuse(connection: sa.Connection | Session, function: str, key: str) -> None:
    lock = sa.text(f"SELECT {function}(:lock, hashtext(:key))")
    if not connection.scalar(lock, {"lock": _FILL_LOCK, "key": key}):
        raise SpaceBusy(f"{key} is being filled by another process: let it end")


def _info(row: StoredSpace | sa.Row[Any]) -> SpaceInfo:
    return SpaceInfo(
        key=row.key,
        slot=row.slot,
        modality=Modality(row.modality),
        input=Input(row.input),
        dim=row.dim,
        model=row.model,
        revision=row.revision,
        weights_sha256=row.weights_sha256,
        state=row.state,
        null_statistics=row.null_statistics,
    )


def _get(session: Session, key: str) -> StoredSpace:
    row = session.get(StoredSpace, key)
    if row is None:
        raise UnknownStoredSpace(
            f"the library has no space {key}: fill it with python -m ingest.backfill --spaces {key}"
        )
    return row


def _before(session: Session, row: StoredSpace) -> StoredSpace:
    if row.state is not SpaceState.ACTIVE:
        raise SpaceInUse(f"{row.key} is not searched: there is nothing to take back")
    before = session.scalar(
        sa.select(StoredSpace)
        .where(
            StoredSpace.slot == row.slot,
            StoredSpace.state != SpaceState.ACTIVE,
            StoredSpace.activated_at.is_not(None),
        )
        .order_by(StoredSpace.activated_at.desc())
        .limit(1)
    )
    if before is None:
        raise UnknownStoredSpace(f"no space was active before in the slot {row.slot}")
    return before


def _activate(session: Session, row: StoredSpace) -> None:
    if row.state is SpaceState.ACTIVE:
        return
    if missing_moments(session, row, limit=1):
        coverage = read_coverage(session, row.key)
        raise SpaceIncomplete(
            f"{row.key} holds {coverage.embedded} of {coverage.wanted} moments: complete it first, "
            f"with python -m ingest.backfill --spaces {row.key}"
        )
    session.execute(
        sa.update(StoredSpace)
        .where(StoredSpace.slot == row.slot, StoredSpace.state == SpaceState.ACTIVE)
        .values(state=SpaceState.RETIRED)
    )
    row.state = SpaceState.ACTIVE
    row.activated_at = sa.func.clock_timestamp()


def require_same(stored: SpaceInfo, space: Space) -> None:
    """Raises SpaceMismatch if a library's space is of another model than this code's."""
    known = (space.dim, space.revision, space.weights.sha256 or "")
    if (stored.dim, stored.revision, stored.weights_sha256) != known:
        raise SpaceMismatch(
            f"the library holds vectors of {stored.key} of another model ({stored.model} at "
            f"{stored.revision}, dimension {stored.dim}): a changed model needs a key of its own, "
            "or the old vectors removed with "
            f"python -m ingest.backfill --spaces {stored.key} --drop"
        )
