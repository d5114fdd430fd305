"""Searches and writes work inside the caller's transaction, and leave it as they found it."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from database.errors import (
    DatabaseUnreachable,
    NotFound,
    TooSlow,
    TransactionConflict,
    UnknownTable,
    ValueRefused,
)
from database.vector_search import (
    batch_index_embeddings,
    cosine_similarity_search,
    create_hnsw_index,
    euclidean_distance_search,
    index_embedding,
)
from embeddings.errors import DimensionMismatch
from tests.helpers import tables
from tests.helpers.tables import InSession

V = [1.0] * tables.DIM
SLOW_VIEW = "CREATE VIEW slow AS SELECT docs.* FROM docs WHERE pg_sleep(0.2) IS NOT NULL"


async def settings_of(db: AsyncSession) -> list[Any]:
    return await tables.rows(db, "SELECT name, setting FROM pg_settings ORDER BY name")


def test_no_setting_of_a_search_outlives_it(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> None:
        await tables.make_documents(db, tables.vectors(50))
        await create_hnsw_index(db, "docs", "embedding")
        await tables.execute(db, "SET LOCAL enable_indexscan = on")
        before = await settings_of(db)
        await cosine_similarity_search(db, "docs", "embedding", V)
        await cosine_similarity_search(db, "docs", "embedding", V, filters={"kind": "letter"})
        with pytest.raises(UnknownTable):
            await cosine_similarity_search(db, "nothing", "embedding", V)
        assert await settings_of(db) == before

    in_session(work)


def test_a_search_has_a_time_limit_unless_the_caller_has_set_one(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, tables.vectors(1))
        await tables.execute(
            db,
            "CREATE VIEW seen AS "
            "SELECT current_setting('statement_timeout') AS time_limit, embedding FROM docs",
        )
        (one,) = await euclidean_distance_search(db, "seen", "embedding", V)
        await tables.execute(db, "SET LOCAL statement_timeout = '70s'")
        (other,) = await euclidean_distance_search(db, "seen", "embedding", V)
        return one["time_limit"], other["time_limit"]

    assert in_session(work) == ("30s", "70s")


def test_after_a_search_that_took_too_long_the_transaction_goes_on(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, tables.vectors(5))
        await tables.execute(db, SLOW_VIEW, "SET LOCAL statement_timeout = '50ms'")
        with pytest.raises(TooSlow):
            await cosine_similarity_search(db, "slow", "embedding", V)
        return await tables.rows(db, "SELECT count(*) FROM docs")

    assert in_session(work) == [(5,)]
    assert in_session(lambda db: tables.rows(db, "SELECT count(*) FROM docs")) == [(5,)]


def test_what_fails_leaves_what_the_transaction_did_before(in_session: InSession) -> None:
    in_session(lambda db: tables.make_documents(db, tables.vectors(5)))

    async def work(db: AsyncSession) -> None:
        await tables.execute(db, "INSERT INTO docs (id, kind) VALUES (77, 'mine')")
        with pytest.raises(ValueRefused):
            await cosine_similarity_search(db, "docs", "embedding", V, filters={"id": "x"})
        with pytest.raises(DimensionMismatch):
            await index_embedding(db, "docs", "id", 1, "embedding", [1.0])
        with pytest.raises(ValueRefused):
            await batch_index_embeddings(db, "docs", "id", "embedding", {"x": V})
        with pytest.raises(ValueRefused):
            await create_hnsw_index(db, "docs", "embedding", m=1000)
        assert await index_embedding(db, "docs", "id", 77, "embedding", V) == 1

    in_session(work)
    found = in_session(lambda db: cosine_similarity_search(db, "docs", "embedding", V, 1))
    assert (found[0]["id"], found[0]["kind"]) == (77, "mine")


def test_the_caller_commits_or_does_not(in_session: InSession) -> None:
    in_session(lambda db: tables.make_documents(db, tables.vectors(5)))

    async def work(db: AsyncSession) -> None:
        await index_embedding(db, "docs", "id", 77, "embedding", V)
        await batch_index_embeddings(db, "docs", "id", "embedding", {78: V})
        await create_hnsw_index(db, "docs", "embedding")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_session(work)
    there = in_session(lambda db: tables.rows(db, "SELECT id FROM docs ORDER BY id"))
    assert [number for (number,) in there] == [0, 1, 2, 3, 4]
    query = "SELECT count(*) FROM pg_indexes WHERE tablename = 'docs'"
    assert in_session(lambda db: tables.rows(db, query)) == [(1,)]


def test_objects_that_the_session_has_yet_to_store_are_found(in_session: InSession) -> None:
    class Base(DeclarativeBase):
        pass

    class Document(Base):
        __tablename__ = "docs"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]

    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, tables.vectors(5))
        document = Document(id=77, kind="new")
        db.add(document)
        await index_embedding(db, "docs", "id", 77, "embedding", V)
        found = await cosine_similarity_search(db, "docs", "embedding", V, 1)
        document.kind = "changed"
        await db.flush()
        with pytest.raises(NotFound):
            await index_embedding(db, "docs", "grp", 5, "embedding", V)
        return found[0]["kind"], document.kind

    in_session(lambda db: tables.execute(db, "DROP TABLE IF EXISTS docs"))
    assert in_session(work) == ("new", "changed")


def test_a_database_that_does_not_answer_is_an_error_of_ours() -> None:
    async def work() -> None:
        engine = create_async_engine("postgresql+psycopg://me:secret@127.0.0.1:1/films")
        async with AsyncSession(engine) as db:
            with pytest.raises(DatabaseUnreachable, match=r"me:\*+@127\.0\.0\.1:1/films") as raised:
                await cosine_similarity_search(db, "docs", "embedding", V)
            assert "secret" not in str(raised.value)
        await engine.dispose()

    asyncio.run(work())


def test_searches_of_sessions_side_by_side_do_not_meet(
    in_session: InSession, settings: Any
) -> None:
    in_session(lambda db: tables.make_documents(db, tables.vectors(200)))
    url = sa.make_url(settings.database_url).set(drivername="postgresql+psycopg")

    async def work() -> list[list[dict[str, Any]]]:
        engine = create_async_engine(url, pool_size=4)

        async def search(number: int) -> list[dict[str, Any]]:
            async with AsyncSession(engine) as db:
                query = tables.vectors(200)[number]
                return await cosine_similarity_search(db, "docs", "embedding", query, 1)

        found = await asyncio.gather(*(search(number) for number in range(40)))
        await engine.dispose()
        return found

    assert [rows[0]["id"] for rows in asyncio.run(work())] == list(range(40))


def test_a_row_that_two_make_at_once_is_made_by_one_and_the_other_is_told_to_try_again(
    in_session: InSession, settings: Any
) -> None:
    in_session(lambda db: tables.make_documents(db, tables.vectors(5)))
    url = sa.make_url(settings.database_url).set(drivername="postgresql+psycopg")

    async def work() -> None:
        engine = create_async_engine(url)
        async with AsyncSession(engine) as first, AsyncSession(engine) as second:
            await index_embedding(first, "docs", "id", 77, "embedding", V)
            waiting = asyncio.create_task(index_embedding(second, "docs", "id", 77, "embedding", V))
            waits = "SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            while not await tables.rows(first, waits):
                await asyncio.sleep(0.01)
            await first.commit()
            with pytest.raises(TransactionConflict, match="try again"):
                await waiting
            assert await index_embedding(second, "docs", "id", 77, "embedding", V) == 1
        await engine.dispose()

    asyncio.run(work())


def test_each_search_is_counted_and_timed(in_session: InSession) -> None:
    def measured() -> list[float]:
        names = ("similarity_search_seconds_count", "similarity_search_results_sum")
        found = [REGISTRY.get_sample_value(name, {"kind": "table"}) for name in names]
        return [value or 0.0 for value in found]

    async def work(db: AsyncSession) -> None:
        await tables.make_documents(db, tables.vectors(50))
        await euclidean_distance_search(db, "docs", "embedding", V, 7)
        await cosine_similarity_search(db, "docs", "embedding", V, 4, -1)
        with pytest.raises(UnknownTable):
            await cosine_similarity_search(db, "nothing", "embedding", V)

    before = measured()
    in_session(work)
    assert [now - then for now, then in zip(measured(), before, strict=True)] == [3, 11]
