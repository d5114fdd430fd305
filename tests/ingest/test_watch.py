"""python -m ingest.watch: the library follows folders, with a worker that does the jobs."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from database.check import find_faults
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.models import JobFileState
from database.server.connection import Database
from database.videos.read import Library
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command, start_command
from tests.helpers.hosts import write

NAMES = ("slow", "a", "b", "c", "gone", "under", "after")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """What pretended films are copied from."""
    for name in NAMES:
        write(tmp_path / "films" / f"{name}.mp4", f"what {name} shows")
    return tmp_path / "films"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that another one is mounted at."""
    real, disk = tmp_path / "real", tmp_path / "disk"
    for folder in (real, disk):
        folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", real], check=False).returncode:
        pytest.skip("mounts are not permitted here")
    try:
        mount(real, disk)
        yield disk
    finally:
        for folder in (disk, real):
            subprocess.run(["umount", "-l", folder], capture_output=True, check=False)


def mount(real: Path, disk: Path) -> None:
    """The disk comes back."""
    subprocess.run(["mount", "--bind", real, disk], check=True)


@contextmanager
def running(command: str, *arguments: object, settings: IngestSettings) -> Iterator[list[str]]:
    """A command that runs meanwhile, and is ended by SIGTERM: the lines that it has told so far."""
    process = start_command(command, *arguments, settings=settings)
    assert process.stderr is not None
    told: list[str] = []
    reader = threading.Thread(target=told.extend, args=(process.stderr,))
    reader.start()
    try:
        yield told
        assert process.poll() is None, told
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
        reader.join()
        process.communicate()
    assert code == 0, told


@contextmanager
def away(settings: IngestSettings, server: str) -> Iterator[None]:
    """A database that nobody reaches meanwhile."""
    name = sa.make_url(settings.database_url or "").database
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )
        try:
            yield
        finally:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def wait_for(condition: Callable[[], bool], told: list[str], most_s: float = 60.0) -> None:
    """Until `condition` holds."""
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def write_slowly(source: Path, target: Path) -> None:
    """A copy that takes some seconds, as over a network."""
    content = source.read_bytes()
    piece = len(content) // 3 + 1
    with target.open("wb") as file:
        for start in range(0, len(content), piece):
            file.write(content[start : start + piece])
            file.flush()
            time.sleep(1.5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_the_library_follows_a_folder(
    films: Path, disk: Path, settings: IngestSettings, database: Database
) -> None:
    def videos() -> dict[str, int]:
        found = Library(database).list_videos(limit=99)
        return {video.title: video.id for video in found if video.missing_since is None}

    with (
        running("tests.helpers.pretending", settings=settings),
        running("ingest.watch", disk, settings=settings) as told,
    ):
        for name in ("a", "b", "c", "gone"):
            shutil.copy(films / f"{name}.mp4", disk)
        write_slowly(films / "slow.mp4", disk / "slow.mp4")
        wait_for(lambda: len(videos()) == 5, told)
        first = videos()

        (disk / "deep").mkdir()
        (disk / "a.mp4").rename(disk / "deep" / "moved.mp4")
        (disk / "b.mp4").rename(disk / "b.tmp")
        (disk / "c.mp4").rename(disk / "b.mp4")
        (disk / "b.tmp").rename(disk / "c.mp4")
        (disk / "gone.mp4").unlink()
        followed = {
            "slow": first["slow"],
            "moved": first["a"],
            "b": first["c"],
            "c": first["b"],
        }
        wait_for(lambda: videos() == followed, told)

        subprocess.run(["umount", "-l", disk], check=True)
        shutil.copy(films / "under.mp4", disk)  # where the disk was
        wait_for(lambda: "under" in videos(), told)
        assert videos().items() > followed.items()

        mount(films.with_name("real"), disk)
        shutil.copy(films / "after.mp4", disk)
        wait_for(lambda: videos().keys() == {*followed, "after"}, told)
        assert videos().items() > followed.items()
    assert find_faults(database, settings.keyframes_dir) == []
    ended = [job.counts for job in Jobs(database).page()]
    assert sum(counts[JobFileState.FAILED] for counts in ended) == 0


def test_a_folder_that_comes_later_is_followed_and_a_database_that_is_away_is_waited_for(
    films: Path, tmp_path: Path, settings: IngestSettings, database: Database, server: str
) -> None:
    def is_told(words: str) -> bool:
        return any(words in line for line in told)

    later, jobs = tmp_path / "later", Jobs(database)
    with running("ingest.watch", later, settings=settings) as told:
        wait_for(lambda: is_told("the folder is away"), told)
        with away(settings, server):
            shutil.copytree(films, later)
            wait_for(lambda: is_told("the database is away"), told)
        wait_for(lambda: len(jobs.page()) == 1, told)
        (job,) = jobs.page()
        assert isinstance(job.request, IngestRequest)
        assert job.request.paths == tuple(sorted(map(str, later.iterdir())))
        assert is_told("the database is back")
    for words in ("the folder is away", "watching", "the database is away", "new files"):
        assert sum(words in line for line in told) == 1


def test_folders_are_those_that_are_named_or_of_the_environment(
    tmp_path: Path, settings: IngestSettings
) -> None:
    told = run_command("ingest.watch", settings=settings)
    assert told.returncode == 2
    assert "say which folders to watch" in told.stderr
    (tmp_path / "file").touch()
    told = run_command("ingest.watch", settings=settings, INGEST_WATCH=f"{tmp_path}/file")
    assert told.returncode == 2
    assert "not a folder" in told.stderr
