"""A library is broken in every way that `check` knows, and mended: what people gave stays."""

import dataclasses
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from database.check import find_faults
from database.checking.checked import Checked
from database.checking.disk import GIVEN_UP_S
from database.checking.faults import Kind
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.jobs.worklog import WorkLog
from database.server.connection import Database
from database.tags import Tags
from database.videos.read import Library
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest.files.discover import discover
from ingest.lanes import ingest_files
from ingest.mend import Mended, mend
from ingest.pipeline import make_ingest
from ingest.remedies import BUSY, Remedies
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command
from tests.helpers.media import drawn, make_video
from tests.helpers.sql import execute, rows

LINES = """1
00:00:00,200 --> 00:00:01,500
Mind the gap between train and platform.

2
00:00:02,200 --> 00:00:03,500
The next station is closed.
"""


@dataclass(frozen=True)
class Broken:
    """A library of one film with subtitles and a tag, to be broken."""

    film: Path
    settings: IngestSettings
    database: Database
    remedies: Remedies

    def kinds(self) -> dict[Kind, int]:
        """How much is wrong, of each kind."""
        faults = find_faults(self.database, self.settings.keyframes_dir)
        return {fault.kind: fault.number for fault in faults}

    def held(self) -> list[tuple[object, ...]]:
        """What the library holds of the film: the same before and after."""
        return rows(
            self.database,
            "SELECT video.id, content_hash, status, num_scenes, missing_since, "
            "(SELECT count(*) FROM scene WHERE video_id = video.id), "
            "(SELECT count(*) FROM moment WHERE video_id = video.id), "
            "(SELECT count(*) FROM embedding WHERE video_id = video.id), "
            "(SELECT count(*) FROM subtitle_track WHERE video_id = video.id), "
            "(SELECT string_agg(name, ' ') FROM tag WHERE video_id = video.id), "
            "(SELECT string_agg(path || file.status::text, ' ') FROM file "
            "WHERE video_id = video.id) FROM video ORDER BY id",
        )

    def keyframe(self) -> Path:
        """The first JPEG of the film."""
        return min(self.settings.keyframes_dir.glob("*/*/*.jpg"))

    def sql(self, *statements: str) -> None:
        """Breaks rows."""
        execute(self.database, *statements)


@pytest.fixture
def library(
    settings: IngestSettings, database: Database, encoders: Encoders, tmp_path: Path
) -> Broken:
    """Sound, yet."""
    (tmp_path / "videos").mkdir()
    film = make_video(tmp_path / "videos" / "film.mp4", [drawn(1), drawn(2)], 2.0)
    film.with_suffix(".srt").write_text(LINES)
    ingest = make_ingest(database, settings, PROFILES["bundled"])
    ingest = dataclasses.replace(ingest, encoders=encoders)
    checked = Checked(database, settings.keyframes_dir)
    mending = dataclasses.replace(ingest, made=set())  # another run
    remedies = Remedies(mending, Library(database), checked, lambda *_: None)
    (ended,) = (each for each in ingest_files(discover([str(film)]), ingest, 1, lambda *_: None))
    assert ended.outcome.status.value == "done"
    Tags(database).put(1, ["north"])
    return Broken(film, settings, database, remedies)


def by_sql(*statements: str) -> Callable[[Broken], None]:
    """A fault of rows."""
    return lambda library: library.sql(*statements)


def lose_keyframe(library: Broken) -> None:
    library.keyframe().unlink()


def empty_keyframe(library: Broken) -> None:
    library.keyframe().write_bytes(b"")


def lose_keyframes(library: Broken) -> None:
    library.settings.keyframes_dir.rename(library.settings.home / "elsewhere")


def add_keyframes(library: Broken) -> None:
    jpeg = library.keyframe().read_bytes()
    library.keyframe().with_name("000099000.jpg").write_bytes(jpeg)
    stray = library.settings.keyframes_dir / "ab" / f"{'ab' * 32}" / "000001000.jpg"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(jpeg)


def give_up_work(library: Broken) -> None:
    folder = library.settings.work_dir / f"{'ab' * 32}-bundled-full"
    folder.mkdir(parents=True)
    long_ago = time.time() - GIVEN_UP_S - 60
    os.utime(folder, (long_ago, long_ago))


def lose_worker(library: Broken) -> None:
    job_id = Jobs(library.database).submit(IngestRequest((str(library.film),)))
    assert WorkLog(library.database).begin_step(job_id, scanned=False) is not None
    library.sql("UPDATE procrastinate_jobs SET status = 'doing'")


