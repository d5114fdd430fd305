"""Names are looked up and never run; a table is whatever can be read."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession

from database.errors import UnknownColumn, UnknownTable, ValueRefused
from database.server.connection import Database
from database.vector_search import (
    batch_index_embeddings,
    cosine_similarity_search,
    create_hnsw_index,
    create_ivfflat_index,
    euclidean_distance_search,
    index_embedding,
)
from database.videos.stored import Store
from tests.helpers import records, tables
from tests.helpers.tables import InSession

ATTACKS = (
    'docs"; DROP TABLE docs; --',
    "docs'; DROP TABLE docs; --",
    "docs; DROP TABLE docs",
    "docs WHERE false UNION SELECT 1",
    "(SELECT 1)",
    "%(id)s %s %% {table} :id $1",
    "Docs",
    "DÖCS",
    "select",
    "a.b",
    ".",
    "",
    " ",
    "tab\tand\nline",
    "検索",
    "x" * 63,
)
DOCS_COLUMNS = ("id", "grp", "kind", "key", "day", "embedding")
V = [1.0] * tables.DIM
CALLS: dict[str, Callable[[AsyncSession, str], Awaitable[Any]]] = {
    "search: table": lambda db, name: cosine_similarity_search(db, name, "embedding", V),
    "search: column": lambda db, name: euclidean_distance_search(db, "docs", name, V),
    "search: filter": lambda db, name: cosine_similarity_search(
        db, "docs", "embedding", V, filters={name: 1}
    ),
    "hnsw: table": lambda db, name: create_hnsw_index(db, name, "embedding"),
    "ivfflat: column": lambda db, name: create_ivfflat_index(db, "docs", name),
    "one: table": lambda db, name: index_embedding(db, name, "id", 1, "embedding", V),
    "one: id column": lambda db, name: index_embedding(db, "docs", name, 1, "embedding", V),
    "one: column": lambda db, name: index_embedding(db, "docs", "id", 1, name, V),
    "batch: table": lambda db, name: batch_index_embeddings(db, name, "id", "embedding", {1: V}),
    "batch: id column": lambda db, name: batch_index_embeddings(
        db, "docs", name, "embedding", {1: V}
    ),
    "batch: column": lambda db, name: batch_index_embeddings(db, "docs", "id", name, {1: V}),
}
"""Every place of a name."""
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def everything(database: Database) -> list[Any]:
    """All tables, and all rows of docs."""
    with database.engine.connect() as connection:
        names = connection.execute(
            sa.text("SELECT schemaname, tablename FROM pg_tables ORDER BY 1, 2")
        ).all()
        rows = connection.execute(sa.text("SELECT id, kind, embedding::text FROM docs")).all()
    return [*names, *rows]


def make_docs(in_session: InSession) -> None:
    in_session(lambda db: tables.make_documents(db, tables.vectors(5)))


@pytest.mark.parametrize("name", [name for name in ATTACKS if name])
def test_a_name_of_any_characters_is_the_name_of_a_table(
    name: str, in_session: InSession, database: Database
) -> None:
    """Of a schema, a table and its columns alike, by every function."""
    make_docs(in_session)
    column, vector = name[:40] + " id", name[:40] + " vector"
    names = [sql.Identifier(each) for each in (name, column, vector)]
    with database.connection() as connection:
        for statement in (
            "CREATE SCHEMA {0}",
            "CREATE TABLE {0}.{0} ({1} int PRIMARY KEY, {2} vector(2))",
            "INSERT INTO {0}.{0} VALUES (1, '[1,0]'), (2, '[0,1]')",
        ):
            connection.execute(sql.SQL(statement).format(*names))
    before = everything(database)

    async def work(db: AsyncSession) -> Any:
        table = f"{name}.{name}"
        await index_embedding(db, table, column, 3, vector, [3, 4])
        await batch_index_embeddings(db, table, column, vector, {1: [2, 0], 4: [4, 3]})
        await create_hnsw_index(db, table, vector)
        await create_ivfflat_index(db, table, vector, 1)
        near = await cosine_similarity_search(
            db, table, vector, [1, 0], 3, filters={column: [1, 4]}
        )
        far = await euclidean_distance_search(db, table, vector, [0, 1], 9)
        return near, [row[column] for row in far]

    near, far = in_session(work)
    assert [list(row.items()) for row in near] == [
        [(column, 1), ("similarity", pytest.approx(1))],
        [(column, 4), ("similarity", pytest.approx(0.8))],
    ]
    assert far == [2, 1, 3, 4]
    assert everything(database) == before


@given(name=NAMES, call=st.sampled_from(sorted(CALLS)))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(name="a\0b", call="search: table")
@example(name="\ud800", call="search: table")
@example(name="\ud800", call="search: filter")
@example(name="docs" + "x" * 100_000, call="search: table")
@example(name="docs" + "x" * 100_000, call="batch: id column")
@example(name="pg_class", call="search: table")
@example(name="pg_catalog.pg_class", call="search: table")
@example(name="docs_pkey", call="hnsw: table")
@example(name="Docs", call="one: table")
@example(name='"docs"', call="one: table")
def test_a_name_that_nothing_has_is_refused_and_nothing_happens(
    name: str, call: str, in_session: InSession, database: Database
) -> None:
    if "docs" not in sa.inspect(database.engine).get_table_names():
        make_docs(in_session)
    assume(name not in ("docs", *DOCS_COLUMNS))
    before = everything(database)

    async def work(db: AsyncSession) -> None:
        with pytest.raises((UnknownTable, UnknownColumn, ValueRefused)) as raised:
            await CALLS[call](db, name)
        assert len(str(raised.value)) < 500

    in_session(work)
    assert everything(database) == before


@given(value=NAMES)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(value="'; DROP TABLE docs; --")
@example(value="\\.")
@example(value="\\N")
@example(value="\t1\n")
def test_a_value_is_only_ever_a_value(
    value: str, in_session: InSession, database: Database
) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            "DROP TABLE IF EXISTS docs",
            "CREATE TABLE docs (id serial, kind text PRIMARY KEY, embedding vector(2))",
        )
        await index_embedding(db, "docs", "kind", value, "embedding", [1, 0])
        await batch_index_embeddings(db, "docs", "kind", "embedding", {value: [0, 1], "?!": [1, 1]})
        return await cosine_similarity_search(
            db, "docs", "embedding", [0, 1], 9, filters={"kind": [value]}
        )

    assume(value != "?!")
    (found,) = in_session(work)
    assert (found["kind"], found["similarity"]) == (value, 1.0)


@pytest.mark.parametrize(
    "definition",
    [
        "CREATE TABLE there (LIKE docs) PARTITION BY LIST (id); "
        "CREATE TABLE part PARTITION OF there DEFAULT; INSERT INTO there SELECT * FROM docs",
        "CREATE VIEW there AS SELECT * FROM docs",
        "CREATE MATERIALIZED VIEW there AS SELECT * FROM docs",
        "CREATE TEMP TABLE there AS SELECT * FROM docs",
        "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.there AS SELECT * FROM docs; "
        "SET LOCAL search_path = public, elsewhere",
    ],
)
def test_whatever_can_be_read_can_be_searched(definition: str, in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, tables.vectors(50))
        await tables.execute(db, *definition.split("; "))
        there = await euclidean_distance_search(db, "there", "embedding", V, 5)
        docs = await euclidean_distance_search(db, "docs", "embedding", V, 5)
        assert there == docs
        return len(docs)

    assert in_session(work) == 5


def test_the_pictures_of_a_library_can_be_searched_too(in_session: InSession, store: Store) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))

    async def work(db: AsyncSession) -> Any:
        return await cosine_similarity_search(
            *(db, "visual_embeddings", "embedding", records.unit_vector(1)),
            filters={"embedding_model": records.VISION},
        )

    (found,) = in_session(work)
    assert (found["start_s"], found["keyframe_path"]) == (1.0, records.image_path("a"))
    assert found["similarity"] == pytest.approx(1, abs=1e-3)


def test_a_column_called_as_the_score_gives_way_to_it(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.execute(
            db,
            "CREATE TABLE docs (similarity text PRIMARY KEY, other vector(1), embedding vector(2))",
            "INSERT INTO docs VALUES ('b', '[7]', '[1,0]'), ('a', '[8]', '[1,0]')",
        )
        return await cosine_similarity_search(db, "docs", "embedding", [2, 0])

    assert in_session(work) == [
        {"other": [8.0], "similarity": 1.0},
        {"other": [7.0], "similarity": 1.0},
    ]


def test_a_name_of_two_tables_needs_its_schema(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> None:
        for schema, table in (("a", "b.c"), ("a.b", "c")):
            await tables.execute(
                db,
                f'CREATE SCHEMA "{schema}"',
                f'CREATE TABLE "{schema}"."{table}" (embedding vector(2))',
            )
        with pytest.raises(UnknownTable, match="more than one"):
            await cosine_similarity_search(db, "a.b.c", "embedding", [1, 0])

    in_session(work)


def test_what_a_role_may_not_read_is_not_there_for_it(in_session: InSession) -> None:
    async def work(db: AsyncSession) -> Any:
        await tables.make_documents(db, tables.vectors(50))
        await tables.execute(
            db,
            "CREATE TABLE secret AS SELECT * FROM docs",
            "CREATE SCHEMA closed",
            "CREATE TABLE closed.docs AS SELECT * FROM docs",
            "CREATE ROLE reader",
            "GRANT SELECT (id, embedding) ON docs TO reader",
            "GRANT SELECT ON closed.docs TO reader",
            "SET LOCAL ROLE reader",
        )
        for table in ("secret", "closed.docs"):
            with pytest.raises(UnknownTable):
                await cosine_similarity_search(db, table, "embedding", V)
        with pytest.raises(UnknownColumn, match="it has id, embedding"):
            await cosine_similarity_search(db, "docs", "embedding", V, filters={"kind": "letter"})
        found = await cosine_similarity_search(db, "docs", "embedding", V, 1)
        await tables.execute(db, "RESET ROLE", "DROP OWNED BY reader", "DROP ROLE reader")
        return found

    (found,) = in_session(work)
    assert found.keys() == {"id", "similarity"}


def test_a_column_of_something_else_says_what_it_is(in_session: InSession) -> None:
    make_docs(in_session)
    with pytest.raises(UnknownColumn, match="day of docs is of type date, not vector or halfvec"):
        in_session(lambda db: cosine_similarity_search(db, "docs", "day", V))
