"""Files are copied, moved, changed and damaged; the library follows, and keeps nothing stale."""

import dataclasses
import os
import shutil
import string
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from database.check import find_faults
from database.objects.address import Address
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.read import Library
from database.videos.removal import Removal
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES, SPACES
from embeddings.space import Space
from ingest import pipeline
from ingest.errors import Interrupted, VideoUnreadable
from ingest.files.discover import discover
from ingest.files.identity import AS_BEFORE, content_hash
from ingest.files.missing import mark_missing
from ingest.files.outcome import Outcome
from ingest.lanes import ingest_files
from ingest.media.child import Isolation
from ingest.settings import IngestSettings
from ingest.settling import settle
from tests.helpers.media import drawn, make_video
from tests.helpers.sql import rows

Ingest = Callable[..., list[Outcome]]


def ignore(path: Path | Address, stage: str, part: float | None) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def ingest(settings: IngestSettings, database: Database, encoders: Encoders) -> Ingest:
    """Ingests files as the command does, with the encoders of the session."""

    def run(*paths: Path, retry: bool = False, again: bool = False, jobs: int = 1) -> list[Outcome]:
        ingest = pipeline.make_ingest(
            database, settings, PROFILES["bundled"], retry=retry, again=again
        )
        ingest = dataclasses.replace(ingest, encoders=encoders)
        found = discover([str(p) for p in paths])
        ended = list(ingest_files(found, ingest, jobs, ignore))
        settle(found.roots, ingest, None)
        return sorted((each.outcome for each in ended), key=lambda outcome: outcome.path)

    return run


@pytest.fixture
def film(tmp_path: Path, ingest: Ingest) -> Path:
    """A film that is in the library."""
    path = make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)])
    assert statuses(ingest(path)) == ["done"]
    return path


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


@pytest.fixture(autouse=True)
def _library_stays_sound(
    settings: IngestSettings, database: Database, tmp_path: Path
) -> Iterator[None]:
    yield
    mark_missing([tmp_path], Removal(database))  # what went after the last ingest
    Removal(database).settle()
    assert find_faults(database, settings.keyframes_dir) == []


LONGEST_KEY = 2704
"""Bytes that PostgreSQL takes in a B-tree's key, as a path is one."""


def far_away(folder: Path) -> Path:
    """A folder whose path is longer, and does not get shorter by compression."""
    letters = np.random.default_rng(1)
    while len(str(folder)) < LONGEST_KEY + 600:
        folder /= "".join(letters.choice(list(string.ascii_letters), 200))
    folder.mkdir(parents=True)
    return folder


def test_a_path_that_the_database_cannot_hold_is_a_fault_of_its_file_alone(
    tmp_path: Path, ingest: Ingest, settings: IngestSettings, database: Database
) -> None:
    far = make_video(tmp_path / "far.mp4", [drawn(1)]).rename(far_away(tmp_path) / "far.mp4")
    near = make_video(tmp_path / "near.mp4", [drawn(2)])
    first, second = sorted(ingest(far, near), key=lambda outcome: len(outcome.path))
    assert (first.path, first.status.value) == (str(near), "done")
    assert (second.path, second.status.value) == (str(far), "failed")
    assert "the path is too long for the library" in (second.reason or "")
    assert only_path(database) == str(near)
    assert len(list(settings.keyframes_dir.rglob("*.jpg"))) == 1
    assert list(settings.work_dir.glob("*")) == []


def test_a_copy_at_a_path_that_the_database_cannot_hold_leaves_the_film_as_it_was(
    film: Path, ingest: Ingest, database: Database
) -> None:
    copy = Path(shutil.copy(film, far_away(film.parent)))
    before = Library(database).row_counts()
    assert statuses(ingest(copy)) == ["failed"]
    assert Library(database).row_counts() == before
    assert only_path(database) == str(film)