def lose_outcome(library: Broken) -> None:
    job_id = Jobs(library.database).submit(IngestRequest((str(library.film),)))
    Jobs(library.database).cancel(job_id)
    library.sql(f"INSERT INTO job_file (job_id, path) VALUES ({job_id}, '/v/film.mp4')")


def touch(library: Broken) -> None:
    os.utime(library.film, (1e9, 1e9))


def tags(library: Broken, video_id: int) -> tuple[str, ...]:
    return Library(library.database).get_video(video_id).tags


BAD = "UPDATE embedding SET vector = vector + vector WHERE space = 'minilm-l6'"
NO_CHECK = "ALTER TABLE embedding_minilm_l6 DROP CONSTRAINT embedding_minilm_l6_vector_check"
SHORT = "UPDATE embedding SET vector = '[1,0]' WHERE space = 'minilm-l6'"
NO_INDEX = "DROP INDEX embedding_minilm_l6_hnsw"
UNFINISHED = (
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'embedding_minilm_l6_hnsw'::regclass"
)


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (Kind.RETURNED, by_sql("UPDATE file SET missing_since = now()")),
        (Kind.CHANGED, touch),
        (Kind.UNSETTLED, by_sql("UPDATE video SET missing_since = now()")),
        (Kind.NO_OUTCOME, by_sql("UPDATE file SET status = 'failed'")),
        (Kind.NO_OUTCOME, by_sql("UPDATE file SET status = 'failed', video_id = NULL")),
        (Kind.NO_OUTCOME, by_sql("UPDATE file SET video_id = NULL")),
        (Kind.SCENES, by_sql("DELETE FROM scene WHERE position = 1")),
        (Kind.BACKWARDS, by_sql("UPDATE scene SET end_s = start_s - 1")),
        (Kind.BACKWARDS, by_sql("UPDATE moment SET end_s = start_s - 1")),
        (Kind.TRACKLESS, by_sql("DELETE FROM subtitle_track")),
        (Kind.KEYFRAME_LOST, lose_keyframe),
        (Kind.KEYFRAME_LOST, empty_keyframe),
        (Kind.KEYFRAME_LOST, lose_keyframes),
        (
            Kind.KEYFRAME_LOST,
            by_sql("UPDATE moment SET image_path = '../x.jpg' WHERE kind = 'keyframe'"),
        ),
        (Kind.KEYFRAME_STRAY, add_keyframes),
        (Kind.VECTOR_BAD, by_sql(BAD)),
        (Kind.VECTOR_BAD, by_sql(NO_CHECK, NO_INDEX, SHORT)),
        (Kind.MISCOUNTED, by_sql("UPDATE coverage SET wanted = 7")),
        (Kind.MISCOUNTED, by_sql("DELETE FROM coverage")),
        (Kind.VECTOR_LACKING, by_sql("DELETE FROM embedding")),
        (Kind.NO_INDEX, by_sql(NO_INDEX)),
        (Kind.NO_INDEX, by_sql(UNFINISHED)),
        (Kind.GIVEN_UP, give_up_work),
        (Kind.STALLED, lose_worker),
        (Kind.UNENDED, lose_outcome),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_what_is_broken_is_found_and_mended_and_nothing_is_lost(
    kind: Kind, damage: Callable[[Broken], None], library: Broken
) -> None:
    before = library.held()
    assert library.kinds() == {}
    damage(library)
    assert kind in library.kinds()
    mended = mend(library.remedies)
    assert (library.kinds(), mended.failed) == ({}, {})
    assert kind in mended.done
    assert library.held() == before
    assert rows(library.database, "SELECT DISTINCT again FROM video") == [(False,)]


def test_a_file_that_is_gone_is_marked_and_its_video_stays_until_somebody_forgets_it(
    library: Broken,
) -> None:
    library.film.unlink()
    lose_keyframe(library)
    assert library.kinds() == {Kind.GONE: 1, Kind.KEYFRAME_LOST: 1}
    mend(library.remedies)
    assert library.kinds() == {}
    assert Library(library.database).get_video(1).missing_since is not None
    assert tags(library, 1) == ("north",)


