"""A primary that fails in the middle of everything, and its standby that takes over: nothing is
lost, nothing is done twice, and searches are answered soon."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from database.check import find_faults
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.migrate import upgrade_schema
from database.models import JobFileState, JobState
from database.opening import open_database
from ingest.settings import IngestSettings
from tests.helpers.commands import environment, start_command
from tests.helpers.crew import Member
from tests.helpers.http import serving
from tests.helpers.media import drawn, make_video
from tests.helpers.replicated import NewMachine, Server
from tests.helpers.waiting import wait_until

NUM_FILMS = 4
"""That a job is asked for, and as many that a command ingests."""
PROMOTED_AFTER_S = 2
SEARCHES_BACK_S = 30
AT_WORK = "SELECT count(*) FROM job_file WHERE state = 'working'"
STORED = "SELECT count(*), count(DISTINCT content_hash) FROM video"


@pytest.fixture
def own_settings(new_machine: NewMachine) -> IngestSettings:
    return new_machine("living")


def films(folder: Path, first: int) -> Path:
    """A folder of NUM_FILMS films, all of them different."""
    folder.mkdir()
    for number in range(first, first + NUM_FILMS):
        make_video(folder / f"{number}.mp4", [drawn(2 * number), drawn(2 * number + 1)])
    return folder


@contextmanager
def searching(client: httpx.Client, answered_at: list[float]) -> Iterator[None]:
    """Somebody who searches all the while, and when they were answered."""
    over = threading.Event()

    def search() -> None:
        while not over.wait(0.2):
            if client.get("/search/quick", params={"q": "a train"}).status_code == 200:
                answered_at.append(time.monotonic())

    thread = threading.Thread(target=search)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_after_a_failover_all_goes_on_nothing_lost_nothing_twice(
    servers: tuple[Server, Server], own_settings: IngestSettings, tmp_path: Path
) -> None:
    primary, standby = servers
    queued, given = films(tmp_path / "queued", 0), films(tmp_path / "given", NUM_FILMS)
    worker = Member("worker", ("ingest.worker",), environment(own_settings), tmp_path / "log")
    answered_at: list[float] = []
    with ExitStack() as ends:
        database = ends.enter_context(closing(open_database(own_settings, require_schema=False)))
        upgrade_schema(database)
        server = ends.enter_context(serving(own_settings))
        ends.callback(worker.kill)
        worker.start()
        job_id = Jobs(database).submit(IngestRequest((str(queued),)))
        command = ends.enter_context(
            start_command("ingest", given, "--json", settings=own_settings)
        )
        wait_until(lambda: primary.rows(AT_WORK) != [(0,)], 120)
        wait_until(lambda: primary.rows(STORED) != [(0, 0)], 120)
        with searching(server.client, answered_at):
            wait_until(lambda: bool(answered_at))
            primary.stop()
            time.sleep(PROMOTED_AFTER_S)
            standby.promote()
            promoted_at = time.monotonic()
            jobs = Jobs(database)
            wait_until(lambda: jobs.get(job_id).state is JobState.DONE, 120)
            said, log = command.communicate(timeout=120)
        assert worker.process is not None
        assert worker.process.poll() is None, worker.said()
        assert server.client.get("/ready").json()["standbys"] == "0 of 1 are read"
        assert command.returncode == 0, log
        counts = jobs.get(job_id).counts
        # Unchanged is one that was committed just before its worker could say so.
        assert counts[JobFileState.DONE] + counts[JobFileState.UNCHANGED] == NUM_FILMS
        assert standby.rows(STORED) == [(2 * NUM_FILMS, 2 * NUM_FILMS)]
        assert find_faults(database, own_settings.keyframes_dir) == []
    assert {line["status"] for line in json.loads(said)["files"]} <= {"done", "unchanged"}
    assert min(at for at in answered_at if at > promoted_at) - promoted_at < SEARCHES_BACK_S
