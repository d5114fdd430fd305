"""Connections come back after a cut, and go back when they have served."""

import psycopg
import pytest
import sqlalchemy as sa

from database.errors import DatabaseUnreachable, SchemaMismatch
from database.server.connection import Database


def test_a_server_that_comes_back_is_used_again_without_a_new_start(
    server: str, database: Database
) -> None:
    with database.session() as session:
        process_id = session.scalar(sa.text("SELECT pg_backend_pid()"))
        name = session.scalar(sa.text("SELECT current_database()"))
    with psycopg.connect(server) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (process_id,))
    with database.session() as session:
        assert session.scalar(sa.text("SELECT current_database()")) == name


def test_all_that_is_read_together_is_read_on_one_connection_that_goes_back(
    database: Database,
) -> None:
    pool = database.engine.pool
    assert isinstance(pool, sa.QueuePool)
    with database.reading() as outer:
        with pytest.raises(SchemaMismatch), database.reading() as inner:
            inner.execute(sa.text("SELECT no_such_column"))
        with database.reading() as inner:
            assert inner is outer
            assert inner.scalar(sa.text("SELECT 1")) == 1
        assert pool.checkedout() == 1
    assert pool.checkedout() == 0
    with database.reading() as alone:
        assert alone is not outer


def test_rows_are_read_with_named_values_whatever_else_has_a_colon(database: Database) -> None:
    sql = "SELECT CAST(:text AS text) ~ '^[[:alnum:]]+$', (:number)::int, :number + 1, 'a\\:b %'"
    assert database.rows(sql, {"text": "a1", "number": 2, "unused": 0}) == [(True, 2, 3, "a:b %")]


def test_a_connection_that_the_server_ended_while_it_was_read_from_is_not_used_again(
    server: str, database: Database
) -> None:
    with database.reading():
        ((process_id,),) = database.rows("SELECT pg_backend_pid()")
        with psycopg.connect(server) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (process_id,))
        with pytest.raises(DatabaseUnreachable):
            database.rows("SELECT 1")
    assert database.rows("SELECT 1") == [(1,)]
