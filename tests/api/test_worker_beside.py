"""`python -m api` with the worker that it has beside itself."""

from pathlib import Path

import psutil

from ingest.settings import IngestSettings
from tests.helpers.events import Event, listening
from tests.helpers.jobs import board
from tests.helpers.waiting import wait_until


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # whose parent is gone with it
    except psutil.NoSuchProcess:
        return False


def test_what_is_asked_for_is_done_beside_the_server_which_leaves_nothing_behind(
    settings: IngestSettings, tmp_path: Path
) -> None:
    with board(settings, tmp_path, API_WORKER="true") as served, listening(served.client) as stream:
        answer = served.client.post("/jobs", json={"kind": "forget", "missing": True})
        job_id = answer.json()["id"]

        def is_done(event: Event) -> bool:
            return event.name == "job" and event.data["state"] == "done"

        assert stream.until(is_done)[-1].data["id"] == job_id
        (worker,) = served.client.get("/workers").json()["workers"]
        process = psutil.Process(worker["pid"])
        family = [process, *process.children(recursive=True)]
        served.server.process.kill()
        served.server.process.wait()
        wait_until(lambda: not any(map(is_alive, family)), patience_s=60)
