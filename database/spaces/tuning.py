"""What the index of a space finds and how long it takes, of half floats and of bits, measured on
its own vectors; and the change from one kind to the other."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from pgvector import HalfVector

from database.models import StoredSpace
from database.server.connection import Database
from database.server.sqlstates import translated_errors
from database.spaces.indexing import (
    BITS_FROM,
    build_index,
    drop_other_index,
    find_index,
    has_index,
)
from database.spaces.nearest import nearest_sql
from database.spaces.spaces import SpaceInfo, Spaces
from embeddings.encoder import normalise

NUM_QUERIES = 100
"""Which are made of so many vectors of the space."""
CANDIDATES = (50, 100, 200, 400, 800)
WANTED_RECALL = 0.97
_NEAREST = 10


@dataclass(frozen=True)
class Measured:
    """How a space is searched by one kind of index."""

    bit_candidates: int | None
    """None: half floats."""
    recall: float
    """The part of the ten nearest that is found."""
    p50_ms: float
    p95_ms: float
    """Of one leg of a search, warm."""


@dataclass(frozen=True)
class Tuned:
    """A space under both kinds of index."""

    space: str
    num_vectors: int
    before: int | None
    """By which it was searched; None: half floats."""
    kept: int | None
    """By which it is."""
    half_bytes: int
    bits_bytes: int
    measured: tuple[Measured, ...]

    @property
    def best(self) -> int | None:
        """What to search by: half floats (None) while their index is small, then the fewest
        candidates that find enough; half floats, if none do."""
        if self.num_vectors < BITS_FROM:
            return None
        enough = [
            one.bit_candidates
            for one in self.measured
            if one.bit_candidates and one.recall >= WANTED_RECALL
        ]
        return min(enough, default=None)

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "space": self.space,
            "vectors": self.num_vectors,
            "index": _row_name(self.before),
            "bytes": {"half": self.half_bytes, "bits": self.bits_bytes},
            "measured": [
                {
                    "index": _row_name(one.bit_candidates),
                    "recall": round(one.recall, 4),
                    "p50_ms": round(one.p50_ms, 3),
                    "p95_ms": round(one.p95_ms, 3),
                }
                for one in self.measured
            ],
            "best": _row_name(self.best),
            "taken": _row_name(self.kept),
        }

    def as_lines(self) -> str:
        """For people."""
        header = f"{'':<24}{'recall@10':>10}{'p50 ms':>9}{'p95 ms':>9}{'MiB':>10}"
        rows = [
            f"  {named(one.bit_candidates):<22}{one.recall:>10.3f}{one.p50_ms:>9.1f}"
            f"{one.p95_ms:>9.1f}{self._mib(one.bit_candidates):>10,.1f}"
            for one in self.measured
        ]
        title = f"{self.space}: {self.num_vectors:,} vectors, by {named(self.before)} so far"
        return "\n".join([title, header, *rows, self._advice()])

    def _mib(self, bit_candidates: int | None) -> float:
        return (self.half_bytes if bit_candidates is None else self.bits_bytes) / 2**20

    def _advice(self) -> str:
        if self.kept != self.before:
            return f"  {named(self.kept)} from now on"
        if self.best == self.before:
            return f"  best: {named(self.best)}, as it is"
        return (
            f"  best: {named(self.best)}: python -m database tune --space {self.space} --take "
            f"{_row_name(self.best)}"
        )


class Tuning:
    """The kinds of index of the spaces of a library. One process at a time changes a space, while
    others read and write it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._spaces = Spaces(database)

    def tune(self, key: str, *, take: bool) -> Tuned | None:
        """A space under both kinds of index, of which the one that it has not is built; it keeps
        the one that it had, or the best, if that is to be taken. None for an empty space. Raises
        SpaceBusy, UnknownStoredSpace, DatabaseUnsuitable."""
        info = self._spaces.get(key)
        vectors = self._spaces.sample_vectors(key, NUM_QUERIES)
        if not len(vectors):
            return None
        kept = info.bit_candidates
        with self._changing(key) as connection:
            try:
                for bits in (False, True):
                    self._build(connection, info, bits=bits)
                tuned = self._measure(connection, info, vectors)
                if take:
                    kept = tuned.best
            finally:
                self._keep(connection, key, kept)
        return dataclasses.replace(tuned, kept=kept)

    def take(self, key: str, bit_candidates: int | None) -> None:
        """Lets a space be searched by bits with so many candidates, or by half floats. Raises
        SpaceBusy, UnknownStoredSpace, DatabaseUnsuitable."""
        info = self._spaces.get(key)
        with self._changing(key) as connection:
            self._build(connection, info, bits=bit_candidates is not None)
            self._keep(connection, key, bit_candidates)

    @contextmanager
    def _changing(self, key: str) -> Iterator[sa.Connection]:
        """A connection that commits by itself, while nobody else changes the space."""
        with (
            self._spaces.filling(key),
            self._database.lock_connection() as connection,
            translated_errors(self._database.description),
        ):
            connection.execute(sa.text("SET statement_timeout = 0"))
            yield connection

    def _build(self, connection: sa.Connection, info: SpaceInfo, *, bits: bool) -> None:
        if not has_index(connection, info.key, bits=bits):
            embedded = self._database.embedded
            build_index(connection, info.key, info.dim, bits=bits, embedded=embedded)

    def _keep(self, connection: sa.Connection, key: str, bit_candidates: int | None) -> None:
        """Searches go over to this kind of index before the other one is removed."""
        changed = sa.update(StoredSpace).where(
            StoredSpace.key == key, StoredSpace.bit_candidates.is_distinct_from(bit_candidates)
        )
        connection.execute(changed.values(bit_candidates=bit_candidates))
        drop_other_index(connection, key, bits=bit_candidates is not None)

    def _measure(
        self, connection: sa.Connection, info: SpaceInfo, vectors: npt.NDArray[np.float32]
    ) -> Tuned:
        half_bytes, bits_bytes = (_bytes(connection, info.key, bits=bits) for bits in (False, True))
        num, now = self._spaces.coverage(info.key).embedded, info.bit_candidates
        kinds = (None, *CANDIDATES)
        measured = measure_kinds(self._database, info.key, mixed_queries(vectors), kinds)
        return Tuned(info.key, num, now, now, half_bytes, bits_bytes, measured)