def test_a_film_of_which_a_value_is_refused_is_remembered_and_tried_again_when_asked(
    tmp_path: Path, ingest: Ingest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video(tmp_path / "film.mp4", [drawn(1)])
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "main_language", lambda _sentences: "\x00")
        (outcome,) = ingest(path)
    assert outcome.status.value == "failed"
    assert "cannot hold a value" in (outcome.reason or "")
    assert num_videos(database) == 0
    (again,) = ingest(path)
    assert again.reason == f"{outcome.reason} ({AS_BEFORE})"
    assert statuses(ingest(path, retry=True)) == ["done"]


def num_videos(database: Database) -> int:
    return Library(database).row_counts()["video"]


def only_path(database: Database) -> str:
    (video,) = Library(database).list_videos(limit=10)
    return video.path


def test_a_film_that_is_ingested_again_is_unchanged(
    film: Path, ingest: Ingest, database: Database
) -> None:
    before = Library(database).row_counts()
    (outcome,) = ingest(film)
    assert (outcome.status.value, outcome.scenes, outcome.moments) == ("unchanged", 2, 4)
    assert Library(database).row_counts() == before


def test_a_film_that_was_only_touched_is_known_by_its_content(
    film: Path, ingest: Ingest, database: Database
) -> None:
    os.utime(film, ns=(0, 0))
    assert statuses(ingest(film)) == ["unchanged"]
    assert num_videos(database) == 1


def test_a_film_that_was_moved_is_found_in_its_new_place(
    film: Path, ingest: Ingest, database: Database
) -> None:
    moved = film.rename(film.parent / "holiday in spain.mp4")
    assert statuses(ingest(moved)) == ["unchanged"]
    assert only_path(database) == str(moved)
    assert called(database) == ("holiday in spain", "holiday in spain · holiday in spain.mp4")


def called(database: Database) -> tuple[object, ...]:
    """The title of the only video, and what it is found by."""
    titles = "SELECT title, text FROM video LEFT JOIN moment ON video_id = video.id "
    (names,) = rows(database, f"{titles} AND kind = 'title'")
    return names


def test_a_renamed_film_keeps_the_title_that_its_container_has(
    tmp_path: Path, ingest: Ingest, database: Database
) -> None:
    film = make_video(tmp_path / "harbour.mp4", [drawn(1)], title="Ships at night")
    ingest(film)
    ingest(film.rename(tmp_path / "IMG_2031.mp4"))
    assert called(database) == ("Ships at night", "Ships at night")
    ingest((tmp_path / "IMG_2031.mp4").rename(tmp_path / "docks.mp4"))
    assert called(database) == ("Ships at night", "Ships at night · docks · docks.mp4")


def test_a_film_is_made_anew_under_its_id_once_and_then_is_unchanged(
    film: Path, ingest: Ingest, database: Database
) -> None:
    copy = Path(shutil.copy(film, film.with_name("copy.mp4")))
    subtitles = film.with_name("copy.srt")
    subtitles.write_text("1\n00:00:00,200 --> 00:00:00,900\nA ship leaves.\n")
    ingest(film, copy)
    (before,) = Library(database).list_videos(limit=2)
    assert [each.scenes for each in ingest(film, copy, again=True)] == [2, 2]
    (after,) = Library(database).list_videos(limit=2)
    assert (after.id, after.again) == (before.id, False)
    assert statuses(ingest(film, copy)) == ["unchanged"] * 2
    said = rows(database, "SELECT text FROM moment WHERE kind = 'subtitle'")
    assert said == [("A ship leaves.",)]


