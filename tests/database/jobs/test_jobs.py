"""Jobs as those see and steer them who ask for them."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from database.errors import JobConflict, NotFound, OutOfRange, ValueRefused
from database.jobs.jobs import MAX_PRIORITY, Jobs
from database.jobs.queue import AHEAD
from database.jobs.records import BackfillRequest, ForgetRequest, IngestRequest, JobRequest
from database.jobs.worklog import Thing, WorkLog
from database.models import JobFileState, JobKind, JobState
from database.server.connection import Database

FILMS = IngestRequest(("/films",))


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def tasks(database: Database) -> list[tuple[str, int, str, int]]:
    """What waits: task, job, queue, priority, in the order in which workers take it."""
    return [
        (name, job_id, queue, priority)
        for name, job_id, queue, priority in database.rows(
            "SELECT task_name, (args ->> 'job_id')::int, queue_name, priority "
            "FROM procrastinate_jobs WHERE status = 'todo' ORDER BY priority DESC, id"
        )
    ]


def found(database: Database, job_id: int, **states: str) -> None:
    """As after a worker has looked: files of these names in these states."""
    with database.connection() as connection:
        connection.execute("UPDATE job SET scanned_at = now() WHERE id = %s", (job_id,))
        connection.execute("DELETE FROM procrastinate_jobs")
        for name, state in states.items():
            connection.execute(
                "INSERT INTO job_file (job_id, path, state) VALUES (%s, %s, %s)",
                (job_id, f"/films/{name}.mp4", state),
            )


@pytest.mark.parametrize(
    "request_",
    [
        IngestRequest(("/a", "/b c"), retry=True, again=True),
        BackfillRequest(),
        BackfillRequest(("minilm-l6",)),
        ForgetRequest(video_ids=(1, 2)),
        ForgetRequest(missing=True),
    ],
    ids=["ingest", "backfill", "one-space", "videos", "missing"],
)
def test_a_job_keeps_what_it_was_asked_for(jobs: Jobs, request_: JobRequest) -> None:
    job = jobs.get(jobs.submit(request_, priority=3))
    assert (job.request, job.kind, job.priority) == (request_, request_.kind, 3)
    assert job.state is JobState.WAITING
    assert job.num_files == job.num_ended == 0


def test_a_job_is_for_the_host_that_has_its_files(jobs: Jobs, database: Database) -> None:
    here, there = jobs.submit(FILMS), jobs.submit(FILMS, origin="file://studio")
    assert tasks(database) == [
        ("scan", here, database.origin, 1),
        ("scan", there, "file://studio", 1),
    ]
    assert jobs.get(there).origin == "file://studio"


def test_a_job_that_is_refused_leaves_nothing_in_the_queue(jobs: Jobs, database: Database) -> None:
    with pytest.raises(ValueRefused):
        jobs.submit(IngestRequest(("/a\0b",)))
    with pytest.raises(OutOfRange, match="between -1000 and 1000"):
        jobs.submit(FILMS, priority=MAX_PRIORITY + 1)
    assert tasks(database) == []
    assert jobs.page() == []


def test_pages_begin_with_the_newest(jobs: Jobs) -> None:
    first, second, third = (jobs.submit(FILMS) for _ in range(3))
    jobs.cancel(second)
    assert [job.id for job in jobs.page(limit=2)] == [third, second]
    assert [job.id for job in jobs.page(before=second)] == [first]
    assert [job.id for job in jobs.page([JobState.WAITING])] == [third, first]


def test_counts_are_those_of_the_files(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done", b="failed", c="waiting", d="working", e="unchanged")
    job = jobs.get(job_id)
    assert job.counts[JobFileState.DONE] == job.counts[JobFileState.WORKING] == 1
    assert job.counts[JobFileState.CANCELLED] == 0
    assert (job.num_files, job.num_ended) == (5, 3)
    assert [file.path for file in job.at_work] == ["/films/d.mp4"]
    assert [file.path for file in jobs.files(job_id, limit=2)] == ["/films/a.mp4", "/films/b.mp4"]
    assert [file.path for file in jobs.files(job_id, after="/films/c.mp4", limit=1)] == [
        "/films/d.mp4"
    ]
    assert [file.state for file in jobs.files(job_id, [JobFileState.FAILED])] == [
        JobFileState.FAILED
    ]


def test_the_time_left_follows_from_the_last_files(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done", b="done", c="waiting", d="waiting")
    with database.connection() as connection:
        connection.execute("UPDATE job SET state = 'working'")
        connection.execute(
            "UPDATE job_file SET started_at = now() - interval '60 s', ended_at = now() "
            "WHERE state = 'done'"
        )
    job = jobs.get(job_id)
    assert job.files_per_minute == pytest.approx(2, rel=0.05)
    assert job.left_s == pytest.approx(60, rel=0.05)


def test_a_paused_job_waits_for_nobody_until_it_is_resumed(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    assert jobs.pause(job_id).state is JobState.PAUSED
    assert tasks(database) == []
    assert jobs.resume(job_id).state is JobState.WAITING
    assert [task[0] for task in tasks(database)] == ["scan"]


def test_a_resumed_job_goes_on_with_the_files_that_are_left(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done", b="waiting", c="waiting")
    jobs.pause(job_id)
    jobs.resume(job_id)
    assert [task[0] for task in tasks(database)] == ["file", "file"]


def test_few_files_of_a_large_job_are_handed_out_at_a_time(jobs: Jobs, database: Database) -> None:
    job_id, log = jobs.submit(FILMS), WorkLog(database)
    step = log.begin_step(job_id, scanned=False)
    assert step is not None
    things = [Thing(f"/films/{number:05}.mp4") for number in range(2 * AHEAD)]
    assert log.found(step, things, 0)
    log.scanned(step)

    def handed_out() -> int:
        return [task[0] for task in tasks(database)].count("file")

    assert handed_out() == AHEAD
    jobs.pause(job_id)
    assert handed_out() == 0
    jobs.resume(job_id)
    assert handed_out() == AHEAD
    for thing in things[: AHEAD // 2]:
        file = log.begin_file(job_id, thing.path)
        assert file is not None
        log.end_file(file, JobFileState.DONE, None)
    # Those that are done are still in the queue here: their tasks end after them.
    assert handed_out() == AHEAD + AHEAD // 2


def test_a_job_whose_files_have_all_ended_while_it_was_paused_is_ended(
    jobs: Jobs, database: Database
) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done")
    jobs.pause(job_id)
    jobs.resume(job_id)
    assert [task[0] for task in tasks(database)] == ["finish"]


def test_a_job_that_goes_on_while_its_last_file_is_at_work_ends_with_that(
    jobs: Jobs, database: Database
) -> None:
    job_id, log = jobs.submit(FILMS), WorkLog(database)
    found(database, job_id, a="waiting")
    file = log.begin_file(job_id, "/films/a.mp4")
    assert file is not None
    jobs.pause(job_id)
    assert jobs.resume(job_id).state is JobState.WORKING
    assert tasks(database) == []
    log.end_file(file, JobFileState.DONE, None)
    assert [task[0] for task in tasks(database)] == ["finish"]


def test_a_cancelled_job_ends_at_once_but_for_the_files_at_work(
    jobs: Jobs, database: Database
) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done", b="waiting", c="working")
    job = jobs.cancel(job_id)
    assert job.state is JobState.CANCELLED
    assert job.ended_at is not None
    assert [file.state.value for file in jobs.files(job_id)] == ["done", "cancelled", "working"]
    assert tasks(database) == []


def test_what_failed_is_done_again_and_nothing_else(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done", b="failed", c="skipped")
    with database.connection() as connection:
        connection.execute("UPDATE job SET state = 'done', ended_at = now()")
    job = jobs.retry(job_id)
    assert (job.state, job.ended_at) == (JobState.WAITING, None)
    assert [(name, job_id) for name, job_id, *_ in tasks(database)] == [("file", job_id)]
    assert [file.path for file in jobs.files(job_id, [JobFileState.WAITING])] == ["/films/b.mp4"]


def test_a_cancelled_job_that_is_tried_again_is_looked_for_again(
    jobs: Jobs, database: Database
) -> None:
    job_id = jobs.submit(FILMS)
    jobs.cancel(job_id)
    jobs.retry(job_id)
    assert [task[0] for task in tasks(database)] == ["scan"]


def test_a_job_without_a_failed_file_cannot_be_tried_again(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    found(database, job_id, a="done")
    with database.connection() as connection:
        connection.execute("UPDATE job SET state = 'done'")
    with pytest.raises(JobConflict, match="no file of job"):
        jobs.retry(job_id)
    assert jobs.get(job_id).state is JobState.DONE


def test_a_state_that_forbids_a_change_is_named_with_those_that_allow_it(jobs: Jobs) -> None:
    job_id = jobs.submit(FILMS)
    with pytest.raises(JobConflict, match="is waiting, and cannot be resumed: only one that is pa"):
        jobs.resume(job_id)
    with pytest.raises(NotFound, match="there is no job 99"):
        jobs.pause(99)
    with pytest.raises(NotFound, match="there is no job 99"):
        jobs.get(99)


def test_a_job_that_is_moved_ahead_is_taken_before_older_ones(
    jobs: Jobs, database: Database
) -> None:
    first, second = jobs.submit(FILMS), jobs.submit(FILMS)
    found(database, first, a="waiting")
    jobs.pause(first)
    jobs.resume(first)
    jobs.pause(second)
    jobs.resume(second)
    assert [(name, job) for name, job, *_ in tasks(database)] == [
        ("scan", second),  # what a job consists of is told before files of others
        ("file", first),
    ]
    assert jobs.prioritise(first, 1).priority == 1
    assert [(name, job) for name, job, *_ in tasks(database)] == [
        ("file", first),
        ("scan", second),
    ]


def test_who_knows_nothing_is_told_what_goes_on_and_what_has_ended(jobs: Jobs) -> None:
    waiting, cancelled = jobs.submit(FILMS), jobs.submit(FILMS)
    jobs.cancel(cancelled)
    assert [job.id for job in jobs.changes(None).jobs] == [cancelled, waiting]


def told_of_all(jobs: Jobs) -> int:
    """The cursor of who knows of all changes. A change is told again as long as an older
    transaction is open, be it in another database of the same server: another test's."""
    cursor = jobs.changes(None).cursor
    until_s = time.monotonic() + 60
    while (after := jobs.changes(cursor)).jobs:
        assert time.monotonic() < until_s, after
        cursor = after.cursor
    return cursor


