"""The table of workers: who lives, so that people are told when nobody does what they ask for."""

import os
import socket

import sqlalchemy as sa

from database.server.connection import Database

_ENTER = sa.text(
    "INSERT INTO worker (origin, machine, pid) VALUES (:origin, :machine, :pid) RETURNING id"
)
_SEEN = sa.text(
    "INSERT INTO worker (id, origin, machine, pid) OVERRIDING SYSTEM VALUE "
    "VALUES (:id, :origin, :machine, :pid) ON CONFLICT (id) DO UPDATE SET seen_at = now()"
)
_SEEN_IN_QUEUE = sa.text(
    "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :id RETURNING id"
)


class Workers:
    """Each method is one transaction of this process's own row."""

    def __init__(self, database: Database) -> None:
        self._database = database.home
        self._me = {"origin": database.origin, "machine": socket.gethostname(), "pid": os.getpid()}

    def enter(self) -> int:
        """The number of this process among the workers."""
        with self._database.session() as session:
            worker: int = session.execute(_ENTER, self._me).scalar_one()
            return worker

    def seen(self, worker: int, in_queue: int | None) -> bool:
        """That it lives, told to people and to the queue; whether the queue knows it, by this
        number: it may have forgotten it while the machine slept."""
        with self._database.session() as session:
            session.execute(_SEEN, {"id": worker, **self._me})
            told = session.execute(_SEEN_IN_QUEUE, {"id": in_queue}).first()
            return in_queue is None or told is not None

    def database_up_s(self) -> float:
        """For how long the server has been there, in seconds."""
        up = "SELECT extract(epoch FROM now() - pg_postmaster_start_time())::float8"
        return float(self._database.rows(up)[0][0])

    def leave(self, worker: int) -> None:
        """That it has ended."""
        with self._database.session() as session:
            session.execute(sa.text("DELETE FROM worker WHERE id = :id"), {"id": worker})