def mixed_queries(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Sums of three of these vectors, float32 [n, dim], of unit length. They lie about as far from
    what is stored as texts that people type, which find as much by as many candidates; a stored
    vector finds its own scenes by a few (docs/benchmarks.md)."""
    rng = np.random.default_rng(0)
    others = [vectors[rng.permutation(len(vectors))] for _ in range(2)]
    return normalise(np.sum([vectors, *others], axis=0))


def measure_kinds(
    database: Database,
    key: str,
    queries: npt.NDArray[np.float32],
    kinds: Sequence[int | None],
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Measured, ...]:
    """A space searched by each kind of index, for which there is one, with queries, float32
    [n, dim], and timed by a clock, in seconds. Kinds take turns, so that what else a machine does
    hits all alike."""

    def statement(candidates: int | None, *, exact: bool = False) -> str:
        dim = queries.shape[1]
        return nearest_sql(key, dim, "query", _NEAREST, candidates=candidates, exact=exact)

    def raws(statement: str, query: npt.NDArray[np.float32]) -> list[float]:
        return [raw for *_, raw in database.rows(statement, {"query": HalfVector(query)})]

    everything = statement(None, exact=True)
    statements = [statement(kind) for kind in kinds]
    parts: list[list[float]] = [[] for _ in kinds]
    times_ms: list[list[float]] = [[] for _ in kinds]
    for query in queries:
        wanted = raws(everything, query)
        for number, by_index in enumerate(statements):
            raws(by_index, query)  # warm
            began = clock()
            found = raws(by_index, query)
            times_ms[number].append(1000 * (clock() - began))
            # By how near they are, since equal texts are equally near.
            parts[number].append(sum(raw >= min(wanted) for raw in found) / len(wanted))
    return tuple(
        Measured(kind, float(np.mean(part)), *np.percentile(times, [50, 95]).tolist())
        for kind, part, times in zip(kinds, parts, times_ms, strict=True)
    )


def _bytes(connection: sa.Connection, key: str, *, bits: bool) -> int:
    size = sa.text("SELECT pg_relation_size(CAST(:index AS regclass))")
    return connection.scalar(size, {"index": find_index(connection, key, bits=bits)}) or 0


def named(bit_candidates: int | None) -> str:
    """A kind of index, for people."""
    return "half floats" if bit_candidates is None else f"{bit_candidates} candidates of bits"


def _row_name(bit_candidates: int | None) -> int | str:
    return "half" if bit_candidates is None else bit_candidates
