"""procrastinate on the connections of a Database: one pool, which finds an embedded server that was
started again at another place, and no end of a worker because its database is away for a while.
"""

import asyncio
import datetime
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import structlog
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg.rows import dict_row
from typing_extensions import override

from database.errors import (
    DatabaseOverloaded,
    DatabaseUnreachable,
    TooSlow,
    TransactionConflict,
)
from database.server.connection import Database

AWAY = (DatabaseUnreachable, DatabaseOverloaded, TooSlow, TransactionConflict)
"""Errors that pass by themselves."""
_AGAIN_S = 1.0
_FINISH = """
    DELETE FROM procrastinate_jobs
    WHERE id = %(id)s AND worker_id = %(worker)s AND status = 'doing'"""
_RETRY = """
    UPDATE procrastinate_jobs SET status = 'todo', scheduled_at = %(at)s
    WHERE id = %(id)s AND worker_id = %(worker)s AND status = 'doing'"""


class Connector(BaseAsyncConnector):
    """Statements wait until the database is there."""

    def __init__(self, database: Database) -> None:
        self._database = database.home
        self._threads = ThreadPoolExecutor(4, "queue")

    async def open_async(self, pool: object = None) -> None:
        """The pool is the Database's."""

    async def close_async(self) -> None:
        """Who has opened the Database closes it."""
        self._threads.shutdown(wait=False)

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await self._rows(query, arguments)

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        return (await self._rows(query, arguments))[0]

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        return await self._rows(query, arguments)

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Workers ask: a notification takes a lock of the whole server at each commit."""

    async def _rows(self, query: LiteralString, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        is_told = False
        while True:
            try:
                return await loop.run_in_executor(self._threads, self._run, query, arguments)
            except AWAY as error:
                if not is_told:
                    structlog.get_logger().warning("waiting for the database", reason=str(error))
                is_told = True
            await asyncio.sleep(_AGAIN_S)

    def _run(self, query: LiteralString, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        with (
            self._database.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            cursor.execute(query, arguments)
            return cursor.fetchall() if cursor.description is not None else []


class FencedManager(JobManager):
    """A worker ends or returns only what is still its own: procrastinate would let one that was
    taken for dead end what another one has begun in its place."""

    @override
    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Whatever became of it, the row goes: what people are told is in our tables."""
        await self.connector.execute_query_async(_FINISH, id=job.id, worker=job.worker_id)

    @override
    async def retry_job(
        self,
        job: Job,
        retry_at: datetime.datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Done again from `retry_at` on."""
        await self.connector.execute_query_async(
            _RETRY, id=job.id, worker=job.worker_id, at=retry_at
        )
