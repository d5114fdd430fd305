"""Whatever ends an ingest, the next run goes on where it was: nothing lost, nothing twice."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from database.check import find_faults
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.read import Library
from tests.helpers.commands import TOUR, outcomes, run_command, start_command
from tests.helpers.media import cut, drawn, make_video

NOTHING = {"video": 0, "scene": 0, "moment": 0, "embedding": 0}


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Waits until `condition` holds while a command runs."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def end_when(
    condition: Callable[[], bool],
    process: subprocess.Popen[str],
    how: signal.Signals,
    *,
    to_another_thread: bool = False,
) -> str:
    """Sends a running command a signal as soon as `condition` holds; its messages."""
    wait_for(condition, process)
    threads = [int(task.name) for task in Path(f"/proc/{process.pid}/task").glob("*")]
    # A process-wide signal goes to the thread whose id it is sent to, if that one takes it.
    os.kill(max(threads) if to_another_thread else process.pid, how)
    _, messages = process.communicate(timeout=30)
    return messages


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scene of the sample: a slide with writing, and a sentence over it."""
    return cut(TOUR, tmp_path_factory.mktemp("slide") / "slide.mp4", 14.0, 21.0)


def test_an_ingest_that_is_killed_in_every_stage_ends_as_if_it_had_not_been(
    slide: Path, settings: DatabaseSettings, database: Database
) -> None:
    def exists(pattern: str) -> Callable[[], bool]:
        return lambda: list(settings.home.glob(pattern)) != []

    for stage in ("media", "decoded.json", "speech.json", "writing.json"):
        process = start_command("ingest", slide, settings=settings)
        end_when(exists(f"work/*/{stage}"), process, signal.SIGKILL)
        assert Library(database).row_counts() == NOTHING
        assert find_faults(database, settings.keyframes_dir) == []

    with writing_has_to_wait(settings):
        process = start_command("ingest", slide, settings=settings)
        end_when(exists("keyframes/*/*/*.jpg"), process, signal.SIGKILL)
    assert Library(database).row_counts() == NOTHING

    done = run_command("ingest", slide, "--json", settings=settings)
    assert outcomes(done)["slide.mp4"]["status"] == "done"
    assert Library(database).row_counts() == {"video": 1, "scene": 1, "moment": 4, "embedding": 3}
    assert find_faults(database, settings.keyframes_dir) == []
    assert list(settings.work_dir.glob("*")) == []


@contextmanager
def writing_has_to_wait(settings: DatabaseSettings) -> Iterator[None]:
    """Nobody can store a video meanwhile; reading goes on."""
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as other:
        other.execute("LOCK TABLE video IN EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize("to_another_thread", [False, True])
def test_an_ingest_that_a_person_interrupts_exits_130_at_once_and_says_how_to_go_on(
    slide: Path, settings: DatabaseSettings, database: Database, to_another_thread: bool
) -> None:
    process = start_command("ingest", slide, "--json", settings=settings)
    messages = end_when(
        lambda: list(settings.work_dir.glob("*/decoded.json")) != [],
        process,
        signal.SIGINT,
        to_another_thread=to_another_thread,
    )
    assert process.returncode == 130
    assert "run the same command again to go on" in messages
    assert "Traceback" not in messages
    assert Library(database).row_counts() == NOTHING
    assert find_faults(database, settings.keyframes_dir) == []


def test_two_ingests_of_one_folder_at_once_store_each_film_once(
    settings: DatabaseSettings, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in (1, 2):
        make_video(folder / f"{number}.mp4", [drawn(number)])
    both = [start_command("ingest", folder, "--json", settings=settings) for _ in range(2)]
    for process in both:
        _, messages = process.communicate(timeout=90)
        assert process.returncode == 0, messages
    assert Library(database).row_counts() == {"video": 2, "scene": 2, "moment": 4, "embedding": 2}
    assert find_faults(database, settings.keyframes_dir) == []


def test_a_server_that_drops_all_connections_in_the_middle_loses_nothing(
    settings: DatabaseSettings, database: Database, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)])
    process = start_command("ingest", film, settings=settings)
    wait_for(lambda: list(settings.work_dir.glob("*/decoded.json")) != [], process)
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 0, messages
    assert Library(database).row_counts()["video"] == 1
    assert find_faults(database, settings.keyframes_dir) == []
