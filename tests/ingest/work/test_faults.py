"""Workers that are killed, over a database that goes away: what they had begun is done elsewhere,
and nothing twice. `make soak-jobs` is the long form."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from database.check import find_faults
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.migrate import upgrade_schema
from database.models import JobFileState, JobState
from database.opening import open_database
from database.server.connection import Database
from ingest.settings import IngestSettings
from tests.helpers.commands import environment
from tests.helpers.crew import Member, Postgres, Watch, own_postgres, wait_for
from tests.helpers.media import drawn, make_video

NUM_FILMS, NUM_LANES = 8, 2
ELSEWHERE_S = 60.0
AT_WORK = "SELECT count(*) FROM job_file WHERE state = 'working'"


@pytest.fixture
def postgres(home: Path) -> Iterator[Postgres]:
    """A server of its own, which can be stopped."""
    with own_postgres(home / "faults") as made:
        yield made


@pytest.fixture
def own_settings(postgres: Postgres, models: Path, tmp_path: Path) -> IngestSettings:
    folder = tmp_path / "living"
    folder.mkdir()
    (folder / "models").symlink_to(models)
    return IngestSettings(sceneseek_home=folder, database_url=postgres.url)


@pytest.fixture
def library(own_settings: IngestSettings, postgres: Postgres) -> Iterator[Database]:
    with closing(open_database(own_settings, require_schema=False)) as database:
        upgrade_schema(database)
        postgres.count_stored()
        yield database


@pytest.fixture
def workers(own_settings: IngestSettings, tmp_path: Path) -> Iterator[list[Member]]:
    with ExitStack() as ends:
        members = []
        for number in (1, 2):
            log = tmp_path / f"worker {number}.log"
            command = ("ingest.worker", "--jobs", str(NUM_LANES))
            member = Member(f"{number}", command, environment(own_settings), log)
            member.start()
            ends.callback(member.kill)
            members.append(member)
        yield members


def test_what_a_killed_worker_had_begun_is_done_by_another_though_postgresql_is_started_again(
    library: Database,
    postgres: Postgres,
    workers: list[Member],
    own_settings: IngestSettings,
    tmp_path: Path,
) -> None:
    for number in range(NUM_FILMS):
        make_video(tmp_path / f"{number}.mp4", [drawn(2 * number), drawn(2 * number + 1)])
    jobs, watch = Jobs(library), Watch(postgres)
    job_id = jobs.submit(IngestRequest((str(tmp_path),)))
    killed, survivor = workers
    with watch.looking():
        # More than one has room for: each of them is at work.
        assert wait_for(lambda: postgres.rows(AT_WORK)[0][0] > NUM_LANES, 90)
        watch.killed()
        killed.kill()
        postgres.be_away(3)
        ended = wait_for(lambda: jobs.get(job_id).state is JobState.DONE, 150)
    assert ended, survivor.said()[-3000:]
    assert jobs.get(job_id).counts[JobFileState.DONE] == NUM_FILMS
    assert watch.waits_s
    assert max(watch.waits_s) < ELSEWHERE_S
    assert postgres.rows("SELECT count(*), count(DISTINCT content_hash) FROM stored") == [
        (NUM_FILMS, NUM_FILMS)
    ]
    assert find_faults(library, own_settings.keyframes_dir) == []
    postgres.stop()
    assert survivor.end() == 0  # though it cannot say so to anybody
    assert "Traceback" not in survivor.said()
