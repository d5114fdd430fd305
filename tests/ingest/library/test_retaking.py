"""Subtitles beside a video are taken up when they come, change and go, and nothing else is done."""

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from database.check import find_faults
from database.errors import DatabaseError
from database.server.connection import Database
from database.videos.read import Library
from database.videos.subtitles import SubtitleStore
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest import pipeline
from ingest.files.discover import discover
from ingest.files.outcome import Outcome
from ingest.lanes import ingest_files
from ingest.media.child import Isolation
from ingest.settings import IngestSettings
from tests.helpers.media import drawn, make_video
from tests.helpers.sql import rows
from tests.helpers.subtitled import Track, srt, subtitled

Ingest = Callable[..., dict[str, Outcome]]
VOLCANO, GRANDMOTHER = "The volcano woke up", "My grandmother planted it"
LINES = (
    "SELECT text, track, moment.start_s FROM moment WHERE kind = 'subtitle' ORDER BY start_s, text"
)


@pytest.fixture
def ingest(settings: IngestSettings, database: Database, encoders: Encoders) -> Ingest:
    """Ingests files as the command does; the outcomes by name."""

    def run(*paths: Path) -> dict[str, Outcome]:
        made = pipeline.make_ingest(database, settings, PROFILES["bundled"])
        made = dataclasses.replace(made, encoders=encoders)
        found = discover([str(path) for path in paths])
        ended = ingest_files(found, made, 1, lambda _path, _stage, _part: None)
        return {Path(each.outcome.path).name: each.outcome for each in ended}

    return run


