"""The spaces of a library, and the switch from one to another.

A space fills up in the shadow; once it is complete it can be made the active one of its slot, in
one transaction, and the one before is kept, retired, until it is dropped.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import Session

from database.errors import SpaceBusy, SpaceInUse, SpaceMismatch
from database.models import SpaceState, StoredSpace
from database.server.connection import Database
from database.server.sqlstates import translated_errors
from database.spaces.coverage import (
    EVERYWHERE,
    Coverage,
    MissingMoment,
    MomentRange,
    count_new,
    count_wanted,
    is_counted,
    lacks_moments,
    missing_moments,
    missing_ranges,
    read_coverage,
)
from database.spaces.indexing import build_index, candidates_for, has_index
from database.spaces.partitions import create_space, drop_space, partition_name
from database.spaces.switching import (
    find_before,
    get_stored,
    is_complete,
    require_complete,
    switch_to,
)
from database.spaces.vectors import insert_vectors, joined, sample_vectors
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
    bit_candidates: int | None
    """It is indexed by bits, and so many of their nearest are compared exactly; None: its index
    holds half floats."""
    null_statistics: dict[str, Any] | None
    """How background queries score in it (ingest/library/null_statistics.py); None before any."""


class Spaces:
    """The table `space` and its partitions; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, SpaceInfo]:
        """Every space of the library, by key."""
        statement = sa.select(StoredSpace.__table__).order_by(StoredSpace.key)
        with self._database.home.reading() as connection:
            return {row.key: _info(row) for row in connection.execute(statement)}

    def get(self, key: str) -> SpaceInfo:
        """One space of the library. Raises UnknownStoredSpace."""
        with self._database.session() as session:
            return _info(get_stored(session, key))

    def active(self) -> list[str]:
        """The keys of those that are searched."""
        return [key for key, info in self.all().items() if info.state is SpaceState.ACTIVE]

    def add(self, spaces: Sequence[Space]) -> None:
        """Partitions for these spaces, as far as there are none: they begin to fill. Those that
        were retired fill again.

        Raises SpaceMismatch if one is there with another revision, dimension or weights.
        """
        stored = self.all()
        for space in spaces:
            if space.key in stored:
                require_same(stored[space.key], space)
        ready = {key for key, info in stored.items() if info.state is not SpaceState.RETIRED}
        if any(space.key not in ready for space in spaces):
            with self._switching() as session:
                for space in spaces:
                    _add(session, space)
        for space in spaces:
            self._count(space)

    def coverage(self, key: str) -> Coverage:
        """How much of what it should hold a space holds. Raises UnknownStoredSpace."""

        def read(part: Database) -> Coverage:
            with _patient(part) as session:
                return read_coverage(session, get_stored(session, key).key)

        found = self._database.gather(read)
        return Coverage(sum(own.embedded for own in found), sum(own.wanted for own in found))

    def num_wanted(self, takes: Input) -> int:
        """How many moments a space of this input should hold, whether it is there or not."""

        def count(part: Database) -> int:
            with _patient(part) as session:
                return count_wanted(session, takes)

        return sum(self._database.gather(count))

    def moments_missing(
        self,
        key: str,
        *,
        limit: int,
        within: MomentRange = EVERYWHERE,
        video_id: int | None = None,
    ) -> list[MissingMoment]:
        """The first moments of a range that a space should hold and does not, by the ids of video
        and moment.

        Raises UnknownStoredSpace.
        """
        with _patient(self._database) as session:
            row = get_stored(session, key)
            return missing_moments(session, row, limit=limit, within=within, video_id=video_id)

    def ranges_missing(self, key: str, size: int) -> list[MomentRange]:
        """What a space lacks in ranges of about `size` moments, to be filled side by side; none of
        a complete one. Raises UnknownStoredSpace."""
        with _patient(self._database) as session:
            row = get_stored(session, key)
            return missing_ranges(session, row, size) if lacks_moments(session, key) else []

    def save_vectors(self, key: str, vectors: Mapping[int, npt.NDArray[np.float32]]) -> None:
        """Vectors, float32 [dim], of moments by their ids. Left out are those of moments that
        were removed since they were read, and those that are there already."""
        if vectors:
            with self._database.connection() as connection:
                insert_vectors(connection, key, vectors)

    @contextmanager
    def filling(self, key: str) -> Iterator[None]:
        """A lock: one process at a time fills a space, indexes or drops it. It ends with the
        process, too. Raises SpaceBusy."""
        with self._locked(key):
            yield

    def is_complete(self, key: str) -> bool:
        """Whether a space lacks nothing of the videos that are there. Raises UnknownStoredSpace."""

        def ask(part: Database) -> bool:
            with _patient(part) as session:
                return is_complete(session, get_stored(session, key).key)

        return all(self._database.gather(ask))

    def is_empty(self, key: str) -> bool:
        """Whether a space holds no vector."""
        statement = f"SELECT EXISTS (TABLE {partition_name(key)})"
        return not any(self._database.gather(lambda part: part.rows(statement)[0][0]))

    def lacks_index(self, key: str) -> bool:
        """Whether a space has no index, or one that a build which was cut off has left. Raises
        UnknownStoredSpace."""
        with _patient(self._database) as session:
            bits = get_stored(session, key).bit_candidates is not None
            return not has_index(session.connection(), key, bits=bits)

    def index(self, key: str) -> None:
        """Builds the index of a space, if it lacks one, while others read and write it; whether it
        is of bits, the size says of a space that was never searched. Raises SpaceBusy,
        UnknownStoredSpace."""
        if not self.lacks_index(key):
            return
        with _patient(self._database) as session:
            row = get_stored(session, key)
            if row.activated_at is None:
                row.bit_candidates = candidates_for(read_coverage(session, key).embedded)
            dim, bits = row.dim, row.bit_candidates is not None
        with self._locked(key) as connection, translated_errors(self._database.description):
            if not has_index(connection, key, bits=bits):
                build_index(connection, key, dim, bits=bits, embedded=self._database.embedded)

    def activate(self, *keys: str) -> None:
        """Makes each the searched space of its slot, in one transaction, and retires those before
        them; before it, those that lack their index are indexed.
        Raises SpaceBusy, SpaceIncomplete, UnknownStoredSpace."""
        with _patient(self._database) as session:
            for row in [get_stored(session, key) for key in keys]:
                require_complete(session, row)
        for key in keys:
            self.index(key)
        with self._switching() as session:
            for key in keys:
                switch_to(session, get_stored(session, key))

    def rollback(self, *keys: str) -> list[str]:
        """Makes active again what was so before each of these active spaces, in one transaction;
        returns the keys. Raises as `activate` does, and SpaceInUse."""
        with _patient(self._database) as session:
            before = [find_before(session, get_stored(session, key)).key for key in keys]
        self.activate(*before)
        return before

    def drop(self, key: str) -> None:
        """Removes a space with its vectors. Raises SpaceBusy, UnknownStoredSpace, and SpaceInUse
        for the active one of a slot that is never empty."""
        with self._switching() as session:
            _lock_or_refuse(session, "pg_try_advisory_xact_lock", key)
            row = get_stored(session, key)
            if row.state is SpaceState.ACTIVE and row.slot in NEVER_EMPTY:
                raise SpaceInUse(
                    f"{key} is searched: make another space of its slot active first, with "
                    "python -m ingest.backfill --spaces KEY --activate"
                )
            drop_space(session.connection(), key)

    def sample_vectors(self, key: str, limit: int) -> npt.NDArray[np.float32]:
        """Up to `limit` vectors of a space, float32 [n, dim], spread over its moments by id, and so
        over its videos; [0, 0] of an empty space."""

        def sample(part: Database) -> npt.NDArray[np.float32]:
            with _patient(part) as session:
                return sample_vectors(session, key, limit)

        return joined(self._database.gather(sample), limit)

    def save_null_statistics(self, key: str, statistics: dict[str, Any]) -> None:
        """The null distributions of a space, as search/retrieval/calibrate.py reads them."""
        statement = sa.update(StoredSpace).where(StoredSpace.key == key)
        for part in self._database.parts:
            with part.session() as session:
                session.execute(statement.values(null_statistics=statistics))

    def _count(self, space: Space) -> None:
        """Counts the videos that were not, some at a time: a library is large, and goes on."""
        with _patient(self._database) as session:
            last = None if is_counted(session, space.key) else 0
        while last is not None:
            with _patient(self._database) as session:
                last = count_new(session, space, last)

    @contextmanager
    def _locked(self, key: str) -> Iterator[sa.Connection]:
        """What `filling` does, with the connection that holds the lock."""
        with self._database.lock_connection() as connection:
            with translated_errors(self._database.description):
                _lock_or_refuse(connection, "pg_try_advisory_lock", key)
            yield connection

    @contextmanager
    def _switching(self) -> Iterator[Session]:
        """A transaction during which no video is stored and no other space changes."""
        with _patient(self._database) as session:
            session.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWITCH_LOCK})
            yield session


@contextmanager
def _patient(database: Database) -> Iterator[Session]:
    """A transaction without a time limit: a large library takes long to count."""
    with database.session() as session:
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
        bit_candidates=row.bit_candidates,
        null_statistics=row.null_statistics,
    )


def _add(session: Session, space: Space) -> None:
    row = session.get(StoredSpace, space.key)
    if row is None:
        create_space(session.connection(), space)
    else:
        require_same(_info(row), space)
        if row.state is SpaceState.RETIRED:
            row.state = SpaceState.FILLING


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
