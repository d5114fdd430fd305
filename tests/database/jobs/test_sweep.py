"""What becomes of that which workers have begun that are gone, and who is heard afterwards."""

import pytest

from database.jobs.jobs import Jobs
from database.jobs.queue import FILE, SCAN
from database.jobs.records import IngestRequest
from database.jobs.sweep import MAX_ATTEMPTS, find_strays, give_back, sweep, tidy
from database.jobs.worklog import BegunFile, Thing, WorkLog
from database.models import JobFileState, JobState
from database.server.connection import Database
from tests.helpers.sql import execute, rows

STALE_S = 30
PATHS = ("/films/a.mp4", "/films/b.mp4")


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def log(database: Database) -> WorkLog:
    return WorkLog(database)


@pytest.fixture
def job(jobs: Jobs, log: WorkLog, database: Database) -> int:
    """A job of two files, both waiting."""
    job_id = jobs.submit(IngestRequest(("/films",)))
    step = log.begin_step(job_id, scanned=False)
    assert step is not None
    log.found(step, [Thing(path) for path in PATHS], 0)
    log.scanned(step)
    execute(database, f"DELETE FROM procrastinate_jobs WHERE task_name = '{SCAN}'")
    return job_id


def worker(database: Database, *, silent_s: float = 0) -> int:
    with database.connection() as connection:
        row = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) "
            "VALUES (now() - make_interval(secs => %s)) RETURNING id",
            (silent_s,),
        ).fetchone()
    assert row is not None
    return int(row[0])


def begin(database: Database, log: WorkLog, job_id: int, path: str, by: int) -> BegunFile:
    """A file as a worker begins it."""
    with database.connection() as connection:
        connection.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s "
            "WHERE args ->> 'path' = %s AND status = 'todo'",
            (by, path),
        )
    file = log.begin_file(job_id, path)
    assert file is not None
    return file


def states(jobs: Jobs, job_id: int) -> list[str]:
    return [file.state.value for file in jobs.files(job_id)]


def queue(database: Database) -> list[tuple[object, ...]]:
    return rows(
        database,
        "SELECT task_name, status::text, lock IS NOT NULL FROM procrastinate_jobs ORDER BY id",
    )


