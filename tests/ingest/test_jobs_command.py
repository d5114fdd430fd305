"""Jobs on the command line: left to workers, followed and steered."""

import json
import signal
import time
from pathlib import Path

import pytest

from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.models import JobState
from database.server.connection import Database
from database.videos.read import Library
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command, start_command
from tests.helpers.media import drawn, make_video


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)])


def test_what_is_detached_is_done_by_a_worker_and_can_be_followed(
    settings: IngestSettings, database: Database, film: Path
) -> None:
    asked = run_command("ingest", "--detach", film, settings=settings)
    assert asked.stdout == "job 1: python -m ingest.jobs show 1 says how far it is\n"
    host = database.origin.removeprefix("file://")
    no_worker = f"no worker runs on {host}: start one there with python -m ingest.worker\n"
    assert asked.stderr == no_worker
    jobs = Jobs(database)
    assert jobs.get(1).request == IngestRequest((str(film),))

    worker = start_command("ingest.worker", "--jobs", 1, settings=settings)
    try:
        end = time.monotonic() + 150
        while jobs.get(1).state is not JobState.DONE and time.monotonic() < end:
            time.sleep(0.1)
        listed = run_command("ingest.jobs", settings=settings)
        assert listed.stdout == f"    1  done      ingest {film}: 1 done\n1 worker, 1 job\n"
        assert listed.stderr == ""
    finally:
        worker.send_signal(signal.SIGTERM)
        _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0, told
    assert f"Worker for files of {host}, 1 at a time" in told
    assert "Traceback" not in told
    assert Library(database).row_counts()["video"] == 1
    assert jobs.workers() == []


def test_a_job_is_steered_by_its_number(
    settings: IngestSettings, database: Database, film: Path
) -> None:
    jobs = Jobs(database)
    job_id = jobs.submit(IngestRequest((str(film), "/b", "/c")))
    moved = run_command("ingest.jobs", "priority", job_id, 5, "--json", settings=settings)
    row = json.loads(moved.stdout)
    assert (row["id"], row["priority"], row["state"]) == (job_id, 5, "waiting")
    assert row["request"] == {"paths": [str(film), "/b", "/c"], "retry": False, "again": False}
    paused = run_command("ingest.jobs", "pause", job_id, settings=settings)
    assert paused.stdout == f"{job_id:>5}  paused    ingest {film} and 2 more\n"
    refused = run_command("ingest.jobs", "retry", job_id, settings=settings)
    assert refused.returncode == 1
    assert "only one that is done or failed or cancelled can" in refused.stderr
    shown = run_command("ingest.jobs", "show", job_id, "--json", settings=settings)
    assert json.loads(shown.stdout)["files"] == []


def test_what_workers_cannot_be_asked_for_is_said(settings: IngestSettings, film: Path) -> None:
    refused = run_command("ingest", "--detach", "--dry-run", film, settings=settings)
    assert refused.returncode == 2
    assert "--detach goes with --retry and --again alone" in refused.stderr
    nowhere = run_command("ingest", "--detach", "nowhere", settings=settings)
    assert nowhere.returncode == 2
    assert "no such file or folder: nowhere" in nowhere.stderr
