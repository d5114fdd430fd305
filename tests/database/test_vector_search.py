"""Searches in tables of one's own find what comparing every row finds, and disturb nothing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from database.errors import OutOfRange, ValueRefused
from database.tables.catalog import MAX_FILTER_VALUES
from database.vector_search import (
    cosine_similarity_search,
    create_hnsw_index,
    euclidean_distance_search,
)
from embeddings.errors import DimensionMismatch, InvalidVector
from tests.helpers import tables
from tests.helpers.tables import InSession

MADE = tables.vectors(300)
QUERY = tables.vectors(1, seed=1)[0]


@pytest.mark.parametrize("kind", ["vector", "halfvec"])
def test_the_most_similar_rows_come_first_with_their_cosine(
    kind: str, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE, kind)
        return await cosine_similarity_search(db, "docs", "embedding", QUERY, 20, -1)

    found = in_session(work)
    expected = tables.cosines(MADE, QUERY)
    assert len(found) == 20
    similarities = [row["similarity"] for row in found]
    assert similarities == sorted(similarities, reverse=True)
    tolerance = 1e-6 if kind == "vector" else 2e-3
    np.testing.assert_allclose(similarities, np.sort(expected)[::-1][:20], atol=tolerance)
    np.testing.assert_allclose(similarities, [expected[row["id"]] for row in found], atol=tolerance)
    number = found[0].pop("id")
    del found[0]["similarity"]
    assert found[0] == {
        "grp": number,
        "kind": tables.KINDS[number % 3],
        "key": tables.key(number),
        "day": date.fromordinal(date(2024, 1, 1).toordinal() + number),
    }


@pytest.mark.parametrize("kind", ["vector", "halfvec"])
def test_the_nearest_rows_come_first_with_their_distance(kind: str, in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE, kind)
        return (
            await euclidean_distance_search(db, "docs", "embedding", QUERY, 20),
            await euclidean_distance_search(db, "docs", "embedding", [0.0] * tables.DIM, 300, 2.0),
        )

    found, small = in_session(work)
    tolerance = 1e-5 if kind == "vector" else 5e-3
    expected = tables.distances(MADE, QUERY)
    np.testing.assert_allclose(
        [r["distance"] for r in found], np.sort(expected)[:20], rtol=tolerance
    )
    if kind == "vector":
        assert [row["id"] for row in found] == tables.nearest(expected, 20)
    lengths = np.linalg.norm(MADE, axis=1)
    assert 0 < len(small) < 300
    assert {row["id"] for row in small} == set(np.flatnonzero(lengths <= 2.0))


def test_rows_less_similar_than_the_threshold_are_left_out(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            "CREATE TABLE docs (id int PRIMARY KEY, embedding vector(2))",
            "INSERT INTO docs VALUES (1, '[2,0]'), (2, '[0,3]'), (3, '[-1,0]'), (4, NULL), "
            "(5, '[0,0]'), (6, '[3,4]')",
        )
        return {
            threshold: [
                (row["id"], round(row["similarity"], 6))
                for row in await cosine_similarity_search(
                    db, "docs", "embedding", [1e30, 0], 10, threshold
                )
            ]
            for threshold in (-1, 0, 0.5, 1)
        }

    assert in_session(work) == {
        -1: [(1, 1.0), (6, 0.6), (2, 0.0), (3, -1.0)],
        0: [(1, 1.0), (6, 0.6), (2, 0.0)],
        0.5: [(1, 1.0), (6, 0.6)],
        1: [(1, 1.0)],
    }


def test_what_is_not_said_is_as_the_settings_say(
    in_session: InSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        first = await cosine_similarity_search(db, "docs", "embedding", QUERY)
        monkeypatch.setenv("EMBEDDING_SIMILARITY_TOP_K", "4")
        fewer = await euclidean_distance_search(db, "docs", "embedding", QUERY)
        monkeypatch.setenv("EMBEDDING_SIMILARITY_THRESHOLD", str(first[2]["similarity"]))
        surer = await cosine_similarity_search(db, "docs", "embedding", QUERY)
        return len(first), len(fewer), surer == first[:3]

    assert in_session(work) == (10, 4, True)


@pytest.mark.parametrize(
    ("definition", "ties"),
    [
        ("a int, id int, embedding vector(2), PRIMARY KEY (id, a)", [(0, 9), (1, 8), (2, 7)]),
        ("a int, id int, embedding vector(2)", [(9, 0), (8, 1), (7, 2)]),
    ],
)
@pytest.mark.parametrize("has_index", [True, False])
def test_rows_that_are_equally_near_keep_their_order(
    definition: str, ties: list[tuple[int, int]], has_index: bool, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            f"CREATE TABLE docs ({definition})",
            "INSERT INTO docs SELECT n, 9 - n, '[1,0]' FROM generate_series(0, 9) n",
            "INSERT INTO docs VALUES (10, 10, '[0,1]')",
        )
        if has_index:
            await create_hnsw_index(db, "docs", "embedding", distance_metric="l2")
            await tables.execute(db, "SET LOCAL enable_seqscan = off")
        top_k = 11 if has_index else 4
        found = await euclidean_distance_search(db, "docs", "embedding", [0, 1], top_k)
        return [(row["id"], row["a"]) for row in found]

    assert in_session(work)[:4] == [(10, 10), *ties]


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"kind": "letter"}, range(0, 300, 3)),
        ({"kind": ["letter", "report"]}, [n for n in range(300) if n % 3 < 2]),
        ({"kind": None}, range(2, 300, 3)),
        ({"kind": ("report", None)}, [n for n in range(300) if n % 3 > 0]),
        ({"kind": []}, []),
        ({"kind": "' OR true --"}, []),
        ({"kind": "letter", "grp": {0, 1, 2, 3}}, [0, 3]),
        ({"id": np.int64(7)}, [7]),
        ({"id": 7.5}, []),
        ({"id": 10**30}, []),
        ({"key": tables.key(7)}, [7]),
        ({"key": str(tables.key(7))}, [7]),
        ({"day": date(2024, 1, 3)}, [2]),
        ({"day": ["2024-01-03", "2024-01-04"]}, [2, 3]),
        ({"id": range(0)}, None),
        ({"id": "seven"}, None),
        ({"kind": 7}, None),
        ({"kind": {"a": 1}}, None),
        ({"kind": "a\0b"}, None),
        ({"kind": "\ud800"}, None),
        ({"id": list(range(MAX_FILTER_VALUES + 1))}, None),
    ],
)
def test_filters_leave_the_rows_that_have_these_values_or_refuse_them(
    filters: dict[str, Any], allowed: Sequence[int] | None, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        if allowed is not None:
            found = await euclidean_distance_search(
                db, "docs", "embedding", QUERY, 300, filters=filters
            )
            return [row["id"] for row in found]
        with pytest.raises(ValueRefused):
            await euclidean_distance_search(db, "docs", "embedding", QUERY, filters=filters)
        return await tables.rows(db, "SELECT count(*) FROM docs")

    expected: Any = [(300,)]
    if allowed is not None:
        expected = tables.nearest(tables.distances(MADE, QUERY), 300, allowed)
    assert in_session(work) == expected


def test_one_value_more_than_a_list_may_have_is_refused_and_that_many_are_not(
    in_session: InSession,
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        many = {"id": list(range(MAX_FILTER_VALUES))}
        return await cosine_similarity_search(db, "docs", "embedding", QUERY, 300, -1, many)

    assert len(in_session(work)) == 300


@pytest.mark.parametrize(
    ("vector", "error"),
    [
        ([1.0] * (tables.DIM - 1), DimensionMismatch),
        ([1.0] * 384, DimensionMismatch),
        ([], DimensionMismatch),
        ([float("nan")] * tables.DIM, InvalidVector),
        ([float("inf")] * tables.DIM, InvalidVector),
        ([1e39] * tables.DIM, InvalidVector),
        ([1e300] * tables.DIM, InvalidVector),
        ([0.0] * tables.DIM, InvalidVector),
        (["1); DROP TABLE docs; --"] * tables.DIM, InvalidVector),
        ("[1,2,3]", InvalidVector),
        (None, InvalidVector),
        ([QUERY], InvalidVector),
    ],
)
def test_what_is_no_vector_of_the_table_is_refused(
    vector: Any, error: type[Exception], in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        with pytest.raises(error):
            await cosine_similarity_search(db, "docs", "embedding", vector)
        return await tables.rows(db, "SELECT count(*) FROM docs")

    assert in_session(work) == [(300,)]


def test_a_column_of_any_dimension_still_refuses_to_compare_different_ones(
    in_session: InSession,
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            "CREATE TABLE docs (id int, embedding vector)",
            "INSERT INTO docs VALUES (2, '[1,0]'), (3, '[1,0,0]')",
        )
        with pytest.raises(DimensionMismatch, match="expected vectors of dimension 3, got 2"):
            await cosine_similarity_search(db, "docs", "embedding", [1, 0], 5)
        return await cosine_similarity_search(db, "docs", "embedding", [1, 0], 5, filters={"id": 2})

    assert in_session(work) == [{"id": 2, "similarity": 1.0}]


@pytest.mark.parametrize("top_k", [0, -1, 10_001, 10**400])
def test_no_search_is_for_none_or_for_too_many(top_k: int, in_session: InSession) -> None:
    with pytest.raises(OutOfRange, match="top_k is 1 to 10000"):
        in_session(lambda db: cosine_similarity_search(db, "docs", "embedding", QUERY, top_k))


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), -1.01, 1.01])
def test_a_threshold_is_a_cosine(limit: float, in_session: InSession) -> None:
    with pytest.raises(OutOfRange, match="threshold"):
        in_session(lambda db: cosine_similarity_search(db, "docs", "embedding", QUERY, 5, limit))


@pytest.mark.parametrize("limit", [float("nan"), -0.1])
def test_a_distance_is_not_less_than_0(limit: float, in_session: InSession) -> None:
    with pytest.raises(OutOfRange, match="max_distance"):
        in_session(lambda db: euclidean_distance_search(db, "docs", "embedding", QUERY, 5, limit))
