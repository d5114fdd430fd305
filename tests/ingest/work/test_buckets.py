"""Jobs of what is in buckets: done by a worker as a command does them, and later where a bucket is
away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from database.check import find_faults
from database.jobs.jobs import Jobs
from database.models import JobState
from database.videos.read import Library
from ingest.files.discover import discover
from ingest.settings import IngestSettings
from ingest.work.asking import submit_paths
from ingest.work.bench import Bench
from ingest.work.doing import do_file
from ingest.work.giving_up import record_given_up
from ingest.work.steps import do_scan
from ingest.work.trying import TryLater
from tests.helpers.media import drawn, make_video
from tests.helpers.s3 import BUCKET, S3, serving_s3
from tests.helpers.work import work_off

TALKS = f"s3://{BUCKET}/talks"


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3]:
    """The server, with a film and a broken one in a folder of its bucket."""
    make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)])
    with serving_s3() as served:
        served.put("talks/film.mp4", tmp_path / "film.mp4")
        served.put("talks/broken.mp4", b"no film" * 100)
        yield served


def test_a_job_ingests_a_folder_of_a_bucket(
    bench: Bench, jobs: Jobs, s3: S3, settings: IngestSettings
) -> None:
    job_id, _ = submit_paths(bench.database, [TALKS], retry=False, again=False)
    assert work_off(bench) == ["scan", "file", "file", "finish"]
    job = jobs.get(job_id)
    assert (job.state, job.reason) == (JobState.DONE, None)
    told = {file.path: file.state.value for file in jobs.files(job_id)}
    assert told == {f"{TALKS}/film.mp4": "done", f"{TALKS}/broken.mp4": "failed"}
    (video,) = Library(bench.database).list_videos(limit=2)
    assert (video.path, video.title) == (f"{TALKS}/film.mp4", "film")
    assert find_faults(bench.database, settings.keyframes_dir) == []

    s3.remove("talks/film.mp4")
    submit_paths(bench.database, [TALKS], retry=False, again=False)
    assert work_off(bench) == ["scan", "finish"]
    (video,) = Library(bench.database).list_videos(limit=2)
    assert video.missing_since is not None


def test_a_job_whose_bucket_is_away_is_tried_later(bench: Bench, jobs: Jobs, s3: S3) -> None:
    job_id, _ = submit_paths(bench.database, [TALKS], retry=False, again=False)
    s3.reset()
    with pytest.raises(TryLater):
        do_scan(bench, job_id)
    assert jobs.get(job_id).state is not JobState.FAILED


def test_an_object_that_may_not_be_read_fails_alone(bench: Bench, jobs: Jobs, s3: S3) -> None:
    job_id, _ = submit_paths(bench.database, [TALKS], retry=False, again=False)
    do_scan(bench, job_id)
    with s3.forbidding():
        do_file(bench, job_id, f"{TALKS}/film.mp4")
    do_file(bench, job_id, f"{TALKS}/broken.mp4")
    told = {file.path: (file.state.value, file.reason) for file in jobs.files(job_id)}
    state, reason = told[f"{TALKS}/film.mp4"]
    assert state == "failed"
    assert "may not be read with these keys" in (reason or "")
    assert told[f"{TALKS}/broken.mp4"] == ("failed", "not a video or audio file")
    assert jobs.get(job_id).state is not JobState.FAILED


def test_an_object_that_has_taken_its_workers_along_is_told_to_later_runs(
    bench: Bench, s3: S3
) -> None:
    record_given_up(bench, f"{TALKS}/film.mp4")
    record_given_up(bench, f"{TALKS}/gone.mp4")
    outcomes = bench.ingest(retry=False).known_outcomes(list(discover([TALKS])))
    known = {each.path: each.status.value for each in outcomes if each is not None}
    assert known == {f"{TALKS}/film.mp4": "failed"}
