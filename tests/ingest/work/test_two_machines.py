"""Two machines with homes of their own over one database and one bucket: one of them is killed in
the middle, and so is the database, whose standby takes over. Nothing is lost or doubled, and each
machine finds and plays what the other has made."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from database.check import find_faults
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.migrate import upgrade_schema
from database.models import JobFileState, JobState
from database.opening import open_database
from ingest.settings import IngestSettings
from tests.helpers.commands import environment
from tests.helpers.crew import Member
from tests.helpers.http import serving
from tests.helpers.media import drawn, make_video
from tests.helpers.replicated import NewMachine, Server
from tests.helpers.s3 import BUCKET, S3, serving_s3
from tests.helpers.waiting import wait_until

NUM_FILMS = 8
TALKS = f"s3://{BUCKET}/talks"
STORED = "SELECT count(*), count(DISTINCT content_hash) FROM video"
AT_WORK = "SELECT DISTINCT worker_id FROM procrastinate_jobs WHERE status = 'doing'"
STORED_BEFORE = JobFileState.UNCHANGED
"""Of a film whose row was committed just before its worker or its database went."""
PATIENCE_S = 180


@pytest.fixture
def films(tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """The content of each film of the bucket, by its address."""
    with serving_s3() as s3:
        yield dict(put_film(s3, number, tmp_path) for number in range(NUM_FILMS))


def put_film(s3: S3, number: int, folder: Path) -> tuple[str, bytes]:
    film = make_video(folder / f"{number}.mp4", [drawn(2 * number), drawn(2 * number + 1)])
    s3.put(f"talks/lathe {number}.mp4", film)
    return f"{TALKS}/lathe {number}.mp4", film.read_bytes()


def worker_of(machine: IngestSettings) -> Member:
    log = machine.home / "worker.log"
    return Member(machine.home.name, ("ingest.worker",), environment(machine), log)


def pictures_found(client: httpx.Client) -> dict[str, bytes]:
    """The keyframe of each film that a search finds, by the film's path."""
    answer = client.get("/search/quick", params={"q": "lathe", "limit": 50}).json()
    assert not answer["degraded"], answer["reasons"]
    hits: list[dict[str, Any]] = answer["results"]
    return {hit["video"]["path"]: client.get(hit["keyframe_url"]).content for hit in hits}


def films_played(client: httpx.Client) -> dict[str, bytes]:
    """What a player gets of each film of the library, by its path."""
    videos = client.get("/videos", params={"limit": 50}).json()["videos"]
    every = {"Range": "bytes=0-"}
    return {
        video["path"]: client.get(f"/videos/{video['id']}/stream", headers=every).content
        for video in videos
    }


def test_of_two_machines_one_is_killed_and_their_database_fails_over(
    servers: tuple[Server, Server], new_machine: NewMachine, films: dict[str, bytes]
) -> None:
    primary, standby = servers
    crew = {"sceneseek_host": "crew", "sceneseek_store": f"s3://{BUCKET}/made"}
    machines = [new_machine(name, **crew) for name in ("x", "y")]
    workers = [worker_of(machine) for machine in machines]
    with ExitStack() as ends:
        database = ends.enter_context(closing(open_database(machines[0], require_schema=False)))
        upgrade_schema(database)
        for worker in workers:
            ends.callback(worker.kill)
            worker.start()
        job_id = Jobs(database).submit(IngestRequest((TALKS,)))
        wait_until(lambda: len(primary.rows(AT_WORK)) == len(workers), PATIENCE_S)
        workers[0].kill()
        wait_until(lambda: primary.rows(STORED) != [(0, 0)], PATIENCE_S)
        primary.stop()
        workers[0].start()  # while no database answers
        standby.promote()
        jobs = Jobs(database)
        wait_until(lambda: jobs.get(job_id).state is JobState.DONE, PATIENCE_S)
        told = {file.path: file.state for file in jobs.files(job_id)}
        assert set(told) == set(films)
        assert set(told.values()) <= {JobFileState.DONE, STORED_BEFORE}
        assert standby.rows(STORED) == [(NUM_FILMS, NUM_FILMS)]
        for machine in machines:
            with closing(open_database(machine)) as own:
                assert find_faults(own, machine.keyframes_dir) == []
        clients = [ends.enter_context(serving(machine)).client for machine in machines]
        assert films_played(clients[0]) == films_played(clients[1]) == films
        found = pictures_found(clients[0])
        assert set(found) == set(films)
        assert found == pictures_found(clients[1])