def test_films_that_swap_names_and_one_that_is_replaced_are_told_apart_in_two_lanes(
    tmp_path: Path, ingest: Ingest, database: Database
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    paths = [make_video(films / f"{name}.mp4", [drawn(n)]) for n, name in enumerate("abc")]
    ingest(films, jobs=2)
    ids: dict[Any, Any] = dict(rows(database, "SELECT content_hash, id FROM video"))
    for number in range(3):
        aside = paths[0].rename(tmp_path / "aside")
        paths[1].rename(paths[0])
        aside.rename(paths[1])
        make_video(paths[2], [drawn(10 + number)])
        assert statuses(ingest(films, jobs=2)) == ["unchanged", "unchanged", "done"]
        found: dict[Any, Any] = dict(rows(database, "SELECT path, video_id FROM file"))
        assert [found[str(path)] for path in paths[:2]] == [
            ids[content_hash(path)] for path in paths[:2]
        ]
        assert num_videos(database) == 3


@pytest.mark.parametrize("how", ["value", "damage", "permission"])
def test_what_cannot_be_made_anew_stays_as_it_was(
    how: str,
    film: Path,
    ingest: Ingest,
    settings: IngestSettings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = Library(database).row_counts()
    with monkeypatch.context() as patch:
        if how == "value":
            patch.setattr(pipeline, "main_language", lambda _sentences: "\x00")
        elif how == "damage":
            patch.setattr(Isolation, "run", refuse)
        else:
            patch.setattr(os, "access", lambda *_: False)
        (outcome,) = ingest(film, again=True)
    assert outcome.status.value == "failed"
    assert Library(database).row_counts() == before
    assert len(list(settings.keyframes_dir.rglob("*.jpg"))) == 2


def refuse(*_: object, **__: object) -> None:
    raise VideoUnreadable("damaged")


def test_a_run_that_makes_anew_and_is_cut_off_leaves_the_rest_to_the_next(
    film: Path, ingest: Ingest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object, **__: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(Isolation, "run", end)
        with pytest.raises(Interrupted):
            ingest(film, again=True)
    assert statuses(ingest(film)) == ["done"]
    assert statuses(ingest(film)) == ["unchanged"]


def test_a_copy_whose_lost_keyframes_cannot_be_made_again_keeps_its_film(
    film: Path,
    ingest: Ingest,
    settings: IngestSettings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = next(settings.keyframes_dir.rglob("*.jpg"))
    kept = lost.read_bytes()
    lost.unlink()
    os.utime(film, ns=(0, 0))
    with monkeypatch.context() as patch:
        patch.setattr(Isolation, "run", refuse)
        (outcome,) = ingest(film)
    assert outcome.status.value == "failed"
    assert outcome.reason == "damaged; what the library has of it stays as it was"
    assert only_path(database) == str(film)
    lost.write_bytes(kept)


def test_a_copy_adds_a_path_and_no_video(film: Path, ingest: Ingest, database: Database) -> None:
    copy = Path(shutil.copy(film, film.parent / "copy.mp4"))
    (outcome,) = ingest(copy)
    assert (outcome.status.value, outcome.reason) == ("done", f"same content as {film}")
    assert num_videos(database) == 1
    film.unlink()
    assert Library(database).get_intact_path(Library(database).list_videos(limit=1)[0].id) == copy
    assert statuses(ingest(copy)) == ["unchanged"]
    shutil.copy(copy, film)
    assert statuses(ingest(film)) == ["done"]


def test_a_changed_film_replaces_the_old_one_and_its_keyframes(
    film: Path, ingest: Ingest, settings: IngestSettings, database: Database
) -> None:
    before = set(settings.keyframes_dir.rglob("*.jpg"))
    make_video(film, [drawn(3)])
    assert statuses(ingest(film)) == ["done"]
    after = set(settings.keyframes_dir.rglob("*.jpg"))
    assert num_videos(database) == 1
    assert (len(before), len(after), len(before & after)) == (2, 1, 0)


def test_a_film_that_was_damaged_leaves_the_library_with_its_keyframes(
    film: Path, ingest: Ingest, settings: IngestSettings, database: Database
) -> None:
    film.write_text("no film any more")
    assert statuses(ingest(film)) == ["failed"]
    assert num_videos(database) == 0
    assert list(settings.keyframes_dir.rglob("*.jpg")) == []


@pytest.mark.parametrize("year", [1950, 2299])
def test_a_film_with_an_odd_time_is_ingested_and_known_again(
    year: int, tmp_path: Path, ingest: Ingest, database: Database
) -> None:
    path = make_video(tmp_path / "film.mp4", [drawn(1)])
    os.utime(path, ns=(0, round((year - 1970) * 365.25 * 86400) * 10**9))
    assert statuses(ingest(path)) == ["done"]
    assert statuses(ingest(path)) == ["unchanged"]
    (video,) = Library(database).list_videos(limit=10)
    assert Library(database).get_intact_path(video.id) == path
    assert video.recorded_at is None or video.recorded_at.year == year


def test_a_film_that_may_not_be_read_for_a_while_stays_in_the_library(
    film: Path, ingest: Ingest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        (outcome,) = ingest(film)
    assert (outcome.status.value, "no permission" in (outcome.reason or "")) == ("failed", True)
    assert only_path(database) == str(film)
    assert statuses(ingest(film)) == ["unchanged"]


def test_a_refusal_is_stored_once(tmp_path: Path, ingest: Ingest, database: Database) -> None:
    (tmp_path / "empty.mp4").touch()
    assert statuses(ingest(tmp_path / "empty.mp4")) == ["failed"]
    before = rows(database, "SELECT path, status::text, seen_at FROM file")
    assert before[0][1] == "failed"
    assert statuses(ingest(tmp_path / "empty.mp4")) == ["failed"]
    assert rows(database, "SELECT path, status::text, seen_at FROM file") == before


def test_a_film_that_was_emptied_leaves_the_library(
    film: Path, ingest: Ingest, database: Database
) -> None:
    film.write_bytes(b"")
    assert statuses(ingest(film)) == ["failed"]
    assert num_videos(database) == 0


def test_a_film_that_became_a_copy_of_another_leaves_the_library_with_its_keyframes(
    film: Path, ingest: Ingest, settings: IngestSettings, database: Database
) -> None:
    other = make_video(film.parent / "other.mp4", [drawn(3)])
    ingest(other)
    shutil.copy(other, film)
    ingest(film)
    assert num_videos(database) == 1
    assert len(list(settings.keyframes_dir.rglob("*.jpg"))) == 1


def test_keyframes_that_a_killed_run_had_half_placed_are_removed(
    tmp_path: Path, ingest: Ingest, settings: IngestSettings
) -> None:
    path = make_video(tmp_path / "film.mp4", [drawn(1)])
    digest = content_hash(path)
    partial = settings.keyframes_dir / digest[:2] / f"{digest}.1.part"
    partial.mkdir(parents=True)
    (partial / "000000400.jpg").write_bytes(b"half")
    assert statuses(ingest(path)) == ["done"]
    assert not partial.exists()


def test_a_film_that_failed_is_tried_again_only_when_asked(
    tmp_path: Path, ingest: Ingest, database: Database
) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("no film yet")
    (first,), (second,) = ingest(path), ingest(path)
    assert second.reason == f"{first.reason} ({AS_BEFORE})"
    (third,) = ingest(path, retry=True)
    assert third.reason == first.reason
    make_video(path, [drawn(1)])
    assert statuses(ingest(path)) == ["done"]
    assert only_path(database) == str(path)


def test_the_first_of_many_may_be_poisonous(
    tmp_path: Path, ingest: Ingest, database: Database
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "0.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40)
    for number in range(1, 4):
        make_video(videos / f"{number}.mp4", [drawn(number)])
    assert statuses(ingest(videos)) == ["failed", "done", "done", "done"]
    assert num_videos(database) == 3


def test_a_space_that_becomes_active_while_a_film_is_embedded_gets_it_too(
    ingest: Ingest,
    database: Database,
    tmp_path: Path,
    encoders: Encoders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spaces = Spaces(database)
    other = dataclasses.replace(SPACES["imagenet-concepts"], key="other-labels", slot="other")
    monkeypatch.setitem(encoders.spaces, other.key, other)
    encode = encoders.encode_items

    def switch_once(space: Space, items: Sequence[Any]) -> Vectors:
        if other.key not in spaces.all():
            spaces.add([other])
            spaces.activate(other.key)
        return encode(space, items)

    monkeypatch.setattr(encoders, "encode_items", switch_once)
    film = make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)])
    assert statuses(ingest(film)) == ["done"]
    coverage = spaces.coverage(other.key)
    assert coverage.embedded == coverage.wanted == 2