def test_a_file_with_other_content_becomes_a_video_with_the_tags_of_the_one_before(
    library: Broken,
) -> None:
    make_video(library.film, [drawn(3)], 2.0)
    assert library.kinds() == {Kind.CHANGED: 1}
    mend(library.remedies)
    assert library.kinds() == {}
    (video,) = Library(library.database).list_videos(limit=9)
    assert (video.id, video.tags) == (2, ("north",))


def test_a_video_that_no_file_leads_to_is_removed_with_its_keyframes(library: Broken) -> None:
    library.sql("DELETE FROM file")
    assert library.kinds() == {Kind.ORPHAN: 1}
    mend(library.remedies)
    assert (library.kinds(), library.held()) == ({}, [])
    assert list(library.settings.keyframes_dir.glob("*/*")) == []


def test_an_outcome_that_says_nothing_of_a_file_that_is_gone_is_removed(library: Broken) -> None:
    library.sql(
        "INSERT INTO file (origin, path, size_bytes, mtime_ns, status) "
        "SELECT origin, '/nowhere.mp4', 1, 1, 'failed' FROM file"
    )
    before = library.held()
    assert library.kinds() == {Kind.NO_OUTCOME: 1}
    mend(library.remedies)
    assert (library.kinds(), library.held()) == ({}, before)
    assert rows(library.database, "SELECT count(*) FROM file") == [(1,)]


def test_what_cannot_be_mended_is_told_and_stops_nothing_else(library: Broken) -> None:
    """A file that was damaged on disk, with its size and time as they were."""
    status = library.film.stat()
    library.film.write_bytes(b"\0" * status.st_size)
    os.utime(library.film, ns=(status.st_atime_ns, status.st_mtime_ns))
    lose_keyframe(library)
    library.sql("DELETE FROM scene WHERE position = 1", NO_INDEX)
    give_up_work(library)
    mended = mend(library.remedies)
    assert library.kinds().keys() == {Kind.SCENES, Kind.KEYFRAME_LOST}
    assert {Kind.NO_INDEX, Kind.GIVEN_UP} <= mended.done.keys()
    (scenes,) = mended.reasons(Kind.SCENES)
    assert "what the library has of it stays as it was" in scenes
    assert mended.reasons(Kind.KEYFRAME_LOST) != []
    assert tags(library, 1) == ("north",)


def test_what_an_ingest_works_on_is_left_to_it(library: Broken) -> None:
    give_up_work(library)
    with library.remedies.ingest.store.claim("ab" * 32):
        mended = mend(library.remedies)
    assert mended.reasons(Kind.GIVEN_UP) == [BUSY]
    assert library.kinds() == {Kind.GIVEN_UP: 1}


def test_a_library_without_faults_is_left_as_it_is(library: Broken) -> None:
    version = Library(library.database).version()
    assert mend(library.remedies) == Mended()
    assert Library(library.database).version() == version


def test_the_check_repairs_what_is_broken_in_five_ways_and_says_so(library: Broken) -> None:
    before = library.held()
    lose_keyframe(library)
    add_keyframes(library)
    touch(library)
    library.sql("DELETE FROM embedding", NO_INDEX)
    done = run_command("database", "check", "--repair", settings=library.settings)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "clean"), done.stderr
    mended = done.stdout.splitlines()[:-1]
    assert all(line.startswith("mended: ") for line in mended)
    assert f"mended: {Kind.CHANGED}: 1 ({library.film})" in mended
    assert f"mended: {Kind.NO_INDEX}: 1 (minilm-l6)" in mended
    assert library.held() == before


def test_what_is_left_is_told_with_its_reason_and_the_exit_code_1(library: Broken) -> None:
    status = library.film.stat()
    library.film.write_bytes(b"\0" * status.st_size)
    os.utime(library.film, ns=(status.st_atime_ns, status.st_mtime_ns))
    lose_keyframe(library)
    done = run_command("database", "check", "--repair", settings=library.settings)
    assert (done.returncode, done.stderr) == (1, "error: 1 kind of fault left\n")
    told, because = done.stdout.splitlines()
    assert told == f"not mended: {Kind.KEYFRAME_LOST}: 1 (video 1 ({library.film}))"
    assert because.startswith("  because: ")
    done = run_command("ingest.mend", "--json", settings=library.settings)
    document = json.loads(done.stdout)
    assert (done.returncode, document["mended"]) == (1, [])
    (failed,) = document["failed"]
    assert failed["fault"] == document["found"][0]["fault"] == Kind.KEYFRAME_LOST
    assert failed["reason"] in because
