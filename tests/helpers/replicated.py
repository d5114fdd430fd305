"""A PostgreSQL with a standby: real servers, which follow each other, fail and take over."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol

import psycopg

from database.server.cluster import find_postmaster, prepare_cluster
from database.server.programs import find_owner, give, run_program
from ingest.settings import IngestSettings

_PORT = 5432


class NewMachine(Protocol):
    """What makes a machine with a home of its own."""

    def __call__(self, name: str, **variables: str) -> IngestSettings: ...


@dataclass(frozen=True)
class Server:
    """A server whose socket lies beside its data: a copy of the folder would have the lock of one
    that lies in it."""

    data: Path
    sockets: Path

    @property
    def url(self) -> str:
        """Its URL."""
        return f"postgresql://postgres@/postgres?host={self.sockets}&port={_PORT}"

    def start(self, *options: str) -> None:
        """Starts it with settings of its own, such as `fsync=off`."""
        settings = (f"unix_socket_directories={self.sockets}", *options)
        given = " ".join([f"-D {self.data}", *(f"-c {each}" for each in settings)])
        self._pg_ctl("--wait", "--log=log", f"--options={given}", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Ends it at once, as a machine that fails."""
        if find_postmaster(self.data) is not None:
            self._pg_ctl("--wait", f"--mode={mode}", "stop")

    def promote(self) -> None:
        """Has a standby take over."""
        self._pg_ctl("--wait", "promote")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def copy(self, data: Path, sockets: Path) -> "Server":
        """A standby of it, which does not run yet."""
        made = Server(data, sockets)
        for folder in (data, sockets):
            folder.mkdir(mode=0o700, parents=True)
            give(folder, find_owner(self.data))
        run_program(
            "pg_basebackup", f"--host={self.sockets}", f"--port={_PORT}", "--username=postgres",
            f"--pgdata={data}", "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast",
            data=data, owner=find_owner(self.data),
        )  # fmt: skip
        return made

    def _pg_ctl(self, *arguments: str) -> None:
        run_program("pg_ctl", *arguments, data=self.data, owner=find_owner(self.data))


@contextmanager
def new_server(parent: Path, *options: str) -> Iterator[Server]:
    """A new server in a folder of its own in there, which runs, and is gone with it at the end."""
    folder = Path(mkdtemp(prefix="server-", dir=parent))
    folder.chmod(0o755)  # the server's user is not always ours
    made = Server(folder / "primary", folder / "a")
    prepare_cluster(made.data, find_owner(made.data))
    made.sockets.mkdir(mode=0o700)
    give(made.sockets, find_owner(made.data))
    try:
        made.start("fsync=off", *options)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standby_of(primary: Server, name: str = "standby") -> Iterator[Server]:
    """One that follows another, until the end of the block."""
    folder = primary.data.parent
    made = primary.copy(folder / name, folder / name[:1])
    try:
        made.start("fsync=off")
        yield made
    finally:
        made.stop()


def url_of(*servers: Server) -> str:
    """One that names several servers, as libpq has it."""
    hosts = ",".join(str(each.sockets) for each in servers)
    ports = ",".join([str(_PORT)] * len(servers))
    return f"postgresql://postgres@/postgres?host={hosts}&port={ports}"
