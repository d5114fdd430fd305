"""Files that are gone are forgotten when somebody says so, and never with a disk that is away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from database.videos.read import Library
from ingest.files.presence import mount_of
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command
from tests.helpers.hosts import Host, host, pretend_keyframes, write
from tests.helpers.sql import execute, rows

NOW = timedelta()


@pytest.fixture
def own(
    settings: IngestSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """A host whose folder `films` has two films, both ingested."""
    pretend_keyframes(monkeypatch)
    with host("studio", settings, tmp_path / "studio") as made:
        for name in ("rail", "sea"):
            write(tmp_path / "films" / name / f"{name}.mp4", name)
        made.ingest(tmp_path / "films")
        yield made


def titles(own: Host) -> list[str]:
    """Of the videos that are found."""
    videos = Library(own.database).list_videos(limit=9)
    return [video.title for video in videos if video.missing_since is None]


def num_videos(own: Host) -> int:
    return Library(own.database).row_counts()["video"]


def test_a_file_that_is_gone_is_marked_and_forgotten_only_when_asked(
    own: Host, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    shutil.rmtree(films / "rail")
    _, settled = own.ingest(films)
    assert (settled.num_missing, settled.forgotten) == (1, None)
    assert (titles(own), num_videos(own)) == (["sea"], 2)
    _, settled = own.ingest(films, grace=NOW)
    assert settled.forgotten is not None
    assert settled.forgotten.paths == [str(films / "rail" / "rail.mp4")]
    assert (settled.num_missing, settled.forgotten.kept, num_videos(own)) == (0, [], 1)
    images = own.settings.keyframes_dir.rglob("*.jpg")
    assert len(list(images)) == 1


def test_a_file_that_comes_back_is_found_again_under_its_id(own: Host, tmp_path: Path) -> None:
    films = tmp_path / "films"
    before = Library(own.database).list_videos(limit=9)
    aside = (films / "rail" / "rail.mp4").rename(tmp_path / "aside")
    own.ingest(films)
    aside.rename(films / "rail" / "rail.mp4")
    outcomes, settled = own.ingest(films)
    assert settled.num_missing == 0
    assert [outcome.status.value for outcome in outcomes] == ["unchanged", "unchanged"]
    assert Library(own.database).list_videos(limit=9) == before


def test_a_file_that_failed_is_not_missing_once_it_is_back(own: Host, tmp_path: Path) -> None:
    broken = write(tmp_path / "films" / "broken.mp4", "broken")
    empty = write(tmp_path / "films" / "empty.mp4", "")
    own.ingest(tmp_path / "films")
    for file in (broken, empty):
        file.rename(tmp_path / file.name)
    assert own.ingest(tmp_path / "films")[1].num_missing == 2
    for file in (broken, empty):
        (tmp_path / file.name).rename(file)
    assert own.ingest(tmp_path / "films")[1].num_missing == 0


@pytest.mark.parametrize("what", ["folder", "all"])
def test_of_a_folder_that_is_empty_nothing_is_forgotten(
    what: str, own: Host, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    if what == "folder":
        (films / "rail" / "rail.mp4").unlink()
    else:
        for name in ("rail", "sea"):
            shutil.rmtree(films / name)
    _, settled = own.ingest(films, grace=NOW)
    assert settled.forgotten is not None
    assert settled.forgotten.paths == []
    assert all("is empty" in kept.reason for kept in settled.forgotten.kept)
    assert num_videos(own) == 2
    assert titles(own) == (["sea"] if what == "folder" else [])


def test_of_a_disk_that_is_not_mounted_nothing_is_forgotten(own: Host, tmp_path: Path) -> None:
    films = tmp_path / "films"
    execute(own.database, f"UPDATE file SET mount = '{films}'")
    shutil.rmtree(films / "rail")
    _, settled = own.ingest(films, grace=NOW)
    assert settled.forgotten is not None
    (kept,) = settled.forgotten.kept
    assert kept.reason == f"nothing is mounted at {films}; mount it, and ingest again"
    assert num_videos(own) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_was_unmounted_and_comes_back_loses_nothing(own: Host, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounts are not permitted here")
    try:
        own.ingest(write(disk / "sky.mp4", "sky"))
        (told,) = rows(own.database, f"SELECT mount FROM file WHERE path = '{disk}/sky.mp4'")
        assert told == (str(disk),)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    _, settled = own.ingest(disk, tmp_path / "films", grace=NOW)
    assert settled.num_missing == 1
    assert settled.forgotten is not None
    (kept,) = settled.forgotten.kept
    assert kept.reason == f"nothing is mounted at {disk}; mount it, and ingest again"
    # Nor is the place forgotten when the same film turns up elsewhere.
    own.ingest(write(tmp_path / "films" / "sky.mp4", "sky"))
    assert rows(own.database, f"SELECT 1 FROM file WHERE path = '{disk}/sky.mp4'") == [(1,)]


def test_what_has_been_missing_for_too_short_a_time_is_kept(own: Host, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "films" / "rail")
    _, settled = own.ingest(tmp_path / "films", grace=timedelta(days=30))
    assert settled.forgotten is not None
    (kept,) = settled.forgotten.kept
    assert kept.reason == "missing for too short a time: it can be forgotten in 30.0 days"
    execute(own.database, "UPDATE file SET missing_since = missing_since - interval '31 days'")
    _, settled = own.ingest(tmp_path / "films", grace=timedelta(days=30))
    assert settled.forgotten is not None
    assert len(settled.forgotten.paths) == 1


def test_without_paths_all_that_is_missing_is_forgotten_and_with_paths_only_theirs(
    own: Host, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    write(films / "stays.mp4", "stays")
    for name in ("rail", "sea"):
        shutil.rmtree(films / name)
    own.ingest(films)
    _, settled = own.ingest(films / "stays.mp4", grace=NOW)
    assert settled.forgotten is not None
    assert settled.forgotten.paths == []
    _, settled = own.ingest(grace=NOW)
    assert settled.forgotten is not None
    assert len(settled.forgotten.paths) == 2


def test_the_command_says_what_it_has_forgotten_and_what_not(own: Host, tmp_path: Path) -> None:
    films = tmp_path / "films"
    shutil.rmtree(films / "rail")
    (films / "sea" / "sea.mp4").unlink()
    host_name = {"SCENESEEK_HOST": "studio"}
    told = run_command("ingest", films, settings=own.settings, **host_name)
    assert "2 missing, no longer found (--forget-missing removes them)" in told.stdout
    told = run_command("ingest", "--forget-missing", settings=own.settings, **host_name)
    assert "1 missing, kept, 1 forgotten" in told.stdout
    assert f"kept: {films}/sea/sea.mp4: the folder {films}/sea is empty" in told.stderr
    assert told.returncode == 0


def test_of_a_file_whose_disk_is_not_known_nothing_is_forgotten_until_an_ingest_has_seen_it(
    own: Host, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    execute(own.database, "UPDATE file SET mount = NULL")  # as a former version has left them
    shutil.rmtree(films / "rail")
    _, settled = own.ingest(films, grace=NOW)
    assert settled.forgotten is not None
    (kept,) = settled.forgotten.kept
    assert "before the library knew on which disk it lay" in kept.reason
    shutil.rmtree(films / "sea")
    write(films / "hill" / "hill.mp4", "hill")
    _, settled = own.ingest(films, grace=NOW)
    assert settled.forgotten is not None
    assert settled.forgotten.paths == [str(films / "sea" / "sea.mp4")]


def test_what_a_link_leads_to_lies_on_the_disk_that_it_leads_to(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        film = Path(elsewhere) / "a.mp4"
        film.write_bytes(b"film")
        (tmp_path / "link").symlink_to(elsewhere)
        assert mount_of(tmp_path / "link" / "a.mp4") == mount_of(film) != mount_of(tmp_path)