def test_what_a_silent_worker_had_begun_is_done_again(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
    begin(database, log, job, PATHS[1], worker(database, silent_s=STALE_S - 10))
    assert sweep(database, STALE_S).num_again == 1
    assert states(jobs, job) == ["waiting", "working"]
    assert queue(database) == [(FILE, "todo", False), (FILE, "doing", False)]
    assert sweep(database, STALE_S).num_again == 0


def test_files_in_their_last_attempt_take_turns_so_that_none_is_given_up_with_another(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    for is_in_turn in (False, True):
        begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
        sweep(database, STALE_S)
        assert (FILE, "todo", is_in_turn) in queue(database)


def test_who_was_taken_for_dead_is_heard_no_more(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    dead = begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
    sweep(database, STALE_S)
    assert log.report(dead, "decode", 0.5) is False
    heir = begin(database, log, job, PATHS[0], worker(database))
    assert log.report(dead, "decode", 0.5) is False
    log.end_file(dead, JobFileState.FAILED, "what the dead one says")
    assert states(jobs, job) == ["working", "waiting"]
    assert log.report(heir, "store", None) is True
    log.end_file(heir, JobFileState.DONE, None)
    log.give_back_file(dead)
    assert states(jobs, job) == ["done", "waiting"]


def test_a_file_that_ends_its_worker_each_time_is_given_up(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
        swept = sweep(database, STALE_S)
        assert swept.given_up == ((PATHS[0],) if attempt == MAX_ATTEMPTS else ())
    (given_up,) = jobs.files(job, [JobFileState.FAILED])
    assert given_up.reason is not None
    assert "its worker ended 3 times" in given_up.reason
    assert len(queue(database)) == 1  # of the other file


def test_the_last_file_that_is_given_up_ends_its_job(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    log.end_file(begin(database, log, job, PATHS[1], worker(database)), JobFileState.DONE, None)
    execute(database, "DELETE FROM procrastinate_jobs WHERE status = 'doing'")
    execute(database, f"UPDATE job_file SET attempts = {MAX_ATTEMPTS - 1} WHERE state = 'waiting'")
    begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
    sweep(database, STALE_S)
    assert queue(database) == [("finish", "todo", False)]


def test_a_step_of_a_job_that_ends_its_worker_each_time_fails_the_job(
    database: Database, jobs: Jobs, log: WorkLog
) -> None:
    job_id = jobs.submit(IngestRequest(("/films",)))
    for _ in range(MAX_ATTEMPTS):
        silent = worker(database, silent_s=STALE_S + 1)
        execute(database, f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {silent}")
        assert log.begin_step(job_id, scanned=False) is not None
        sweep(database, STALE_S)
    assert jobs.get(job_id).state is JobState.FAILED
    assert queue(database) == []
    assert jobs.retry(job_id).state is JobState.WAITING


def test_files_of_a_cancelled_job_end_with_their_worker(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
    jobs.cancel(job)
    assert states(jobs, job) == ["working", "cancelled"]
    sweep(database, STALE_S)
    assert states(jobs, job) == ["cancelled", "cancelled"]
    assert queue(database) == []


def test_a_worker_that_ends_in_order_gives_back_what_it_has_begun_without_blame(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    me = worker(database)
    begin(database, log, job, PATHS[0], me)
    assert give_back(database, me) == 1
    assert [file.attempts for file in jobs.files(job)] == [0, 0]
    assert queue(database) == [(FILE, "todo", False), (FILE, "todo", False)]


def test_a_task_that_its_worker_does_not_know_of_is_found(
    database: Database, log: WorkLog, job: int
) -> None:
    me = worker(database)
    begin(database, log, job, PATHS[0], me)
    execute(
        database,
        f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {me} WHERE status = 'todo'",
    )
    ((known,), (stray,)) = rows(database, "SELECT id FROM procrastinate_jobs ORDER BY id")
    assert find_strays(database, me, [int(str(known))]) == {stray}
    assert give_back(database, me, [int(str(stray))]) == 1
    assert queue(database) == [(FILE, "doing", False), (FILE, "todo", False)]


def test_a_job_that_has_lost_its_place_in_the_queue_gets_another(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    log.begin_file(job, PATHS[0])
    execute(database, "DELETE FROM procrastinate_jobs")
    assert sweep(database, STALE_S).num_again == 1
    assert states(jobs, job) == ["waiting", "waiting"]
    assert queue(database) == [(FILE, "todo", False), (FILE, "todo", False)]


def test_jobs_of_other_hosts_are_left_to_their_workers(database: Database, jobs: Jobs) -> None:
    jobs.submit(IngestRequest(("/films",)), origin="file://studio")
    silent = worker(database, silent_s=STALE_S + 1)
    execute(database, f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {silent}")
    assert sweep(database, STALE_S).num_again == 0


def test_jobs_that_ended_long_ago_are_forgotten(database: Database, jobs: Jobs) -> None:
    old, new = jobs.submit(IngestRequest(("/a",))), jobs.submit(IngestRequest(("/b",)))
    jobs.cancel(old)
    jobs.cancel(new)
    execute(database, f"UPDATE job SET ended_at = now() - interval '31 days' WHERE id = {old}")
    tidy(database)
    assert [job.id for job in jobs.page()] == [new]


def test_a_scan_that_was_cancelled_and_begun_again_by_another_says_nothing_more(
    database: Database, jobs: Jobs, log: WorkLog
) -> None:
    job_id = jobs.submit(IngestRequest(("/films",)))
    late = log.begin_step(job_id, scanned=False)
    assert late is not None
    jobs.cancel(job_id)
    jobs.retry(job_id)
    heir = log.begin_step(job_id, scanned=False)
    assert heir is not None
    log.scanned(late)
    log.fail_step(late, "what the late one says")
    log.give_back_step(late)
    assert log.found(late, [Thing("/films/late.mp4")], 0) is False
    job = jobs.get(job_id)
    assert (job.state, job.scanned_at, job.num_files) == (JobState.WORKING, None, 0)
    assert log.found(heir, [Thing("/films/a.mp4")], 0) is True


def test_a_file_of_a_job_that_is_cancelled_and_tried_again_at_once_is_done(
    jobs: Jobs, log: WorkLog, job: int
) -> None:
    file = log.begin_file(job, PATHS[0])
    assert file is not None
    jobs.cancel(job)
    assert log.report(file, "decode", 0.5) is False
    jobs.retry(job)
    log.give_back_file(file)
    assert states(jobs, job) == ["waiting", "waiting"]


def test_who_began_a_file_before_its_job_was_tried_again_is_heard_no_more(
    database: Database, jobs: Jobs, log: WorkLog, job: int
) -> None:
    late = begin(database, log, job, PATHS[0], worker(database, silent_s=STALE_S + 1))
    jobs.cancel(job)
    sweep(database, STALE_S)
    jobs.retry(job)
    heir = log.begin_file(job, PATHS[0])
    assert heir is not None
    assert heir.attempt == late.attempt
    assert log.end_file(late, JobFileState.FAILED, "what the late one says") is False
    assert log.end_file(heir, JobFileState.DONE, None) is True
