"""Vectors come into rows that are there, make rows where the table takes them, or are refused."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from database.errors import NotFound, UnknownTable, ValueRefused
from database.vector_search import (
    batch_index_embeddings,
    euclidean_distance_search,
    index_embedding,
)
from embeddings.errors import DimensionMismatch, InvalidVector
from tests.helpers import tables
from tests.helpers.tables import InSession

V = [1.0] * tables.DIM
STRICT = (
    "CREATE TABLE strict (id int PRIMARY KEY, title text NOT NULL, embedding vector(2))",
    "INSERT INTO strict VALUES (1, 'one'), (2, 'two')",
)


async def write(db: AsyncSession, in_batch: bool, table: str, id_value: Any, vector: Any) -> int:
    if in_batch:
        return await batch_index_embeddings(db, table, "id", "embedding", {id_value: vector})
    return await index_embedding(db, table, "id", id_value, "embedding", vector)


@pytest.mark.parametrize("in_batch", [True, False])
@pytest.mark.parametrize("kind", ["vector", "halfvec"])
def test_a_row_gets_its_vector_and_keeps_the_rest(
    in_batch: bool, kind: str, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, tables.vectors(5), kind)
        assert await write(db, in_batch, "docs", 3, np.asarray(V)) == 1
        assert await write(db, in_batch, "docs", 99, V) == 1
        found = await euclidean_distance_search(db, "docs", "embedding", V, 2)
        return [(row["id"], row["kind"], row["distance"]) for row in found]

    assert in_session(work) == [(3, "letter", 0.0), (99, None, 0.0)]


@pytest.mark.parametrize("in_batch", [True, False])
@pytest.mark.parametrize("table", ["strict", "numbered", "checked", "child"])
def test_a_table_that_takes_no_such_row_says_that_there_is_none(
    in_batch: bool, table: str, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            *STRICT,
            "CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY, embedding vector(2))",
            "CREATE TABLE checked (id int CHECK (id < 5), embedding vector(2))",
            "CREATE TABLE child (id int REFERENCES strict, embedding vector(2))",
        )
        with pytest.raises(NotFound, match=f"{table} has no row of id 7, and takes none without"):
            await write(db, in_batch, table, 7, [1, 0])
        return await tables.rows(db, f"SELECT count(*) FROM {table} WHERE embedding IS NOT NULL")

    assert in_session(work) == [(0,)]


@pytest.mark.parametrize("in_batch", [True, False])
def test_all_rows_of_an_id_get_the_vector(in_batch: bool, in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            "CREATE TABLE pages (id text, embedding vector(2))",
            "INSERT INTO pages VALUES ('a'), ('b'), ('a')",
        )
        return await write(db, in_batch, "pages", "a", [1, 0])

    assert in_session(work) == 2


@pytest.mark.parametrize("in_batch", [True, False])
@pytest.mark.parametrize(
    ("id_value", "vector", "error"),
    [
        (1, [1.0, 2.0], DimensionMismatch),
        (1, [0.0] * tables.DIM, InvalidVector),
        (1, [float("nan")] * tables.DIM, InvalidVector),
        (1, [70_000.0] * tables.DIM, InvalidVector),
        (1, [1e-9] * tables.DIM, InvalidVector),
        (1, "[1,1]", InvalidVector),
        (None, V, ValueRefused),
        ("one", V, ValueRefused),
        (2**70, V, ValueRefused),
        (object, V, ValueRefused),
    ],
)
def test_what_the_table_cannot_hold_is_refused_and_nothing_is_written(
    in_batch: bool, id_value: Any, vector: Any, error: type[Exception], in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> None:
        await tables.make_documents(db, tables.vectors(5), "halfvec")
        before = await tables.rows(db, "SELECT id, embedding::text FROM docs ORDER BY id")
        with pytest.raises(error):
            await write(db, in_batch, "docs", id_value, vector)
        assert await tables.rows(db, "SELECT id, embedding::text FROM docs ORDER BY id") == before

    in_session(work)


@pytest.mark.parametrize("in_batch", [True, False])
def test_a_vector_that_a_constraint_refuses_is_refused(
    in_batch: bool, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> None:
        await tables.execute(
            db,
            "CREATE TABLE unit (id int, embedding vector(2) CHECK (vector_norm(embedding) < 1.1))",
            "INSERT INTO unit VALUES (1)",
        )
        with pytest.raises(ValueRefused, match="unit does not take"):
            await write(db, in_batch, "unit", 1, [1, 1])

    in_session(work)


@pytest.mark.parametrize("in_batch", [True, False])
def test_a_view_has_no_rows_to_write(in_batch: bool, in_session: InSession) -> None:
    async def work(db: AsyncSession) -> None:
        await tables.execute(db, *STRICT, "CREATE VIEW seen AS SELECT * FROM strict")
        with pytest.raises(UnknownTable, match="rows of its own"):
            await write(db, in_batch, "seen", 1, [1, 1])

    in_session(work)


def test_a_batch_is_written_whole_or_not_at_all(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(db, *STRICT)
        missing = {1: [1, 0], **{n: [1, 0] for n in range(3, 9)}}
        with pytest.raises(NotFound, match="strict has no row of id 3, 4, 5, …, and takes none"):
            await batch_index_embeddings(db, "strict", "id", "embedding", missing)
        with pytest.raises(DimensionMismatch):
            await batch_index_embeddings(db, "strict", "id", "embedding", {1: [1, 0], 2: [1, 0, 0]})
        nothing = await tables.rows(db, "SELECT FROM strict WHERE embedding IS NOT NULL")
        return nothing, await batch_index_embeddings(
            db, "strict", "id", "embedding", {1: [1, 0], 2: [0, 1]}
        )

    assert in_session(work) == ([], 2)


def test_a_batch_of_pairs_may_be_a_stream_and_the_last_of_an_id_counts(
    in_session: InSession,
) -> None:
    made = tables.vectors(3000)

    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db, f"CREATE TABLE docs (id bigint PRIMARY KEY, embedding vector({tables.DIM}))"
        )
        first = await batch_index_embeddings(
            db, "docs", "id", "embedding", ((n % 2000, vector) for n, vector in enumerate(made))
        )
        again = await batch_index_embeddings(db, "docs", "id", "embedding", [(5, made[5])])
        none = await batch_index_embeddings(db, "docs", "id", "embedding", {})
        return (
            first,
            again,
            none,
            await tables.rows(db, "SELECT embedding::text FROM docs ORDER BY id"),
        )

    first, again, none, stored = in_session(work)
    assert (first, again, none) == (2000, 1, 0)
    expected = np.concatenate([made[2000:], made[1000:2000]])
    expected[5] = made[5]
    read = [np.array(text.strip("[]").split(","), np.float32) for (text,) in stored]
    np.testing.assert_array_equal(read, expected)