@pytest.fixture
def folder(tmp_path: Path, ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a film and its subtitles in the library; from here on no file is decoded."""
    folder = tmp_path / "films"
    folder.mkdir()
    make_video(folder / "film.mp4", [drawn(1), drawn(2)])
    (folder / "film.srt").write_text(srt((0.5, 1.5, VOLCANO)))
    outcomes = ingest(folder)
    assert outcomes["film.mp4"].status == "done"
    assert outcomes["film.srt"].status == "skipped"
    assert outcomes["film.srt"].reason == "subtitles, read with film.mp4"

    def no_child(*_: object, **__: object) -> object:
        raise AssertionError("a recording was decoded")

    monkeypatch.setattr(Isolation, "run", no_child)
    monkeypatch.setattr(Isolation, "stream", no_child)
    return folder


def sound(database: Database, settings: IngestSettings) -> bool:
    return find_faults(database, settings.keyframes_dir) == []


def refuse_subtitles(patched: pytest.MonkeyPatch) -> None:
    """From here on no file of subtitles can be opened."""
    whole: Callable[..., int] = os.open

    def refused(path: str | Path, *how: int, **more: int) -> int:
        if str(path).endswith(".srt"):
            raise PermissionError(13, "Permission denied")
        return whole(path, *how, **more)

    patched.setattr(os, "open", refused)


def test_a_run_with_nothing_new_is_unchanged(folder: Path, ingest: Ingest) -> None:
    assert ingest(folder)["film.mp4"].status == "unchanged"


def test_subtitles_that_change_are_read_anew_and_told(
    folder: Path, ingest: Ingest, database: Database, settings: IngestSettings
) -> None:
    assert rows(database, LINES) == [(VOLCANO, None, 0.5)]
    keyframes = "SELECT id FROM moment WHERE kind = 'keyframe' ORDER BY id"
    before = rows(database, keyframes)
    version = Library(database).version()
    (folder / "film.srt").write_text(srt((1.0, 1.5, GRANDMOTHER), (90, 95, "Late")))
    changed = ingest(folder)["film.mp4"]
    assert changed.status == "done"
    assert changed.reason == "subtitles read anew: film.srt; the recording itself is as it was"
    assert changed.notes == ["film.srt: 1 line of it left out: outside the recording's time"]
    assert rows(database, LINES) == [(GRANDMOTHER, None, 1.0)]
    assert rows(database, keyframes) == before
    assert Library(database).version() > version
    assert sound(database, settings)
    assert ingest(folder)["film.mp4"].status == "unchanged"


def test_subtitles_in_another_language_come_beside_the_first(
    folder: Path, ingest: Ingest, database: Database, settings: IngestSettings
) -> None:
    (folder / "film.de.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nDer Vulkan\n")
    assert ingest(folder)["film.mp4"].status == "done"
    assert rows(database, LINES) == [(VOLCANO, None, 0.5), ("Der Vulkan", "German", 1.0)]
    assert sound(database, settings)


def test_subtitles_that_go_are_found_no_more(
    folder: Path, ingest: Ingest, database: Database, settings: IngestSettings
) -> None:
    (folder / "film.srt").unlink()
    gone = ingest(folder)["film.mp4"]
    assert gone.reason == "subtitles that lay beside it are gone; the recording itself is as it was"
    assert rows(database, LINES) == []
    assert sound(database, settings)
    assert ingest(folder)["film.mp4"].status == "unchanged"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\xd8\x00\x00", b"nothing", bytes(range(256))])
def test_damaged_subtitles_are_told_and_fail_nothing(
    content: bytes, folder: Path, ingest: Ingest, database: Database
) -> None:
    (folder / "film.srt").write_bytes(content)
    outcome = ingest(folder)["film.mp4"]
    assert outcome.status == "done"
    assert any(note.startswith("film.srt: ") for note in outcome.notes)
    assert rows(database, LINES) == []


def test_what_a_run_tells_of_a_video_is_what_it_leaves(folder: Path, ingest: Ingest) -> None:
    before = ingest(folder)["film.mp4"].moments
    (folder / "film.de.srt").write_text(srt((1.0, 1.5, GRANDMOTHER)))
    assert ingest(folder)["film.mp4"].moments == before + 1
    (folder / "film.de.srt").unlink()
    assert ingest(folder)["film.mp4"].moments == before


def test_subtitles_that_cannot_be_opened_are_read_when_they_can_be(
    folder: Path, ingest: Ingest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "film.srt").unlink()
    (folder / "film.de.srt").write_text(srt((1.0, 1.5, GRANDMOTHER)))
    with monkeypatch.context() as patched:
        refuse_subtitles(patched)
        first, second = ingest(folder)["film.mp4"], ingest(folder)["film.mp4"]
    assert first.reason == "subtitles cannot be read; the recording itself is as it was"
    assert second.status == "unchanged"
    (note,) = first.notes
    assert note.startswith("film.de.srt: cannot be read (Permission denied)")
    assert second.notes == first.notes
    assert rows(database, LINES) == []
    assert ingest(folder)["film.mp4"].notes == []
    assert rows(database, LINES) == [(GRANDMOTHER, "German", 1.0)]
    assert ingest(folder)["film.mp4"].status == "unchanged"


def test_a_film_that_comes_before_its_subtitles_can_be_opened_gets_them_later(
    tmp_path: Path, ingest: Ingest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_video(tmp_path / "film.mp4", [drawn(1)])
    film.with_suffix(".srt").write_text(srt((0.2, 0.8, VOLCANO)))
    with monkeypatch.context() as patched:
        refuse_subtitles(patched)
        assert ingest(film)["film.mp4"].status == "done"
    assert rows(database, LINES) == []
    assert ingest(film)["film.mp4"].status == "done"
    assert rows(database, LINES) == [(VOLCANO, None, 0.2)]


def test_what_lies_beside_a_copy_is_read_too_and_lost_with_it(
    folder: Path, ingest: Ingest, database: Database, settings: IngestSettings
) -> None:
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    shutil.copy(folder / "film.mp4", elsewhere / "copy.mp4")
    (elsewhere / "copy.srt").write_text(srt((1.0, 1.5, GRANDMOTHER)))
    reason = ingest(folder, elsewhere)["copy.mp4"].reason or ""
    assert reason.startswith("same content as ")
    assert "subtitles read anew: copy.srt" in reason
    both = [(VOLCANO, None, 0.5), (GRANDMOTHER, None, 1.0)]
    assert rows(database, LINES) == both
    assert {each.status for each in ingest(folder, elsewhere).values()} == {"unchanged", "skipped"}
    (elsewhere / "copy.mp4").rename(elsewhere / "moved.mp4")
    ingest(elsewhere)
    assert rows(database, LINES) == both[:1]
    assert sound(database, settings)


def test_a_run_that_ends_while_subtitles_are_stored_is_made_up_for(
    folder: Path, ingest: Ingest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disconnected(*_: object) -> None:
        raise DatabaseError("the server has gone")

    (folder / "film.srt").write_text(srt((1.0, 1.5, GRANDMOTHER)))
    with monkeypatch.context() as patched:
        patched.setattr(SubtitleStore, "replace", disconnected)
        with pytest.raises(DatabaseError):
            ingest(folder)
    assert rows(database, LINES) == [(VOLCANO, None, 0.5)]
    assert ingest(folder)["film.mp4"].status == "done"
    assert rows(database, LINES) == [(GRANDMOTHER, None, 1.0)]


def test_tracks_within_stay_when_those_beside_change(
    tmp_path: Path, ingest: Ingest, database: Database
) -> None:
    film = subtitled(tmp_path / "film.mkv", [Track([(1.0, 2.0, VOLCANO)], language="eng")])
    ingest(film)
    film.with_suffix(".de.srt").write_text(srt((1.0, 2.0, "Der Vulkan")))
    assert ingest(film)["film.mkv"].status == "done"
    assert rows(database, LINES) == [("Der Vulkan", "German", 1.0), (VOLCANO, "English", 1.0)]


def test_chapters_and_names_are_stored_with_a_video(
    tmp_path: Path, ingest: Ingest, database: Database, settings: IngestSettings
) -> None:
    chapters = [(0.0, 4.0, "Chapter 1"), (4.0, 8.0, "Harbour at dawn")]
    ingest(subtitled(tmp_path / "site-tour_final.mkv", [], chapters=chapters))
    words = (
        "SELECT kind, start_s, text FROM moment WHERE kind IN ('chapter', 'title') ORDER BY kind"
    )
    assert rows(database, words) == [
        ("chapter", 4.0, "Harbour at dawn"),
        ("title", 0.0, "site tour final · site-tour_final.mkv"),
    ]
    assert sound(database, settings)
