"""Tables of one's own, and the right answers of searches in them."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from database.vector_search import batch_index_embeddings

DIM = 8
Work = Callable[[AsyncSession], Awaitable[Any]]
InSession = Callable[[Work], Any]
"""What work answers in a session of its own, which commits."""
Vectors = npt.NDArray[np.float32]
KINDS = ("letter", "report", None)
"""Of the documents, in turn."""


def vectors(count: int, dim: int = DIM, seed: int = 0) -> Vectors:
    """In no order, of different lengths."""
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


def key(number: int) -> uuid.UUID:
    """The uuid of a document."""
    return uuid.UUID(int=number)


async def execute(db: AsyncSession, *statements: str) -> None:
    """Plain SQL."""
    for statement in statements:
        await db.execute(sa.text(statement))


async def rows(db: AsyncSession, query: str) -> list[tuple[Any, ...]]:
    """The rows of plain SQL."""
    return [tuple(row) for row in await db.execute(sa.text(query))]


async def make_documents(
    db: AsyncSession, made: Vectors, kind: str = "vector", groups: int = 1000
) -> None:
    """`docs`: their numbers from 0, which group each is in, and these vectors."""
    await execute(
        db,
        f"CREATE TABLE docs (id bigint PRIMARY KEY, grp int, kind text, key uuid, day date, "
        f"embedding {kind}({made.shape[1]}))",
        f"INSERT INTO docs SELECT n, n % {groups}, (ARRAY['letter', 'report', NULL])[n % 3 + 1], "
        "lpad(to_hex(n), 32, '0')::uuid, date '2024-01-01' + n "
        f"FROM generate_series(0, {len(made) - 1}) n",
    )
    await batch_index_embeddings(db, "docs", "id", "embedding", enumerate(made))


def cosines(made: Vectors, query: Vectors) -> npt.NDArray[np.float64]:
    """Of each vector with the query."""
    all_of_them, one = made.astype(np.float64), query.astype(np.float64)
    lengths = np.linalg.norm(all_of_them, axis=1) * np.linalg.norm(one)
    found: npt.NDArray[np.float64] = all_of_them @ one / lengths
    return found


def distances(made: Vectors, query: Vectors) -> npt.NDArray[np.float64]:
    """Euclidean, of each vector from the query."""
    found: npt.NDArray[np.float64] = np.linalg.norm(made.astype(np.float64) - query, axis=1)
    return found


def nearest(
    values: npt.NDArray[np.float64], count: int, among: Sequence[int] | None = None
) -> list[int]:
    """The numbers of the `count` smallest, smallest first, of these only."""
    allowed = np.arange(len(values)) if among is None else np.asarray(among, dtype=np.int64)
    return [int(n) for n in allowed[np.argsort(values[allowed], kind="stable")][:count]]


async def scans(db: AsyncSession) -> npt.NDArray[np.int64]:
    """How often this transaction has read docs by an index, and from end to end."""
    query = "SELECT idx_scan, seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'docs'"
    ((by_index, whole),) = await rows(db, query)
    return np.array([by_index, whole])
