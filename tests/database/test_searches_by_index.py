"""Indexes of tables of one's own make searches fast, and leave out nothing that a filter allows."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from database.errors import UnknownMetric, UnknownTable, ValueRefused
from database.vector_search import (
    cosine_similarity_search,
    create_hnsw_index,
    create_ivfflat_index,
    euclidean_distance_search,
)
from tests.helpers import tables
from tests.helpers.tables import InSession

MADE = tables.vectors(6000, dim=16)
QUERY = tables.vectors(1, dim=16, seed=1)[0]
COSINE_DISTANCES = 1 - tables.cosines(MADE, QUERY)


async def make_index(db: AsyncSession, method: str, metric: str = "cosine") -> None:
    if method == "hnsw":
        await create_hnsw_index(db, "docs", "embedding", distance_metric=metric)
    else:
        await create_ivfflat_index(db, "docs", "embedding", distance_metric=metric)
    await tables.execute(db, "ANALYZE docs")


def recall(found: list[dict[str, Any]], expected: list[int]) -> float:
    return len({row["id"] for row in found} & set(expected)) / len(expected)


@pytest.mark.parametrize("kind", ["vector", "halfvec"])
@pytest.mark.parametrize("method", ["hnsw", "ivfflat"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_search_of_many_rows_reads_the_index_and_finds_the_nearest(
    kind: str, method: str, metric: str, in_session: InSession
) -> None:
    search = cosine_similarity_search if metric == "cosine" else euclidean_distance_search

    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE, kind)
        await make_index(db, method, metric)
        before = await tables.scans(db)
        found = await search(db, "docs", "embedding", QUERY, 20)
        return found, await tables.scans(db) - before

    found, num_scans = in_session(work)
    distances = COSINE_DISTANCES if metric == "cosine" else tables.distances(MADE, QUERY)
    assert tuple(num_scans) == (1, 0)
    assert len(found) == 20
    # Ten of a hundred lists are looked through, in a cloud without any groups.
    least = 0.95 if method == "hnsw" else 0.2
    assert recall(found, tables.nearest(distances, 20)) >= least
    order = [distances[row["id"]] for row in found]
    np.testing.assert_allclose(order, sorted(order), atol=1e-2)


def test_an_index_is_used_only_for_its_own_distance(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        await make_index(db, "hnsw", "cosine")
        before = await tables.scans(db)
        found = await euclidean_distance_search(db, "docs", "embedding", QUERY, 20)
        return [row["id"] for row in found], *(await tables.scans(db) - before)

    assert in_session(work) == (tables.nearest(tables.distances(MADE, QUERY), 20), 0, 1)


def test_without_the_setting_all_rows_are_compared(
    in_session: InSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_USE_HNSW_INDEX", "false")

    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        await make_index(db, "hnsw")
        before = await tables.scans(db)
        found = await cosine_similarity_search(db, "docs", "embedding", QUERY, 500, -1)
        return [row["id"] for row in found], *(await tables.scans(db) - before)

    assert in_session(work) == (tables.nearest(COSINE_DISTANCES, 500), 0, 1)


@pytest.mark.parametrize("method", ["hnsw", "ivfflat"])
def test_of_rows_that_are_rare_the_nearest_are_found_all_the_same(
    method: str, in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> None:
        await tables.make_documents(db, MADE)
        await make_index(db, method)
        for groups in ([17], [17, 18], list(range(300))):
            for top_k in (3, 10):
                found = await cosine_similarity_search(
                    db, "docs", "embedding", QUERY, top_k, -1, {"grp": groups}
                )
                among = [n for n in range(len(MADE)) if n % 1000 in groups]
                expected = tables.nearest(COSINE_DISTANCES, top_k, among)
                assert [row["id"] for row in found] == expected

    in_session(work)


@pytest.mark.parametrize("method", ["hnsw", "ivfflat"])
def test_an_answer_is_full_where_the_rows_near_by_do_not_pass_the_filters(
    method: str, in_session: InSession
) -> None:
    made = MADE[np.argsort(COSINE_DISTANCES)[::-1]]  # the first half is the farther one

    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, made)
        await tables.execute(db, "UPDATE docs SET kind = CASE WHEN id < 3000 THEN 'here' END")
        await make_index(db, method)
        before = await tables.scans(db)
        found = await cosine_similarity_search(
            db, "docs", "embedding", QUERY, 100, -1, {"kind": "here"}
        )
        return found, await tables.scans(db) - before

    found, num_scans = in_session(work)
    assert tuple(num_scans) == (1, 1)  # one counts the rows that pass
    assert len({row["id"] for row in found}) == 100
    assert all(row["kind"] == "here" for row in found)
    if method == "hnsw":
        assert recall(found, list(range(2900, 3000))) >= 0.9


def test_more_rows_than_an_index_gives_at_once_are_all_found(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE)
        await make_index(db, "ivfflat")
        return await cosine_similarity_search(db, "docs", "embedding", QUERY, 10_000, -1)

    found = in_session(work)
    assert len({row["id"] for row in found}) == len(found) == len(MADE)
    order = [COSINE_DISTANCES[row["id"]] for row in found]
    np.testing.assert_allclose(order, sorted(order), atol=1e-5)


def test_an_index_is_made_once_and_as_the_settings_say(
    in_session: InSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE[:50])
        names = [await create_hnsw_index(db, "docs", "embedding") for _ in range(2)]
        monkeypatch.setenv("EMBEDDING_HNSW_M", "8")
        monkeypatch.setenv("EMBEDDING_HNSW_EF_CONSTRUCTION", "32")
        names.append(await create_hnsw_index(db, "docs", "embedding", distance_metric="l2"))
        names.append(await create_ivfflat_index(db, "docs", "embedding", lists=7))
        names.append(await create_ivfflat_index(db, "public.docs", "embedding"))
        return names, await tables.rows(
            db,
            "SELECT indexrelid::regclass::text, substring(pg_get_indexdef(indexrelid), 'USING.*') "
            "FROM pg_index WHERE indrelid = 'docs'::regclass AND NOT indisprimary ORDER BY 1",
        )

    names, there = in_session(work)
    assert names[0] == names[1]
    assert names[3] == names[4]
    assert there == [
        (names[0], "USING hnsw (embedding vector_cosine_ops) WITH (m='16', ef_construction='64')"),
        (names[2], "USING hnsw (embedding vector_l2_ops) WITH (m='8', ef_construction='32')"),
        (names[3], "USING ivfflat (embedding vector_cosine_ops) WITH (lists='7')"),
    ]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"distance_metric": "manhattan"}, UnknownMetric),
        ({"distance_metric": "cosine_ops) WITH (m = 1); DROP TABLE docs; --"}, UnknownMetric),
        ({"m": 1}, ValueRefused),
        ({"m": 40, "ef_construction": 50}, ValueRefused),
        ({"m": "16); DROP TABLE docs; --"}, ValueRefused),
    ],
)
def test_an_index_that_there_is_not_is_refused(
    options: dict[str, Any], error: type[Exception], in_session: InSession
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, MADE[:50])
        with pytest.raises(error):
            await create_hnsw_index(db, "docs", "embedding", **options)
        return await tables.rows(db, "SELECT count(*) FROM docs")

    assert in_session(work) == [(50,)]


def test_an_index_needs_one_dimension_and_rows_of_its_own(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> None:
        await tables.make_documents(db, MADE[:50])
        await tables.execute(
            db,
            "CREATE TABLE loose (embedding halfvec)",
            "CREATE TABLE wide (embedding vector(2001))",
            "CREATE VIEW seen AS SELECT * FROM docs",
        )
        with pytest.raises(ValueRefused, match=r"declare it, as in halfvec\(384\)"):
            await create_hnsw_index(db, "loose", "embedding")
        with pytest.raises(ValueRefused, match="2000 dimensions"):
            await create_hnsw_index(db, "wide", "embedding")
        with pytest.raises(UnknownTable, match="rows of its own"):
            await create_ivfflat_index(db, "seen", "embedding")

    in_session(work)
