"""The database of a library, opened: an embedded one is started and migrated, another checked."""

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa
from pgvector.psycopg import register_vector
from sqlalchemy import event, exc

from database.errors import DatabaseUnreachable, DatabaseUnsuitable
from database.migrate import require_current_schema, upgrade_schema
from database.server.connection import Database
from database.server.embedded import data_dir, start_embedded
from database.server.restarts import Restarts
from database.server.spread import STRIDE, SpreadDatabase
from database.server.sqlstates import is_unreachable, translated_errors
from database.settings import DatabaseSettings

EF_SEARCH = 100
"""Candidates an HNSW scan keeps; recall and speed are in docs/benchmarks.md."""
STATEMENT_TIMEOUT_S = 30
"""Longer than any search, shorter than people wait. What may take longer lifts it for itself."""
POOL_SIZE, MAX_OVERFLOW = 8, 64
"""Connections that stay open, and those that a burst may add: one for each thread of a server, so
that none waits for another's. PostgreSQL allows 100, and other processes want some."""
_LOOK = sa.text(
    "SELECT to_regclass('moment_text_trgm_idx') IS NOT NULL, "
    "(SELECT seqincrement FROM pg_sequence WHERE seqrelid = to_regclass('video_id_seq'))"
)
_REACHABLE: dict[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # ms
}
"""Of libpq: a host that is gone, or cannot be reached any more, is not waited for longer than some
10 s, in the middle of an answer either."""


def open_database(settings: DatabaseSettings, *, require_schema: bool = True) -> Database:
    """The database of DATABASE_URL, or those of DATABASE_SHARD_URLS as one, or the embedded one of
    the home folder. Raises as `open_alone` does."""
    if not settings.shard_urls:
        return open_alone(settings, require_schema=require_schema)
    if settings.database_url is not None:
        raise DatabaseUnsuitable(
            "DATABASE_URL names one database and DATABASE_SHARD_URLS several: unset one of them"
        )
    with ExitStack() as opened:
        shards = [
            opened.enter_context(closing(open_alone(each, as_shard=True)))
            for each in settings.of_shards()
        ]
        for number, shard in enumerate(shards):
            _require_place(shard, number, len(shards))
        opened.pop_all()
    return SpreadDatabase.of(shards)


def _require_place(database: Database, number: int, num_shards: int) -> None:
    """Raises DatabaseUnsuitable unless a database is this shard, of so many."""
    rows = database.rows("SELECT number, num_shards FROM shard")
    if not rows:
        raise DatabaseUnsuitable(
            f"{database.description} is named by DATABASE_SHARD_URLS and is no shard yet: run "
            "python -m database upgrade"
        )
    if rows[0][0] != number:
        raise DatabaseUnsuitable(
            f"{database.description} is shard {rows[0][0]}, and DATABASE_SHARD_URLS names it as "
            f"{number} (from 0): keep the order in which they were added"
        )
    if rows[0][1] != num_shards:
        raise DatabaseUnsuitable(
            f"the library is spread over {rows[0][1]} databases, and DATABASE_SHARD_URLS names "
            f"{num_shards}: name all of them, or run python -m database upgrade for those that "
            "were added"
        )


def open_alone(
    settings: DatabaseSettings, *, require_schema: bool = True, as_shard: bool = False
) -> Database:
    """The database of DATABASE_URL, or the embedded one, whose server is started, now and whenever
    it is found to be gone; one that has a part of a library only `as_shard`.

    The schema of the embedded one is brought up to date; that of a server is checked, if
    `require_schema`. Raises DatabaseUnreachable, DatabaseUnsuitable, SchemaMismatch.
    """
    embedded = settings.database_url is None
    url = _driver_url(settings.database_url or start_embedded(settings.home))
    if embedded:
        description = f"embedded PostgreSQL in {data_dir(settings.home)}"
    else:
        description = url.set(drivername="postgresql").render_as_string(hide_password=True)
    restarts = Restarts(settings.home) if embedded else None
    database = Database(_engine(url, restarts), description, embedded, settings.origin)
    try:
        with translated_errors(description):
            if embedded:
                upgrade_schema(database)
            elif require_schema:
                require_current_schema(database.engine, description)
            with database.engine.connect() as connection:
                has_trigrams, stride = connection.execute(_LOOK).one()
            if stride == STRIDE and not as_shard:
                raise DatabaseUnsuitable(
                    f"{description} has a part of a library that is spread over several databases: "
                    "name all of them in DATABASE_SHARD_URLS"
                )
    except BaseException:
        database.close()
        raise
    return dataclasses.replace(database, has_trigrams=has_trigrams)


def _driver_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (exc.ArgumentError, ValueError):
        raise DatabaseUnreachable(
            "DATABASE_URL is not a database URL; it looks like "
            "postgresql://user:password@host:5432/database"
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUnreachable(
            f"DATABASE_URL names {url.drivername}; sceneseek needs PostgreSQL with pgvector: "
            "postgresql://user:password@host:5432/database"
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: sa.URL, restarts: Restarts | None) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_pre_ping=True,
        connect_args=_REACHABLE,
    )

    if restarts is not None:
        event.listen(engine, "do_connect", partial(_connect, restarts))

    @event.listens_for(engine, "connect")
    def prepare(driver: psycopg.Connection[Any], _record: object) -> None:
        driver.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
        # A LIMIT above ef_search is filled all the same.
        driver.execute("SET hnsw.iterative_scan = relaxed_order")
        # A plan for any query vector and any filter would leave the HNSW index for some.
        driver.execute("SET plan_cache_mode = force_custom_plan")
        driver.execute("SET timezone = 'UTC'")  # dates and times of day mean the same everywhere
        driver.execute("SET jit = off")  # compiling a search takes longer than running it
        driver.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
        # What a host has locked that is gone is free after 25 s; by default, after two hours.
        driver.execute(
            "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
            "SET tcp_keepalives_count = 3"
        )
        if psycopg.types.TypeInfo.fetch(driver, "vector") is not None:
            register_vector(driver)
        driver.commit()

    return engine


def _connect(
    restarts: Restarts,
    dialect: sa.Dialect,
    _record: object,
    arguments: Sequence[Any],
    options: dict[str, Any],
) -> Any:
    """A connection to the embedded server, which is started if it is gone: it may listen at another
    place then."""
    try:
        return dialect.connect(*arguments, **options)
    except psycopg.OperationalError as error:
        if not is_unreachable(error):
            raise
    _, found = dialect.create_connect_args(_driver_url(restarts.url()))
    options.update(found)
    return dialect.connect(*arguments, **options)
