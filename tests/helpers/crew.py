"""Commands that last, over a PostgreSQL of their own, which are killed and stopped while they
work."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from database.server.embedded import start_embedded, stop_embedded

_LOOK_S = 0.2
_FILES_AT_WORK = "SELECT job_id, path, attempts FROM job_file WHERE state = 'working'"
_COUNT_STORED = """
    CREATE TABLE stored (content_hash text NOT NULL, at timestamptz NOT NULL DEFAULT now());
    CREATE FUNCTION count_stored() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO stored VALUES (NEW.content_hash); RETURN NULL; END';
    CREATE TRIGGER count_stored AFTER INSERT OR UPDATE OF content_hash ON video
        FOR EACH ROW EXECUTE FUNCTION count_stored()"""


@dataclass(frozen=True)
class Postgres:
    """A server that others only know by its URL: who finds it gone cannot start it."""

    home: Path
    url: str

    @classmethod
    def make(cls, home: Path) -> "Postgres":
        """A new one."""
        return cls(home, start_embedded(home))

    def be_away(self, seconds: float) -> None:
        """Stops it for a while."""
        self.stop()
        time.sleep(seconds)
        start_embedded(self.home)

    def stop(self) -> None:
        """Ends it, and with it all connections."""
        stop_embedded(self.home)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query. Raises psycopg.OperationalError while it is away."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def count_stored(self) -> None:
        """Keeps a row of the table `stored` for each time that a content is stored."""
        self.rows(_COUNT_STORED)


@dataclass
class Member:
    """A command that lasts, until somebody ends it."""

    name: str
    arguments: Sequence[str]
    variables: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    num_ended: int = 0
    """How often it has ended by itself, other than for want of a database at its start."""

    def start(self) -> None:
        """Starts it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                env={**os.environ, **self.variables},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @contextmanager
    def kept(self, pause_s: float) -> Iterator[None]:
        """Starts it a while after it has ended, as systemd does, until the block ends."""
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(over, pause_s))
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """Ends it at once, with no word to anybody."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self, patience_s: float = 60.0) -> int:
        """Ends it as systemd does; its exit status."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def said(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace")

    def _keep(self, over: threading.Event, pause_s: float) -> None:
        while not over.is_set():
            self.start()
            assert self.process is not None
            while self.process.poll() is None and not over.wait(_LOOK_S):
                pass
            if self.process.poll() is None:
                return
            if self.process.returncode != -signal.SIGKILL and "does not answer" not in self._last():
                self.num_ended += 1
            over.wait(pause_s)

    def _last(self) -> str:
        return (self.said().splitlines() or [""])[-1]


@dataclass
class Watch:
    """What becomes of files that were at work when somebody was killed: seen from outside, several
    times a second, in a thread of its own."""

    postgres: Postgres
    waits: list[tuple[float, int, str]] = field(default_factory=list)
    """Seconds until such a file was begun again, elsewhere, without those in which there was no
    database; its attempt that then begins, and its path."""
    _at_work: list[tuple[Any, ...]] = field(default_factory=list)
    _now_s: float = 0.0
    _cut_off: dict[tuple[int, str], tuple[float, int]] = field(default_factory=dict)
    """When, and in which attempt."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def killed(self) -> None:
        """Somebody is, just now: each file at work may be one of theirs. It was, if it is begun a
        second time."""
        with self._lock:
            with contextlib.suppress(psycopg.OperationalError):
                self._at_work = self.postgres.rows(_FILES_AT_WORK)
            for job_id, path, attempts in self._at_work:
                self._cut_off.setdefault((job_id, path), (self._now_s, attempts))

    @property
    def waits_s(self) -> list[float]:
        """The seconds alone."""
        return [wait_s for wait_s, _, _ in self.waits]

    @contextmanager
    def looking(self) -> Iterator[None]:
        """As long as the block lasts."""
        ended = threading.Event()
        thread = threading.Thread(target=self._look, args=(ended,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _look(self, ended: threading.Event) -> None:
        last_s = time.monotonic()
        while not ended.wait(_LOOK_S):
            try:
                rows = self.postgres.rows(_FILES_AT_WORK)
            except psycopg.OperationalError:
                last_s = time.monotonic()
                continue
            with self._lock:
                last_s, passed_s = time.monotonic(), time.monotonic() - last_s
                self._now_s += passed_s
                self._at_work = rows
                for job_id, path, attempts in rows:
                    at_s, before = self._cut_off.get((job_id, path), (self._now_s, attempts))
                    if attempts > before:
                        del self._cut_off[job_id, path]
                        self.waits.append((self._now_s - at_s, attempts, path))


@contextmanager
def own_postgres(home: Path) -> Iterator[Postgres]:
    """One that is there until the end of the block."""
    made = Postgres.make(home)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(home, ignore_errors=True)


def wait_for(is_so: Callable[[], bool], patience_s: float) -> bool:
    """Whether it became so; a database that is away counts as no."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        with contextlib.suppress(psycopg.OperationalError):
            if is_so():
                return True
        time.sleep(_LOOK_S)
    return False
