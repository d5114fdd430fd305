"""What is new in a watched folder is held until it is whole, then it becomes a job."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.settings import IngestSettings
from tests.helpers.hosts import pretend_keyframes, write
from tests.helpers.watching import Watched, watched


@pytest.fixture
def films(
    settings: IngestSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    """An empty folder that is watched."""
    pretend_keyframes(monkeypatch)
    with watched(tmp_path / "films", settings, tmp_path / "studio") as made:
        yield made


def test_what_lies_there_in_the_beginning_is_one_job_once_it_has_stood(films: Watched) -> None:
    for name in ("a.mp4", "b.mp4", "deep/down/c.mkv"):
        write(films.folder / name, name)
    films.look()
    assert films.submitted() == []
    films.look(after=4.9)
    assert films.submitted() == []
    films.look(after=0.1)
    assert films.submitted() == [["a.mp4", "b.mp4", "deep/down/c.mkv"]]
    films.look("a.mp4", after=60.0)
    assert films.submitted() == []


def test_a_file_that_is_still_written_is_taken_when_it_is_whole(films: Watched) -> None:
    for written in range(1, 20):
        write(films.folder / "slow.mp4", "frame " * written)
        films.look("slow.mp4", after=2.0)
    assert films.submitted() == []
    films.look(after=4.0)
    assert films.submitted() == []
    films.look(after=1.0)
    assert films.submitted() == [["slow.mp4"]]


@pytest.mark.skipif(sys.platform != "linux", reason="no other system says who writes")
def test_a_file_that_a_program_has_open_is_waited_for_and_not_for_ever(films: Watched) -> None:
    with (films.folder / "recording.mp4").open("w") as recording:
        recording.write("the first scene")
        recording.flush()
        films.look()
        films.look(after=30.0)
        assert films.submitted() == []
        recording.write("the second scene")
    films.look("recording.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["recording.mp4"]]
    with (films.folder / "seeded.mp4").open("w+") as seeded:
        seeded.write("all of it")
        seeded.flush()
        films.look("seeded.mp4")
        films.look(after=59.0)
        assert films.submitted() == []
        films.look(after=1.0)
        assert films.submitted() == [["seeded.mp4"]]


def test_what_has_stood_waits_for_what_has_not_and_not_for_ever(films: Watched) -> None:
    films.look()
    write(films.folder / "first.mp4", "first")
    films.look("first.mp4")
    write(films.folder / "second.mp4", "second")
    films.look("second.mp4", after=4.0)
    films.look(after=2.0)
    assert films.submitted() == []
    films.look(after=3.0)
    assert films.submitted() == [["first.mp4", "second.mp4"]]
    write(films.folder / "third.mp4", "third")
    for _ in range(14):
        write(films.folder / "slow.mp4", "slow")
        films.look("third.mp4", "slow.mp4", after=1.0)
    assert films.submitted() == []
    write(films.folder / "slow.mp4", "slow")
    films.look("slow.mp4", after=2.0)
    assert films.submitted() == [["third.mp4"]]


@pytest.mark.parametrize(
    "name", ["film.mp4.part", ".film.mp4", ".cache/film.mp4", "a.tmp/film.mp4"]
)
def test_a_name_that_is_not_the_last_one_is_passed_over(name: str, films: Watched) -> None:
    write(films.folder / name, "film")
    films.look()
    films.look(after=60.0)
    assert films.submitted() == []
    (films.folder / name).rename(films.folder / "film.mp4")
    films.look(name, "film.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]


def test_an_empty_file_is_waited_for(films: Watched) -> None:
    write(films.folder / "film.mp4", "")
    films.look()
    films.look(after=60.0)
    assert films.submitted() == []
    write(films.folder / "film.mp4", "film")
    films.look("film.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]


def test_what_the_library_has_is_no_job_until_it_changes(films: Watched) -> None:
    write(films.folder / "film.mp4", "film")
    write(films.folder / "broken.mp4", "broken")
    films.take_up()
    films.begin()
    films.look()
    films.look(after=60.0)
    assert films.submitted() == []
    write(films.folder / "film.mp4", "another")
    films.look("film.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]


def test_subtitles_that_come_go_or_change_are_a_job_of_their_video(films: Watched) -> None:
    write(films.folder / "film.mp4", "film")
    films.take_up()
    subtitles = films.folder / "film.de.srt"
    for text in ("eins", "zwei und drei"):
        write(subtitles, text)
        films.look("film.de.srt")
        films.look(after=5.0)
        assert films.submitted() == [["film.mp4"]]
        films.work()
    subtitles.unlink()
    films.look("film.de.srt")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]


def test_a_job_that_was_cancelled_comes_again_only_with_another_file(films: Watched) -> None:
    write(films.folder / "film.mp4", "film")
    films.look()
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]
    (job,) = films.jobs.page()
    films.jobs.cancel(job.id)
    films.look("film.mp4", after=1000.0)
    films.look(after=60.0)
    assert films.submitted() == []
    write(films.folder / "film.mp4", "again")
    films.look("film.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]


def test_a_file_that_another_job_has_is_left_to_it(films: Watched) -> None:
    film = write(films.folder / "film.mp4", "film")
    films.look()
    films.look(after=5.0)
    films.begin()  # another process
    films.look()
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]
    write(film, "changed")  # while it waits, and its job has not come to it
    films.look("film.mp4")
    films.look(after=5.0)
    assert films.submitted() == []
    films.work()
    films.look(after=20.0)
    films.look(after=20.0)
    assert films.submitted() == []
    assert list(films.videos()) == ["film"]


def test_a_file_that_goes_and_comes_back_as_it_was_is_taken(films: Watched) -> None:
    film = write(films.folder / "film.mp4", "film")
    films.look()
    aside = film.rename(films.host.settings.home / "aside")
    films.look("film.mp4", after=4.0)
    aside.rename(film)
    films.look("film.mp4")
    films.look(after=4.0)
    assert films.submitted() == []
    films.look(after=1.0)
    assert films.submitted() == [["film.mp4"]]
    (job,) = films.jobs.page()
    films.jobs.cancel(job.id)
    film.rename(aside)
    films.look("film.mp4")
    aside.rename(film)
    films.look("film.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]


def test_a_link_that_leaves_the_folder_is_not_followed_and_told_once(films: Watched) -> None:
    write(films.host.settings.home / "elsewhere" / "secret.mp4", "secret")
    (films.folder / "link.mp4").symlink_to(films.host.settings.home / "elsewhere" / "secret.mp4")
    (films.folder / "inner").symlink_to(films.host.settings.home / "elsewhere")
    write(films.folder / "film.mp4", "film")
    (films.folder / "same.mp4").symlink_to("film.mp4")
    with capture_logs() as lines:
        films.look("link.mp4", "inner/secret.mp4", "same.mp4")
        films.look(after=5.0)
        films.look("link.mp4", after=60.0)
    assert films.submitted() == [["film.mp4", "same.mp4"]]
    (told,) = (line["reason"] for line in lines if line["event"] == "passed over")
    assert told.startswith("a link that leaves the folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_taken_as_soon_as_it_may(films: Watched) -> None:
    film = write(films.folder / "film.mp4", "film")
    film.chmod(0)
    films.look()
    films.look(after=60.0)
    assert films.submitted() == []
    film.chmod(0o600)
    films.look("film.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["film.mp4"]]
