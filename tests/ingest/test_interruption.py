"""Whatever ends an ingest, the next run goes on where it was: nothing lost, nothing twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from database.check import find_faults
from database.server.connection import Database
from database.videos.read import Library
from database.videos.stored import Store
from embeddings.settings import EmbeddingSettings
from ingest.files.identity import content_hash
from ingest.settings import IngestSettings
from tests.helpers.commands import TOUR, environment, outcomes, run_command, start_command
from tests.helpers.media import cut, drawn, make_video
from tests.helpers.sql import forget_vectors

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
    slide: Path, settings: IngestSettings, database: Database
) -> None:
    def exists(pattern: str) -> Callable[[], bool]:
        return lambda: list(settings.home.glob(pattern)) != []

    for stage in ("media", "decoded.json", "speech.json", "written.json"):
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
    assert Library(database).row_counts() == {"video": 1, "scene": 1, "moment": 5, "embedding": 3}
    assert find_faults(database, settings.keyframes_dir) == []
    assert list(settings.work_dir.glob("*")) == []


@contextmanager
def writing_has_to_wait(settings: IngestSettings) -> Iterator[None]:
    """Nobody can store a video meanwhile; reading goes on."""
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as other:
        other.execute("LOCK TABLE video IN EXCLUSIVE MODE")
        yield


SOON_S = 15.0
"""What is stopped ends within 2 s, on a machine that does nothing else; waiting for the end of what
it does, a model's call or a file of 1 TB, would take longer than this on any."""


def start_in_terminal(
    package: str, *arguments: object, settings: EmbeddingSettings, **variables: str
) -> subprocess.Popen[str]:
    """A command, with all that it starts in one group of processes, as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", package, *map(str, arguments)],
        env={**environment(settings), **variables},
        cwd=settings.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_line(process: subprocess.Popen[str], word: str) -> None:
    """Reads the messages of a command up to one that begins with a word, after time and level."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if f"] {word} " in line:
            return
    raise AssertionError("".join(seen))


@dataclass(frozen=True)
class End:
    """How a command ended that was sent signals."""

    exit_code: int
    messages: str
    """Those since the first signal."""
    seconds: float
    """Since the last one."""


def press_ctrl_c(process: subprocess.Popen[str], times: int = 1) -> End:
    """The signal that a terminal sends to a whole group of processes; nothing is left of it."""
    children = psutil.Process(process.pid).children(recursive=True)
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        started = time.monotonic()
    process.wait(30)
    seconds = time.monotonic() - started
    _, messages = process.communicate(timeout=30)
    _, left = psutil.wait_procs(children, timeout=10)
    assert left == []
    return End(process.returncode, messages, seconds)


def require_in_order(end: End) -> None:
    said = [line for line in end.messages.splitlines() if "[info " not in line]
    assert said == ["interrupted; run the same command again to go on"]
    assert end.exit_code == 130
    assert end.seconds < SOON_S


def test_an_ingest_that_is_stopped_in_any_stage_ends_soon_and_can_go_on(
    slide: Path, settings: IngestSettings, database: Database, store: Store
) -> None:
    def stop_at(word: str, *, times: int = 1) -> End:
        process = start_in_terminal("ingest", slide, settings=settings)
        wait_for_line(process, word)
        end = press_ctrl_c(process, times)
        assert Library(database).row_counts() == NOTHING
        return end

    with store.claim(content_hash(slide)):
        require_in_order(stop_at("reading"))
    for word in ("decoding", "reading text", "embedding"):
        require_in_order(stop_at(word))
    with writing_has_to_wait(settings):
        require_in_order(stop_at("storing"))
        twice = stop_at("storing", times=2)
    require_in_order(twice)

    done = run_command("ingest", slide, "--json", settings=settings)
    assert outcomes(done)["slide.mp4"]["status"] == "done"
    assert find_faults(database, settings.keyframes_dir) == []
    assert list(settings.work_dir.glob("*")) == []


