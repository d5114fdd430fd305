"""The database of a library, opened: an embedded one is started and migrated, another checked."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa
from pgvector.psycopg import register_vector
from sqlalchemy import event

from database.errors import DatabaseUnsuitable
from database.migrate import require_current_schema, upgrade_schema
from database.server.connection import Database
from database.server.embedded import data_dir, start_embedded
from database.server.restarts import Restarts
from database.server.spread import STRIDE, SpreadDatabase
from database.server.sqlstates import is_unreachable, translated_errors
from database.server.standbys import Standby, Standbys
from database.server.urls import described, names_several, read_url
from database.settings import DatabaseSettings

EF_SEARCH = 100
"""Candidates an HNSW scan keeps; recall and speed are in docs/benchmarks.md."""
STATEMENT_TIMEOUT_S = 30
"""Longer than any search, shorter than people wait. What may take longer lifts it for itself."""
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
_NEXT_HOST_S = 3
"""The same of a new connection where there is another host to ask."""
_AGAIN_S = 0.5


@dataclass(frozen=True)
class Connections:
    """How many connections a process has to a server, and how long it waits for one."""

    kept: int
    """Those that stay open."""
    more: int
    """Those that a burst may add."""
    wait_s: float = 30.0
    """For one of them that is free."""
    patience_s: float = 0.0
    """Where DATABASE_URL names several servers: none of them may take writes for so long."""


SERVING = Connections(8, 64)
"""One for each thread of a server, so that none waits for another's. PostgreSQL allows 100, and
other processes want some."""
_MOST_PREPARED = 32
"""Statements that the server keeps for a connection: one of a search takes a megabyte there."""
WORKING = Connections(2, 3, wait_s=300.0)
"""What works on files needs one now and then, however many lanes it has: with that of its locks
three, and six at most, so that a hundred lanes in a dozen processes leave some to a server
(docs/operations.md). Fewer, and a worker could not say that it lives while all are in use."""
INGESTING = replace(WORKING, patience_s=60.0)
"""A run that nobody starts again waits for a failover."""


def open_database(
    settings: DatabaseSettings,
    *,
    require_schema: bool = True,
    connections: Connections = SERVING,
) -> Database:
    """The database of DATABASE_URL with the standbys of DATABASE_READ_URLS, or those of
    DATABASE_SHARD_URLS as one, or the embedded one of the home folder. Raises as `open_alone` does.
    """
    if not settings.shard_urls:
        return open_alone(settings, require_schema=require_schema, connections=connections)
    if settings.database_url is not None:
        raise DatabaseUnsuitable(
            "DATABASE_URL names one database and DATABASE_SHARD_URLS several: unset one of them"
        )
    if settings.read_urls:
        raise DatabaseUnsuitable(
            "DATABASE_READ_URLS is not there yet for a library of DATABASE_SHARD_URLS: unset it"
        )
    with ExitStack() as opened:
        shards = [
            opened.enter_context(closing(open_alone(each, as_shard=True, connections=connections)))
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
    settings: DatabaseSettings,
    *,
    require_schema: bool = True,
    as_shard: bool = False,
    connections: Connections = SERVING,
) -> Database:
    """The database of DATABASE_URL, or the embedded one, whose server is started, now and whenever
    it is found to be gone; one that has a part of a library only `as_shard`.

    The schema of the embedded one is brought up to date; that of a server is checked, if
    `require_schema`. Raises DatabaseUnreachable, DatabaseUnsuitable, SchemaMismatch.
    """
    embedded = settings.database_url is None
    variable = "DATABASE_SHARD_URLS" if as_shard else "DATABASE_URL"
    url = read_url(settings.database_url or start_embedded(settings.home), variable)
    description = (
        f"embedded PostgreSQL in {data_dir(settings.home)}" if embedded else described(url)
    )
    engine = _engine(url, connections)
    if embedded:
        event.listen(engine, "do_connect", partial(_connect, Restarts(settings.home)))
    elif names_several(url) and connections.patience_s:
        event.listen(engine, "do_connect", partial(_connect_in_time, connections.patience_s))
    standbys = Standbys([_standby(text, connections) for text in settings.read_urls])
    database = Database(
        engine, description, embedded, settings.origin, settings.shared, standbys=standbys
    )
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
    return replace(database, has_trigrams=has_trigrams)


def _standby(text: str, connections: Connections) -> Standby:
    """Raises NoUrl."""
    url = read_url(text, "DATABASE_READ_URLS")
    return Standby(_engine(url, connections, connect_timeout=_NEXT_HOST_S), described(url))


def _engine(url: sa.URL, connections: Connections, **reachable: int) -> sa.Engine:
    if names_several(url):
        reachable["connect_timeout"] = _NEXT_HOST_S
    engine = sa.create_engine(
        url,
        pool_size=connections.kept,
        max_overflow=connections.more,
        pool_timeout=connections.wait_s,
        pool_pre_ping=True,
        connect_args=_REACHABLE | reachable,
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: psycopg.Connection[Any], _record: object) -> None:
        driver.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
        # A LIMIT above ef_search is filled all the same.
        driver.execute("SET hnsw.iterative_scan = relaxed_order")
        # A plan for any words and any filter would leave an index for some; which search has one
        # all the same, says `rows`.
        driver.execute("SET plan_cache_mode = force_custom_plan")
        driver.prepared_max = _MOST_PREPARED
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
    _, found = dialect.create_connect_args(read_url(restarts.url(), "DATABASE_URL"))
    options.update(found)
    return dialect.connect(*arguments, **options)


def _connect_in_time(
    patience_s: float,
    dialect: sa.Dialect,
    _record: object,
    arguments: Sequence[Any],
    options: dict[str, Any],
) -> Any:
    """A connection to the one of several servers that takes writes, once there is one."""
    until_s = time.monotonic() + patience_s
    while True:
        try:
            return dialect.connect(*arguments, **options)
        except psycopg.OperationalError as error:
            if not is_unreachable(error) or time.monotonic() > until_s:
                raise
        time.sleep(_AGAIN_S)
