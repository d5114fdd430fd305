"""The spaces of a library: which it has, which of them are searched, and what each still lacks.

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
from database.models import Moment, MomentKind, SpaceState, StoredSpace
from database.server.connection import SWITCH_LOCK, Database
from database.spaces.partitions import create_space, drop_space, partition_name
from embeddings.space import Input, Modality, Space

KINDS = {
    Input.TEXT: (MomentKind.SPEECH, MomentKind.OCR),
    Input.IMAGE: (MomentKind.KEYFRAME,),
    Input.CLIP: (MomentKind.SPAN,),
}
"""The moments that a space embeds, by what it takes."""
NEVER_EMPTY = ("text", "vision")
"""Slots in which a space is active at all times."""
_FILL_LOCK = 730_580_887
"""Class of the advisory locks that let one process at a time fill a space."""


@dataclass(frozen=True)
class SpaceInfo:
    """A space as a library holds it."""

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


@dataclass(frozen=True)
class Coverage:
    """How many of the moments that a space should hold it does hold."""

    embedded: int
    wanted: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.embedded >= self.wanted


@dataclass(frozen=True)
class MissingMoment:
    """A moment that a space should hold and does not; times in seconds, half open."""

    id: int
    video_id: int
    start_s: float
    end_s: float
    text: str | None
    image_path: str | None


class Spaces:
    """Reads and changes the spaces of a library. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, SpaceInfo]:
        """Every space of the library, by key."""
        statement = sa.select(StoredSpace.__table__).order_by(StoredSpace.key)
        with self._database.reading() as connection:
            return {row.key: _info(row) for row in connection.execute(statement)}

    def add(self, spaces: Iterable[Space]) -> None:
        """Makes room for these spaces, as far as it is not there: they begin to fill, and those
        that were retired fill again.

        Raises SpaceMismatch if one is there with another model, revision or dimension.
        """
        with self._switching() as session:
            for space in spaces:
                row = session.get(StoredSpace, space.key)
                if row is None:
                    create_space(session.connection(), space)
                else:
                    require_same(_info(row), space)
                    if row.state is SpaceState.RETIRED:
                        row.state = SpaceState.FILLING

    def coverage(self, key: str) -> Coverage:
        """Raises UnknownStoredSpace."""
        with self._patient() as session:
            return _coverage(session, _get(session, key))

    def num_wanted(self, takes: Input) -> int:
        """How many moments a space that takes such input should hold."""
        with self._patient() as session:
            return _num_wanted(session, takes)

    def moments_missing(
        self, key: str, *, limit: int, after_id: int = 0, video_id: int | None = None
    ) -> list[MissingMoment]:
        """Moments that a space should hold and does not, by id, from the one after `after_id`.

        Raises UnknownStoredSpace.
        """
        with self._patient() as session:
            row = _get(session, key)
            return _missing(session, row, limit=limit, after_id=after_id, video_id=video_id)

    def save_vectors(self, key: str, vectors: Mapping[int, npt.NDArray[np.float32]]) -> None:
        """Stores vectors of moments by their ids; those of moments that have gone are left out."""
        rows = [(key, HalfVector(vector), moment_id) for moment_id, vector in vectors.items()]
        with self._database.connection() as connection:
            connection.cursor().executemany(
                "INSERT INTO embedding (moment_id, space, vector) SELECT id, %s, %s "
                "FROM moment WHERE id = %s FOR KEY SHARE ON CONFLICT DO NOTHING",
                rows,
            )

    @contextmanager
    def filling(self, key: str) -> Iterator[None]:
        """Lets nobody else fill this space meanwhile. Raises SpaceBusy."""
        lock = sa.text("SELECT pg_try_advisory_lock(:lock, hashtext(:key))")
        with self._database.lock_connection() as connection:
            if not connection.scalar(lock, {"lock": _FILL_LOCK, "key": key}):
                raise SpaceBusy(f"{key} is being filled by another process: let it end")
            yield

    def activate(self, *keys: str) -> None:
        """Makes each the space that its slot is searched in, all from one moment to the next.

        Those before are retired. Raises SpaceIncomplete, UnknownStoredSpace.
        """
        with self._switching() as session:
            for key in keys:
                _activate(session, _get(session, key))

    def rollback(self, *keys: str) -> list[str]:
        """Makes active again what was so before each of these active spaces, all from one moment
        to the next; returns the keys. Raises SpaceIncomplete, SpaceInUse, UnknownStoredSpace."""
        with self._switching() as session:
            before = [_before(session, _get(session, key)) for key in keys]
            for row in before:
                _activate(session, row)
            return [row.key for row in before]

    def drop(self, key: str) -> None:
        """Removes a space with its vectors. Raises SpaceBusy, UnknownStoredSpace, and SpaceInUse
        for the active one of a slot that is never empty."""
        with self._switching() as session:
            lock = sa.text("SELECT pg_try_advisory_xact_lock(:lock, hashtext(:key))")
            if not session.scalar(lock, {"lock": _FILL_LOCK, "key": key}):
                raise SpaceBusy(f"{key} is being filled by another process: let it end")
            row = _get(session, key)
            if row.state is SpaceState.ACTIVE and row.slot in NEVER_EMPTY:
                raise SpaceInUse(
                    f"{key} is searched: make another space of its slot active first, with "
                    "python -m ingest.backfill --space KEY --activate"
                )
            drop_space(session.connection(), key)

    def sample_vectors(self, key: str, limit: int) -> npt.NDArray[np.float32]:
        """Up to `limit` vectors of a space, evenly spread over its rows: float32 [n, dim]."""
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
        """Keeps how what is unrelated scores in a space."""
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
        """A transaction that may take its time: a large library takes long to count."""
        with self._database.session() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))
            yield session


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
            f"the library has no space {key}: fill it with python -m ingest.backfill --space {key}"
        )
    return row


def _coverage(session: Session, row: StoredSpace) -> Coverage:
    embedded = session.scalar(sa.text(f"SELECT count(*) FROM {partition_name(row.key)}"))
    return Coverage(embedded or 0, _num_wanted(session, Input(row.input)))


def _missing(
    session: Session,
    row: StoredSpace,
    *,
    limit: int,
    after_id: int = 0,
    video_id: int | None = None,
) -> list[MissingMoment]:
    statement = sa.text(
        "SELECT moment.id, video_id, moment.start_s, moment.end_s, text, image_path "
        "FROM moment JOIN scene ON scene.id = scene_id WHERE moment.id > :after_id "
        "AND kind = ANY(CAST(:kinds AS moment_kind[])) "
        "AND (CAST(:video_id AS bigint) IS NULL OR video_id = :video_id) "
        f"AND NOT EXISTS (SELECT FROM {partition_name(row.key)} WHERE moment_id = moment.id) "
        "ORDER BY moment.id LIMIT :limit"
    )
    kinds = [kind.value for kind in KINDS[Input(row.input)]]
    values = {"after_id": after_id, "kinds": kinds, "video_id": video_id, "limit": limit}
    return [MissingMoment(*found) for found in session.execute(statement, values)]


def _num_wanted(session: Session, takes: Input) -> int:
    query = sa.select(sa.func.count()).select_from(Moment).where(Moment.kind.in_(KINDS[takes]))
    return session.scalar(query) or 0


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
    if _missing(session, row, limit=1):
        coverage = _coverage(session, row)
        raise SpaceIncomplete(
            f"{row.key} holds {coverage.embedded} of {coverage.wanted} moments: complete it first, "
            f"with python -m ingest.backfill --space {row.key}"
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
            f"or the old vectors removed with python -m ingest.backfill --space {stored.key} --drop"
        )
