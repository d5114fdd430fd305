"""The nearest moments are found through the HNSW index, with their scenes."""

from dataclasses import replace
from typing import Any

import pytest

from database.models import MomentKind
from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader
from database.queries.statement import LegMatch, VectorLeg, search_legs
from database.queries.terms import NO_WORDS, WordReader
from database.server.connection import Database
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings.space import Input
from tests.helpers import records
from tests.helpers.statements import plan_of_search


def nearest(database: Database, vector: Any) -> list[LegMatch]:
    leg = VectorLeg("minilm-l6", vector, Input.TEXT)
    found, _ = search_legs(database, [leg], NO_WORDS, Conditions(), Scan.INDEX, 10)
    return sorted(found, key=lambda match: -match.raw)


def test_the_nearest_moment_is_found_with_its_scene(store: Store, database: Database) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
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

    def search() -> None:
        best, *_ = nearest(database, records.unit_vector(567))
        assert best.raw == pytest.approx(1.0, abs=1e-2)

    plan = plan_of_search(database, search, "enable_seqscan = off")
    assert "Index Scan using embedding_minilm_l6_hnsw" in plan


def slide(*texts: str, kind: MomentKind = MomentKind.OCR) -> VideoRecord:
    """A film of two scenes; in the first these texts are seen, one after the other has come."""
    moments = tuple(
        MomentRecord(0, kind, 0.1 * number, 2.0, text, "en") for number, text in enumerate(texts)
    )
    name = str((texts, kind))
    return replace(records.video(name), moments=moments)


def covered(database: Database, words: str) -> dict[str, float]:
    """How much of the words each video has that is found, by its path."""
    leg = WordReader(database).leg(words)
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    videos = HitReader(database).videos({match.video_id for match in found})
    best: dict[str, float] = {}
    for match in found:
        path = videos[match.video_id].path
        best[path] = max(match.raw, best.get(path, 0.0))
    return best


def test_words_of_one_slide_that_came_one_after_the_other_are_found_as_if_they_were_one_text(
    store: Store, database: Database
) -> None:
    store.save_video(slide("Harvest report: wheat and barley"), records.file("/v/whole.mp4"))
    store.save_video(slide("Harvest report", "wheat", "barley"), records.file("/v/parts.mp4"))
    store.save_video(slide("Harvest report", "rye", "oats"), records.file("/v/half.mp4"))
    found = covered(database, "report barley")
    assert found["/v/whole.mp4"] == pytest.approx(1.0)
    assert found["/v/parts.mp4"] == pytest.approx(1.0)
    assert found["/v/parts.mp4"] < found["/v/whole.mp4"]
    assert found.get("/v/half.mp4", 0.0) < 0.9


def test_words_of_a_slide_are_found_where_the_last_of_them_comes(
    store: Store, database: Database
) -> None:
    made = slide("wheat", "Harvest report", "barley, wheat")
    store.save_video(made, records.file("/v/a.mp4"))
    leg = WordReader(database).leg("report wheat")
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    best = max(found, key=lambda match: match.raw)
    assert best.raw == pytest.approx(1.0)
    (moment,) = HitReader(database).moments({best.moment_id}).values()
    assert moment.text == "Harvest report"


def test_lines_that_are_not_seen_together_are_no_text(store: Store, database: Database) -> None:
    made = slide("Harvest report", "barley")
    title, line = made.moments
    gone = replace(title, end_s=0.1)  # as the line comes
    store.save_video(replace(made, moments=(gone, line)), records.file("/v/1.mp4"))
    assert covered(database, "report barley").get("/v/1.mp4", 0.0) < 0.9


def test_a_line_with_all_words_is_found_before_others_that_have_them_together(
    store: Store, database: Database
) -> None:
    made = slide("npm", "jovial", "npm run jovial")
    store.save_video(made, records.file("/v/1.mp4"))
    leg = WordReader(database).leg("npm jovial")
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    best = max(found, key=lambda match: match.raw)
    (moment,) = HitReader(database).moments({best.moment_id}).values()
    assert moment.text == "npm run jovial"


def test_sentences_of_one_scene_are_not_taken_for_one_text(
    store: Store, database: Database
) -> None:
    said = slide("The harvest report is late.", "Barley is dear.", kind=MomentKind.SPEECH)
    store.save_video(said, records.file("/v/1.mp4"))
    assert covered(database, "report barley").get("/v/1.mp4", 0.0) < 0.9


def talk(said: str, shown: str, gone_s: float = 2.0) -> VideoRecord:
    """A film in which something is said while, from the beginning, something is on screen."""
    moments = (
        MomentRecord(0, MomentKind.OCR, 0.0, gone_s, shown, "en"),
        MomentRecord(0, MomentKind.SPEECH, 1.0, 2.0, said, "en"),
    )
    return replace(records.video(said + shown), moments=moments)


def test_words_that_are_said_beside_a_slide_with_the_others_come_after_one_text_with_all(
    store: Store, database: Database
) -> None:
    store.save_video(talk("The barley report", "Nothing"), records.file("/v/whole.mp4"))
    store.save_video(talk("Barley is dear.", "Harvest report"), records.file("/v/beside.mp4"))
    store.save_video(talk("Wheat is dear.", "Harvest report"), records.file("/v/half.mp4"))
    late = talk("Barley is late.", "Harvest report", gone_s=1.0)
    store.save_video(late, records.file("/v/gone.mp4"))
    found = covered(database, "report barley")
    assert found["/v/whole.mp4"] == pytest.approx(1.0)
    assert found["/v/beside.mp4"] == pytest.approx(0.95)
    assert found.get("/v/half.mp4", 0.0) < 0.6
    assert found["/v/gone.mp4"] < 0.6, "what is said when the slide has gone is not of it"


def test_a_talk_beside_a_slide_is_found_where_the_words_are_said(
    store: Store, database: Database
) -> None:
    store.save_video(talk("Barley is dear.", "Harvest report"), records.file("/v/1.mp4"))
    leg = WordReader(database).leg("report barley")
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    best = max(found, key=lambda match: match.raw)
    (moment,) = HitReader(database).moments({best.moment_id}).values()
    assert moment.text == "Barley is dear."


def test_a_line_that_is_seen_again_and_again_does_not_hide_other_videos(
    store: Store, database: Database
) -> None:
    store.save_video(slide(*["docker push registry"] * 50), records.file("/v/1.mp4"))
    store.save_video(slide("docker push registry"), records.file("/v/2.mp4"))
    assert "/v/2.mp4" in covered(database, "docker registry")
