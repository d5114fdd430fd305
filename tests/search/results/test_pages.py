"""The shape of an answer: pages join, near-identical scenes fold, and no cursor is forged."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from database.models import MomentKind
from database.opening import open_database
from database.queries.hits import HitReader
from database.videos.records import MomentRecord
from database.videos.stored import Store
from search.query.query import Shape, Sort
from search.ranking.confidence import Confidence
from search.results.cursors import Cursor
from search.results.pages import Page, cut_page
from search.retrieval.candidates import Candidate
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import file, image_path, video

LOOKS = [0, 0b1111, 0b11111, -1, 2**63 - 1, 1 << 40, None, 0b1111]
"""Of the scenes 1 to 8, all of one video; scenes 9 to 11 are of others, recorded in turn."""
YEARS = {1: 2020, 2: 2023, 3: 2021, 4: None}
BELONGS = "0123456789abcdef"
SURE = Confidence(10.25, 3.0, 1.5, 0.5, 4.0, whole=False, luck=4.0)
values = st.sampled_from([0.5, 1.5, 1.5 + 2**-40, -3.0]) | st.floats(-100, 100)
rankings = st.lists(values, max_size=11).map(
    lambda drawn: sorted(enumerate(drawn, start=1), key=lambda pair: (-pair[1], pair[0]))
)


@pytest.fixture(scope="module")
def reader(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HitReader]:
    """Of four videos: the looks of the first one's scenes are LOOKS."""
    folder = tmp_path_factory.mktemp("shape")
    with new_settings(folder / "home") as made, contextlib.closing(open_database(made)) as database:
        for number, year in YEARS.items():
            looks = LOOKS if number == 1 else [None]
            at = datetime(year, 5, 17, tzinfo=UTC) if year else None
            moments = tuple(keyframe(scene, look) for scene, look in enumerate(looks))
            spans = tuple((10.0 * scene, 10.0 * scene + 10) for scene in range(len(looks)))
            record = replace(video(str(number)), recorded_at=at, scenes=spans, moments=moments)
            Store(database).save_video(record, file(f"/library/{number}.mp4"))
        yield HitReader(database)


def keyframe(scene: int, look: int | None) -> MomentRecord:
    time_s = 10.0 * scene + 5
    path = image_path("1")
    return MomentRecord(scene, MomentKind.KEYFRAME, time_s, time_s, image_path=path, look=look)


def ranked(scene_id: int, value: float) -> Candidate:
    """A scene of the library above."""
    video_id, start_s = (1, 10.0 * (scene_id - 1)) if scene_id <= 8 else (scene_id - 7, 0.0)
    return Candidate(scene_id, video_id, start_s, start_s + 10, {}, value=value)


@dataclass(frozen=True)
class Sure(Confidence):
    """A confidence whose scores are given by hand, for values; 0.5 for others."""

    scores: dict[float, float] = field(default_factory=dict)

    def score(self, scene: Candidate) -> float:
        return self.scores.get(scene.value, 0.5)


SCORES = Sure(10.25, 3.0, 1.5, 0.5, 4.0, False, 4.0, {2.0: 0.9, 1.0: 0.4, 0.5: 0.39})


def page(scenes: list[Candidate], shape: Shape, reader: HitReader, sure: Confidence = SURE) -> Page:
    cursor = Cursor.of(shape.cursor, BELONGS, 60)
    return cut_page(scenes, shape, cursor, reader, sure)


def ids(scenes: list[Candidate]) -> list[int]:
    return [scene.scene_id for scene in scenes]


@settings(deadline=None, max_examples=80)
@given(
    rankings,
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from(Sort),
    st.booleans(),
    st.booleans(),
)
def test_pages_of_any_sizes_join_without_gap_or_repeat(
    reader: HitReader,
    drawn: list[tuple[int, float]],
    limits: list[int],
    sort: Sort,
    fold: bool,
    by_video: bool,
) -> None:
    hits = [ranked(scene_id, value) for scene_id, value in drawn]
    shape = Shape(limit=100, sort=sort, fold=fold, by_video=by_video)
    whole = page(hits, shape, reader)
    assert whole.next is None
    assert whole.total == len(whole.scenes)
    joined: list[Candidate] = []
    cursor, turn = None, 0
    while turn == 0 or cursor is not None:
        limit = limits[turn % len(limits)]
        part = page(hits, shape.model_copy(update={"limit": limit, "cursor": cursor}), reader)
        assert len(part.scenes) <= limit
        assert part.total == whole.total
        joined, cursor, turn = [*joined, *part.scenes], part.next, turn + 1
    assert joined == whole.scenes


def test_hits_come_in_the_order_that_was_asked_for(reader: HitReader) -> None:
    hits = [ranked(n, -n) for n in (3, 8, 9, 10, 11)]
    assert ids(page(hits, Shape(), reader, SCORES).scenes) == [3, 8, 9, 10, 11]
    assert ids(page(hits[::-1], Shape(sort=Sort.TIME), reader, SCORES).scenes) == [3, 8, 9, 10, 11]
    # 2023, 2021, 2020 twice, and last what nobody knows the date of.
    assert ids(page(hits, Shape(sort=Sort.DATE), reader, SCORES).scenes) == [9, 10, 3, 8, 11]


@pytest.mark.parametrize("sort", [Sort.DATE, Sort.TIME])
def test_only_an_order_by_relevance_has_weak_hits(reader: HitReader, sort: Sort) -> None:
    hits = [ranked(1, 2.0), ranked(9, 1.0), ranked(10, 0.5)]
    assert sorted(ids(page(hits, Shape(sort=sort), reader, SCORES).scenes)) == [1, 9]
    every = page(hits, Shape(), reader, SCORES)
    assert ids(every.scenes) == [1, 9, 10]
    assert (every.total, every.num_weak) == (3, 1)


def test_hits_below_the_least_score_are_left_out(reader: HitReader) -> None:
    hits = [ranked(1, 2.0), ranked(9, 1.0), ranked(10, 0.5)]
    assert [page(hits, Shape(min_score=m), reader, SCORES).total for m in (0, 0.39, 0.4, 0.95)] == [
        3, 3, 2, 0
    ]  # fmt: skip


def test_scenes_whose_looks_differ_in_up_to_four_bits_fold_into_the_best(
    reader: HitReader,
) -> None:
    hits = [ranked(n, 10.0 - n) for n in range(1, 9)]
    folded = page(hits, Shape(fold=True), reader)
    # Scene 3 is five bits from scene 1, though one from scene 2; scene 7 has no look at all.
    assert {hit.scene_id: hit.alike for hit in folded.scenes} == {
        1: (2, 6, 8), 3: (), 4: (5,), 7: ()
    }  # fmt: skip
    assert folded.total == 4
    assert [hit.alike for hit in page(hits, Shape(), reader).scenes] == [()] * 8


def test_each_video_comes_once_by_its_best_scene(reader: HitReader) -> None:
    hits = [ranked(9, 5.0), ranked(4, 4.0), ranked(1, 3.0), ranked(10, 2.0), ranked(2, 1.0)]
    grouped = page(hits, Shape(by_video=True), reader)
    assert [(hit.scene_id, hit.others) for hit in grouped.scenes] == [
        (9, 0), (4, 2), (10, 0)
    ]  # fmt: skip
    assert grouped.total == 3