def test_who_goes_on_is_told_what_has_changed_since(jobs: Jobs, database: Database) -> None:
    first, second = jobs.submit(FILMS), jobs.submit(FILMS)
    cursor = told_of_all(jobs)
    jobs.pause(first)
    assert [job.id for job in jobs.changes(cursor).jobs] == [first]
    jobs.pause(second)
    assert [job.id for job in jobs.changes(told_of_all(jobs)).jobs] == []


def test_what_a_transaction_changes_that_ends_late_is_not_missed(
    jobs: Jobs, database: Database
) -> None:
    first, second = jobs.submit(FILMS), jobs.submit(FILMS)
    cursor = told_of_all(jobs)
    with contextlib.ExitStack() as stack:
        late = stack.enter_context(database.connection())
        late.execute(
            "UPDATE job SET changed = pg_current_xact_id()::text::bigint WHERE id = %s", (first,)
        )
        jobs.pause(second)
        meanwhile = jobs.changes(cursor)
        assert [job.id for job in meanwhile.jobs] == [second]
    assert first in [job.id for job in jobs.changes(meanwhile.cursor).jobs]


def test_a_cursor_of_another_server_begins_anew(jobs: Jobs, database: Database) -> None:
    job_id = jobs.submit(FILMS)
    assert [job.id for job in jobs.changes(2**40).jobs] == [job_id]
    with database.connection() as connection:
        connection.execute("UPDATE job SET changed = %s", (2**40,))
    cursor = told_of_all(jobs)
    jobs.pause(job_id)
    assert [job.id for job in jobs.changes(cursor).jobs] == [job_id]


@pytest.fixture(autouse=True)
def _nothing_is_left(database: Database) -> Iterator[None]:
    """Whatever a test does: no file waits in a job that has ended."""
    yield
    assert not database.rows(
        "SELECT FROM job_file JOIN job ON job.id = job_id "
        "WHERE job.state IN ('done', 'failed', 'cancelled') AND job_file.state = 'waiting'"
    )


def test_all_kinds_have_a_request(jobs: Jobs) -> None:
    kinds = {FILMS.kind, BackfillRequest.kind, ForgetRequest.kind}
    assert kinds == set(JobKind)
