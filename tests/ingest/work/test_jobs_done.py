"""Jobs from what was asked for to what became of it."""

from pathlib import Path
from typing import Any

import pytest

from database.check import find_faults
from database.jobs.jobs import Jobs
from database.jobs.records import BackfillRequest, ForgetRequest, IngestRequest
from database.models import JobFileState, JobState
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from ingest.errors import Interrupted
from ingest.settings import IngestSettings
from ingest.work.bench import Bench
from ingest.work.doing import do_file
from ingest.work.reports import Reports, Unwanted
from ingest.work.steps import do_scan
from ingest.work.trying import TryLater
from tests.helpers.media import drawn, make_video
from tests.helpers.ollama import serving_ollama
from tests.helpers.sql import execute, forget_vectors, rows
from tests.helpers.work import work_off


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with a film, a broken one, and what is no film."""
    folder = tmp_path / "films"
    folder.mkdir()
    make_video(folder / "film.mp4", [drawn(1), drawn(2)])
    (folder / "broken.mp4").write_bytes(b"no film" * 100)
    (folder / "notes.txt").write_text("no film")
    return folder


def told(jobs: Jobs, job_id: int) -> dict[str, str]:
    return {Path(file.path).name: file.state.value for file in jobs.files(job_id)}


def submit(jobs: Jobs, *paths: Path, retry: bool = False, again: bool = False) -> int:
    return jobs.submit(IngestRequest(tuple(map(str, paths)), retry=retry, again=again))


def statuses(database: Database) -> dict[str, str]:
    found = rows(database, "SELECT path, status::text FROM file")
    return {Path(str(path)).name: str(status) for path, status in found}


def test_a_job_makes_a_folder_searchable_and_says_what_became_of_each_file(
    bench: Bench, jobs: Jobs, films: Path, settings: IngestSettings
) -> None:
    job_id = submit(jobs, films)
    assert work_off(bench) == ["scan", "file", "file", "file", "finish"]
    job = jobs.get(job_id)
    assert (job.state, job.reason, job.num_files, job.num_ended) == (JobState.DONE, None, 3, 3)
    assert told(jobs, job_id) == {
        "film.mp4": "done",
        "broken.mp4": "failed",
        "notes.txt": "skipped",
    }
    (film,) = jobs.files(job_id, [JobFileState.DONE])
    assert film.scenes >= 1
    assert film.moments >= 1
    (broken,) = jobs.files(job_id, [JobFileState.FAILED])
    assert broken.reason
    assert Library(bench.database).row_counts()["video"] == 1
    infos = bench.ingest().spaces.all().values()
    assert any(info.null_statistics for info in infos)
    assert find_faults(bench.database, settings.keyframes_dir) == []

    again = submit(jobs, films)
    assert work_off(bench) == ["scan", "finish"]
    job = jobs.get(again)
    assert (job.num_known, job.num_files) == (2, 3)
    assert told(jobs, again) == {"broken.mp4": "failed"}  # known, and still a fault

    jobs.retry(again)
    assert work_off(bench) == ["file", "finish"]
    assert told(jobs, again) == {"broken.mp4": "failed"}
    assert jobs.get(again).state is JobState.DONE


def test_videos_that_are_to_be_made_anew_are_made_once_whoever_does_it(
    bench: Bench, jobs: Jobs, films: Path, settings: IngestSettings
) -> None:
    (films / "copy.mp4").write_bytes((films / "film.mp4").read_bytes())
    submit(jobs, films)
    work_off(bench)
    made = rows(bench.database, "SELECT id, ingested_at FROM video")
    submit(jobs, films, again=True)
    assert work_off(bench, 2) == ["scan", "file"]
    other = Bench(bench.database, settings)
    work_off(other)
    anew = rows(bench.database, "SELECT id, ingested_at FROM video")
    assert [video_id for video_id, _ in made] == [video_id for video_id, _ in anew]
    assert not rows(bench.database, "SELECT FROM video WHERE again")
    assert find_faults(bench.database, settings.keyframes_dir) == []


def test_a_scan_that_is_begun_again_hands_out_nothing_twice(
    bench: Bench, jobs: Jobs, films: Path
) -> None:
    job_id = submit(jobs, films)
    assert work_off(bench, 1) == ["scan"]
    execute(bench.database, "UPDATE job SET scanned_at = NULL")
    execute(bench.database, "DELETE FROM procrastinate_jobs WHERE args ->> 'path' LIKE '%notes%'")
    execute(bench.database, "DELETE FROM job_file WHERE path LIKE '%notes%'")
    jobs.pause(job_id)
    jobs.resume(job_id)
    assert sorted(work_off(bench)) == ["file", "file", "file", "finish", "scan"]
    assert jobs.get(job_id).num_files == 3


def test_what_has_gone_before_its_turn_is_no_fault_and_is_missing_from_then_on(
    bench: Bench, jobs: Jobs, films: Path, tmp_path: Path
) -> None:
    submit(jobs, films)
    work_off(bench)
    (films / "film.mp4").rename(tmp_path / "away.mp4")
    (films / "new.mp4").write_bytes(b"soon gone")
    job_id = submit(jobs, films, films / "film.mp4", tmp_path / "nowhere")
    assert work_off(bench, 1) == ["scan"]
    (films / "new.mp4").unlink()
    work_off(bench)
    job = jobs.get(job_id)
    assert job.state is JobState.DONE
    (gone,) = jobs.files(job_id, [JobFileState.SKIPPED])
    assert (Path(gone.path).name, gone.reason) == ("new.mp4", "it was gone when its turn came")
    assert rows(bench.database, "SELECT count(*) FROM file WHERE missing_since IS NOT NULL") == [
        (1,)
    ]


def test_a_file_that_others_have_done_meanwhile_is_not_opened(
    bench: Bench, jobs: Jobs, films: Path
) -> None:
    first, second = submit(jobs, films / "film.mp4"), submit(jobs, films / "film.mp4")
    work_off(bench)
    assert told(jobs, first) == {"film.mp4": "done"}
    assert told(jobs, second) == {"film.mp4": "unchanged"}


def test_a_file_at_work_ends_with_its_job(bench: Bench, jobs: Jobs, films: Path) -> None:
    job_id = submit(jobs, films / "film.mp4")
    work_off(bench, 1)
    file = bench.log.begin_file(job_id, str(films / "film.mp4"))
    assert file is not None
    reports = Reports(bench, file)
    reports(None, "decode", 0.25)
    (at_work,) = jobs.get(job_id).at_work
    assert (at_work.stage, at_work.part) == ("decode", 0.25)
    jobs.cancel(job_id)
    with pytest.raises(Unwanted):
        Reports(bench, file)(None, "speech", 0.5)
    bench.log.give_back_file(file)
    assert told(jobs, job_id) == {"film.mp4": "cancelled"}
    jobs.retry(job_id)
    work_off(bench)
    assert told(jobs, job_id) == {"film.mp4": "done"}
    assert jobs.get(job_id).state is JobState.DONE


def test_a_worker_that_is_to_end_gives_back_what_it_has_begun(
    bench: Bench, jobs: Jobs, films: Path
) -> None:
    job_id = submit(jobs, films / "film.mp4")
    work_off(bench, 1)
    bench.stopped.set()
    with pytest.raises(TryLater):
        do_file(bench, job_id, str(films / "film.mp4"))
    (file,) = jobs.files(job_id)
    assert (file.state, file.attempts) == (JobFileState.WAITING, 0)


def test_of_two_stages_side_by_side_the_one_that_is_less_far_is_told(
    bench: Bench, jobs: Jobs, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(jobs, films / "film.mp4")
    work_off(bench, 1)
    file = bench.log.begin_file(job_id, str(films / "film.mp4"))
    assert file is not None
    monkeypatch.setattr("ingest.work.reports.EVERY_S", 0)
    reports = Reports(bench, file)
    reports(None, "speech", 0.5)
    reports(None, "text", 0.25)
    assert [(at.stage, at.part) for at in jobs.get(job_id).at_work] == [("text", 0.25)]
    reports(None, "text", 0.75)
    assert [(at.stage, at.part) for at in jobs.get(job_id).at_work] == [("speech", 0.5)]


def test_a_paused_job_is_not_looked_for_to_its_end(bench: Bench, jobs: Jobs, films: Path) -> None:
    job_id = submit(jobs, films)
    step = bench.log.begin_step(job_id, scanned=False)
    assert step is not None
    jobs.pause(job_id)
    assert bench.log.found(step, [], 0) is False
    assert bench.log.begin_file(job_id, str(films / "film.mp4")) is None


def test_what_a_slow_disk_holds_is_told_while_it_is_looked_at(
    bench: Bench, jobs: Jobs, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.work.scanning.EVERY_S", 0)
    found, told = bench.log.found, []

    def entered(*given: Any) -> bool:
        told.append(found(*given))
        bench.stopped.set()
        return told[-1]

    monkeypatch.setattr(bench.log, "found", entered)
    job_id = submit(jobs, films)
    with pytest.raises(TryLater):
        do_scan(bench, job_id)
    assert told == [True]
    assert jobs.get(job_id).num_files == 1
    monkeypatch.undo()
    bench.stopped.clear()
    do_scan(bench, job_id)
    assert jobs.get(job_id).num_files == 3


def test_a_job_that_cannot_be_run_says_why(bench: Bench, jobs: Jobs) -> None:
    job_id = jobs.submit(BackfillRequest(("no-such-space",)))
    work_off(bench)
    job = jobs.get(job_id)
    assert job.state is JobState.FAILED
    assert job.reason is not None
    assert "no-such-space" in job.reason


def test_a_fault_of_the_program_is_the_outcome_of_its_file(
    bench: Bench, jobs: Jobs, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("ingest.pipeline.decode_file", break_down)
    monkeypatch.setattr("ingest.pipeline.Ingest._decode", break_down)
    job_id = submit(jobs, films / "film.mp4")
    work_off(bench)
    (file,) = jobs.files(job_id)
    assert (file.state, jobs.get(job_id).state) == (JobFileState.FAILED, JobState.DONE)
    assert file.reason is not None
    assert "ZeroDivisionError: of all things" in file.reason


def test_a_backfill_fills_spaces(
    bench: Bench, jobs: Jobs, films: Path, settings: IngestSettings
) -> None:
    submit(jobs, films)
    work_off(bench)
    forget_vectors(bench.database, "imagenet-concepts")
    assert find_faults(bench.database, settings.keyframes_dir) != []
    job_id = jobs.submit(BackfillRequest(("imagenet-concepts",)))
    assert work_off(bench) == ["scan", "file", "finish"]
    assert told(jobs, job_id) == {"imagenet-concepts": "done"}
    assert find_faults(bench.database, settings.keyframes_dir) == []


def test_a_job_describes_keyframes_and_names_what_is_missing_for_it(
    database: Database, settings: IngestSettings, jobs: Jobs, films: Path, bench: Bench
) -> None:
    submit(jobs, films)
    work_off(bench)
    with serving_ollama() as ollama:
        own = settings.model_copy(update={"ollama_base_url": ollama.url})
        bench = Bench(database, own)
        lacking = list(ollama.models)
        ollama.models.clear()
        refused = jobs.submit(BackfillRequest(descriptions=True))
        work_off(bench)
        assert jobs.get(refused).state is JobState.FAILED
        assert "ollama pull llava" in (jobs.get(refused).reason or "")
        ollama.models[:] = lacking
        done = jobs.submit(BackfillRequest(descriptions=True))
        assert work_off(bench) == ["scan", "file", "finish"]
    assert told(jobs, done) == {"descriptions": "done"}
    kinds: dict[str, int] = dict(
        rows(database, "SELECT kind::text, count(*) FROM moment GROUP BY kind")
    )
    assert kinds["description"] == kinds["keyframe"]


def test_videos_are_forgotten_and_those_that_are_not_there_are_named(
    bench: Bench, jobs: Jobs, films: Path
) -> None:
    submit(jobs, films)
    work_off(bench)
    ((video_id,),) = rows(bench.database, "SELECT id FROM video")
    Tags(bench.database).put(int(str(video_id)), ["a"])
    job_id = jobs.submit(ForgetRequest(video_ids=(int(str(video_id)), 999_999)))
    assert work_off(bench) == ["scan", "finish"]
    assert sorted(told(jobs, job_id).values()) == ["done", "skipped"]
    assert Library(bench.database).row_counts()["video"] == 0


def test_missing_files_are_forgotten(bench: Bench, jobs: Jobs, films: Path) -> None:
    submit(jobs, films)
    work_off(bench)
    (films / "film.mp4").unlink()
    submit(jobs, films)
    work_off(bench)
    jobs.submit(ForgetRequest(missing=True))
    work_off(bench)
    assert Library(bench.database).row_counts()["video"] == 0
    assert "film.mp4" not in statuses(bench.database)


def test_a_worker_that_is_to_end_says_so_to_its_files(bench: Bench) -> None:
    bench.require_running()
    bench.stopped.set()
    with pytest.raises(Interrupted):
        bench.require_running()
