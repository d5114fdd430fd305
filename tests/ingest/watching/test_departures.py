"""What is gone from a watched folder is marked as missing; what may be away is not."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.settings import IngestSettings
from ingest.watching.place import place_of
from tests.helpers.hosts import pretend_keyframes, write
from tests.helpers.sql import execute
from tests.helpers.watching import Watched, watched


@pytest.fixture
def films(
    settings: IngestSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    """A watched folder of two films, both in the library."""
    pretend_keyframes(monkeypatch)
    folder = tmp_path / "films"
    for name in ("rail.mp4", "sea/sea.mp4"):
        write(folder / name, name)
    with watched(folder, settings, tmp_path / "studio") as made:
        made.take_up()
        assert sorted(made.videos()) == ["rail", "sea"]
        yield made


def test_a_file_that_is_gone_is_marked_after_a_while(films: Watched) -> None:
    (films.folder / "rail.mp4").unlink()
    films.look("rail.mp4")
    films.look(after=4.9)
    assert sorted(films.videos()) == ["rail", "sea"]
    films.look(after=0.1)
    assert list(films.videos()) == ["sea"]
    assert films.submitted() == []


def test_a_file_that_is_replaced_is_never_missing(films: Watched) -> None:
    before = films.videos()
    rail = films.folder / "rail.mp4"
    rail.unlink()
    films.look("rail.mp4")
    write(rail, "rail, another take")
    films.look("rail.mp4", after=3.0)
    films.look(after=5.0)
    assert films.videos() == before
    films.work()
    assert sorted(films.videos()) == ["rail", "sea"]


def test_a_folder_that_is_gone_takes_its_files_along(films: Watched) -> None:
    shutil.rmtree(films.folder / "sea")
    films.look("sea")
    films.look(after=5.0)
    assert list(films.videos()) == ["rail"]


def test_what_went_while_nobody_watched_is_found_in_the_beginning(films: Watched) -> None:
    shutil.rmtree(films.folder / "sea")
    films.begin()
    films.look()
    films.look(after=5.0)
    assert list(films.videos()) == ["rail"]


def test_a_file_that_was_moved_keeps_its_id_and_is_found_all_the_time(films: Watched) -> None:
    before = films.videos()
    (films.folder / "rail.mp4").rename(films.folder / "sea" / "track.mp4")
    films.look("rail.mp4", "sea/track.mp4")
    for _ in range(3):  # its job waits
        films.look(after=5.0)
        assert films.videos() == before
    assert films.submitted() == [["sea/track.mp4"]]
    films.work()
    films.look(after=6.0)
    films.look(after=6.0)
    assert films.videos() == {"track": before["rail"], "sea": before["sea"]}


def test_a_folder_that_was_renamed_keeps_the_ids_of_its_videos(films: Watched) -> None:
    before = films.videos()
    (films.folder / "sea").rename(films.folder / "ocean")
    films.look("sea", "ocean")
    films.look(after=5.0)
    films.work()
    films.look(after=6.0)
    assert films.videos() == before


def test_files_that_swapped_names_keep_their_ids(films: Watched) -> None:
    before = films.videos()
    rail, sea, aside = (films.folder / name for name in ("rail.mp4", "sea/sea.mp4", "aside.tmp"))
    rail.rename(aside)
    sea.rename(rail)
    films.look("rail.mp4", "sea/sea.mp4", "aside.tmp")
    aside.rename(sea)
    films.look("sea/sea.mp4", "aside.tmp", after=2.0)
    films.look(after=3.0)
    films.look(after=2.0)
    assert films.submitted() == [["rail.mp4", "sea/sea.mp4"]]
    films.work()
    assert films.videos() == {"rail": before["sea"], "sea": before["rail"]}


def test_of_a_folder_that_is_empty_in_the_beginning_nothing_is_marked(films: Watched) -> None:
    before = films.videos()
    shutil.rmtree(films.folder)
    films.folder.mkdir()
    (films.folder / ".hidden").touch()
    films.begin()
    films.look()
    films.look(after=1000.0)
    films.look(after=5.0)
    assert films.videos() == before
    write(films.folder / "hill.mp4", "hill")
    films.look("hill.mp4")
    films.look(after=5.0)
    assert films.submitted() == [["hill.mp4"]]


def test_a_folder_whose_files_are_deleted_while_it_is_watched_is_followed(films: Watched) -> None:
    shutil.rmtree(films.folder / "sea")
    (films.folder / "rail.mp4").unlink()
    films.look("sea", "rail.mp4")
    films.look(after=5.0)
    assert films.videos() == {}


def test_a_folder_that_is_replaced_marks_nothing_until_it_is_looked_at_anew(
    films: Watched,
) -> None:
    before, place = films.videos(), place_of(films.folder)
    films.folder.rename(films.folder.with_name("aside"))
    films.folder.mkdir()
    assert place_of(films.folder) != place
    films.look("sea", "rail.mp4")
    films.look(after=5.0)
    assert films.videos() == before


def test_of_a_disk_that_is_not_mounted_nothing_is_marked_and_that_is_told_once(
    films: Watched,
) -> None:
    before = films.videos()
    execute(films.host.database, f"UPDATE file SET mount = '{films.folder}/sea'")
    shutil.rmtree(films.folder / "sea")
    with capture_logs() as lines:
        for _ in range(2):
            films.look("sea")
            films.look(after=5.0)
    assert films.videos() == before
    assert [line["mount"] for line in lines] == [f"{films.folder}/sea"]
