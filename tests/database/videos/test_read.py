"""What the library shows of its videos, and how words find them in their language."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from database.errors import NotFound
from database.models import FileStatus, MomentKind
from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader, MomentInfo
from database.queries.statement import LegMatch, VectorLeg, WordLeg, search_legs
from database.queries.terms import WordReader
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.read import Library
from database.videos.records import FileRecord, MomentRecord
from database.videos.stored import Store
from tests.helpers import records


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database)


def save(store: Store, name: str, **options: str | None) -> int:
    store.save_video(records.video(name, **options), records.file(f"/v/{name}.mp4"))
    video = store.find_video_by_content(records.digest(name))
    assert video is not None
    return video.id


def test_videos_are_listed_page_by_page(store: Store, library: Library) -> None:
    ids = [save(store, name) for name in "abc"]
    first = library.list_videos(limit=2)
    assert [(v.id, v.title, v.path) for v in first] == [
        (ids[0], "a", "/v/a.mp4"),
        (ids[1], "b", "/v/b.mp4"),
    ]
    assert [v.id for v in library.list_videos(limit=2, after_id=ids[1])] == [ids[2]]


def test_what_is_not_there_is_not_found(library: Library) -> None:
    with pytest.raises(NotFound, match="there is no video 7"):
        library.get_video(7)
    with pytest.raises(NotFound):
        library.get_keyframe_path(7)
    with pytest.raises(NotFound):
        library.get_intact_path(7)
    assert library.scenes(7) == []
    assert library.transcript(7) == []


def test_scenes_are_shown_with_their_pictures_and_writing(store: Store, library: Library) -> None:
    first, second = library.scenes(save(store, "a"))
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.0, 2.0, 2.0, 4.0)
    assert first.keyframes == ((1.0, records.image_path("a")),)
    assert first.on_screen_text == ("EXIT",)
    assert (second.keyframes, second.on_screen_text) == ((), ())


def test_the_keyframe_nearest_to_a_time_is_shown_by_default_that_of_the_middle(
    store: Store, library: Library
) -> None:
    times = (0.2, 1.1, 1.9)
    keyframes = tuple(
        MomentRecord(0, MomentKind.KEYFRAME, time_s, time_s, image_path=f"{time_s}.jpg")
        for time_s in times
    )
    store.save_video(replace(records.video("a"), moments=keyframes), records.file("/v/a.mp4"))
    (video,) = library.list_videos(limit=1)
    scene = library.scenes(video.id)[0]
    assert library.get_keyframe_path(scene.id) == "1.1.jpg"
    assert library.get_keyframe_path(scene.id, at_s=0.0) == "0.2.jpg"
    assert library.get_keyframe_path(scene.id, at_s=99.0) == "1.9.jpg"


def test_a_file_that_was_changed_is_no_place_of_its_video_any_more(
    store: Store, library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    status = path.stat()
    record = FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)
    store.save_video(records.video("a"), record)
    (video,) = library.list_videos(limit=1)
    assert library.get_intact_path(video.id) == path
    os.utime(path, ns=(0, 0))
    with pytest.raises(NotFound, match="ingest its folder again"):
        library.get_intact_path(video.id)


def test_a_sample_of_vectors_is_spread_over_all_of_them(store: Store, database: Database) -> None:
    moments = tuple(
        MomentRecord(
            0, MomentKind.SPEECH, 0.0, 1.0, "x", vectors={"minilm-l6": records.unit_vector(i)}
        )
        for i in range(100)
    )
    store.save_video(replace(records.video("a"), moments=moments), records.file("/v/a.mp4"))
    assert Spaces(database).sample_vectors("minilm-l6", 1000).shape == (100, 384)
    sample = Spaces(database).sample_vectors("minilm-l6", 10)
    assert sample.shape == (10, 384)
    nearest = [int(np.argmax([v @ records.unit_vector(i) for i in range(100)])) for v in sample]
    assert len(set(nearest)) == 10
    assert max(nearest) - min(nearest) >= 80
    assert Spaces(database).sample_vectors("imagenet-concepts", 10).shape == (0, 0)


def words_find(database: Database, words: str) -> list[MomentInfo]:
    leg = WordLeg(WordReader(database).terms(words), words)
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    matching = {match.moment_id for match in found if match.raw > 0}
    return list(HitReader(database).moments(matching).values())


def nearest(database: Database, vector: Any) -> list[LegMatch]:
    leg = VectorLeg("minilm-l6", vector)
    found, _ = search_legs(database, [leg], None, Conditions(), Scan.INDEX, 10)
    return sorted(found, key=lambda match: -match.raw)


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "The crew was drilling.", "drills"),
        ("de", "Die alten Häuser stehen am Fluss.", "Haus am Fluß"),
        ("fr", "Les chevaux galopaient.", "cheval galopait"),
        ("xx", "Unbekannte Sprache", "unbekannte"),
        (None, "The crew was drilling.", "drills"),
    ],
)
def test_words_find_speech_by_the_stems_of_its_language(
    language: str | None, text: str, words: str, store: Store, database: Database
) -> None:
    save(store, "a", text=text, language=language)
    save(store, "b", text="Nothing of the kind", language="en")
    (match,) = words_find(database, words)
    assert (match.text, match.kind) == (text, MomentKind.SPEECH)


def test_a_word_of_one_language_is_not_cut_down_by_the_rules_of_another(
    store: Store, database: Database
) -> None:
    save(store, "a", text="Häuser", language="de")
    save(store, "b", text="Häuser", language="en")
    assert {m.text for m in words_find(database, "Haus")} == {"Häuser"}
    assert len(words_find(database, "Haus")) == 1


@pytest.mark.parametrize("words", ["", "the", "'", "\\", "a & b | !c <-> (", "' OR 1=1 --", ":*"])
def test_words_that_mean_nothing_or_mean_harm_find_nothing(
    words: str, store: Store, database: Database
) -> None:
    save(store, "a")
    assert words_find(database, words) == []


def test_the_nearest_moment_is_found_with_its_scene(store: Store, database: Database) -> None:
    save(store, "a")
    best, *_ = nearest(database, records.unit_vector(3))
    assert best.raw == pytest.approx(1.0, abs=1e-2)
    assert (best.scene_start_s, best.scene_end_s) == (2.0, 4.0)
    (moment,) = HitReader(database).moments({best.moment_id}).values()
    assert moment.text == "A train leaves."


def test_the_nearest_of_many_are_found_through_the_index(store: Store, database: Database) -> None:
    moments = tuple(
        MomentRecord(
            0, MomentKind.SPEECH, 0.0, 1.0, "x", vectors={"minilm-l6": records.unit_vector(i)}
        )
        for i in range(1000)
    )
    store.save_video(replace(records.video("a"), moments=moments), records.file("/v/a.mp4"))
    sent: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    best, *_ = nearest(database, records.unit_vector(567))
    assert best.raw == pytest.approx(1.0, abs=1e-2)
    statement, parameters = sent[-1]
    with database.session() as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
        assert "Index Scan using embedding_minilm_l6_hnsw" in "\n".join(plan.scalars())