def test_an_ingest_that_is_stopped_while_it_reads_a_large_file_ends_soon(
    settings: IngestSettings, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    process = start_in_terminal("ingest", large, settings=settings)
    wait_for_line(process, "reading")
    require_in_order(press_ctrl_c(process))


def test_an_ingest_that_is_stopped_when_all_is_stored_keeps_what_is_stored(
    settings: IngestSettings, database: Database, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "film.mp4", [drawn(1)])
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as other:
        other.execute("SELECT key FROM space FOR NO KEY UPDATE")  # statistics wait for it
        process = start_in_terminal("ingest", film, settings=settings)
        wait_for_line(process, "done")
        require_in_order(press_ctrl_c(process))
    assert Library(database).row_counts()["video"] == 1
    assert find_faults(database, settings.keyframes_dir) == []


def test_a_backfill_that_is_stopped_ends_soon_and_can_go_on(
    settings: IngestSettings, database: Database, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "film.mp4", [drawn(1)])
    assert run_command("ingest", film, settings=settings).returncode == 0
    forget_vectors(database)
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as other:
        other.execute("SELECT FROM moment FOR UPDATE")
        process = start_in_terminal("ingest.backfill", "--all", settings=settings)
        wait_for(lambda: waits_for_a_lock(database), process)
        require_in_order(press_ctrl_c(process))
    assert run_command("ingest.backfill", "--all", settings=settings).returncode == 0
    assert find_faults(database, settings.keyframes_dir) == []


def waits_for_a_lock(database: Database) -> bool:
    """Whether some connection to this database waits for a lock."""
    query = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock')"
    )
    with database.reading() as connection:
        return bool(connection.scalar(sa.text(query)))


@pytest.mark.parametrize("package", ["ingest", "ingest.backfill"])
def test_a_command_that_is_stopped_while_it_loads_just_ends(
    package: str, settings: IngestSettings
) -> None:
    process = start_in_terminal(package, "--help", settings=settings)
    maps = Path(f"/proc/{process.pid}/maps")
    wait_for(lambda: "numpy" in maps.read_text(), process)
    end = press_ctrl_c(process)
    assert end.messages == ""
    assert end.exit_code == -signal.SIGINT
    assert end.seconds < SOON_S


@pytest.mark.parametrize(
    ("how", "to_another_thread"), [(signal.SIGINT, True), (signal.SIGTERM, False)]
)
def test_an_ingest_that_alone_is_told_to_end_does_so_in_order(
    slide: Path,
    settings: IngestSettings,
    database: Database,
    how: signal.Signals,
    to_another_thread: bool,
) -> None:
    process = start_command("ingest", slide, "--json", "--quiet", settings=settings)
    messages = end_when(
        lambda: list(settings.work_dir.glob("*/decoded.json")) != [],
        process,
        how,
        to_another_thread=to_another_thread,
    )
    assert process.returncode == 130
    assert messages == "interrupted; run the same command again to go on\n"
    assert Library(database).row_counts() == NOTHING
    assert find_faults(database, settings.keyframes_dir) == []


def test_no_child_outlives_an_ingest_that_is_killed(settings: IngestSettings) -> None:
    process = start_in_terminal("ingest", TOUR, settings=settings)
    wait_for_line(process, "decoding")
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    _, left = psutil.wait_procs(children, timeout=10)
    assert left == []


def test_two_ingests_of_one_folder_at_once_store_each_film_once(
    settings: IngestSettings, database: Database, tmp_path: Path
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
    settings: IngestSettings, database: Database, tmp_path: Path
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


def test_what_an_ingest_has_done_is_told_when_it_is_stopped(
    slide: Path, settings: IngestSettings, store: Store, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "a.mp4", [drawn(1)])
    with store.claim(content_hash(slide)):
        process = start_in_terminal("ingest", film, slide, "--jobs", "1", settings=settings)
        wait_for_line(process, "done")
        os.killpg(process.pid, signal.SIGINT)
        told, messages = process.communicate(timeout=30)
    assert process.returncode == 130
    assert [line.split()[:2] for line in told.splitlines()] == [
        ["status", "file"],
        ["done", str(film)],
        ["1", "done"],
    ]
    assert messages.splitlines()[-1] == "interrupted; run the same command again to go on"
