"""How well a hit begins and ends where the answer does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.queries.hits import VideoRef
from search.evaluation.boundaries import Boundaries, boundaries, first_overlaps, overlap
from search.evaluation.labelled import LabelledQuery, QueryFile, Target
from search.results.hits import SearchHit
from search.retrieval.candidates import Candidate

spans = st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda one: (one[0], sum(one)))


def hit(played: tuple[float, float], scene: tuple[float, float], file: str = "a.mp4") -> SearchHit:
    video = VideoRef(1, f"/library/{file}", "a", 60.0, True, None)
    return SearchHit(1, Candidate(1, 1, *scene, {}), False, video, *played, ())


def query(name: str, *spans: tuple[float, float], modality: str = "speech") -> LabelledQuery:
    targets = [Target(file="a.mp4", start=start, end=end) for start, end in spans]
    return LabelledQuery(id=name, query="drilling", modality=modality, targets=targets)


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ((0, 10), (0, 10), 1.0),
        ((0, 10), (5, 15), 1 / 3),
        ((0, 10), (2, 7), 0.5),
        ((0, 10), (10, 20), 0.0),
        ((0, 10), (15, 20), 0.0),
        ((5, 5), (5, 5), 0.0),
    ],
)
def test_overlap_is_the_part_of_the_union_that_both_have(
    one: tuple[float, float], other: tuple[float, float], part: float
) -> None:
    assert overlap(one, other) == overlap(other, one) == pytest.approx(part)


@given(spans, spans)
def test_overlap_counts_whole_seconds_as_sets_do(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    first, second = set(range(*one)), set(range(*other))
    assert overlap(one, other) == pytest.approx(len(first & second) / len(first | second))


def test_the_first_right_hit_counts_with_the_target_that_it_is_nearest_to() -> None:
    hits = [hit((0, 9), (0, 9), "b.mp4"), hit((10, 15), (10, 20)), hit((10, 12), (10, 12))]
    near = first_overlaps(query("q", (10, 20), (10, 16)), hits, 0.5)
    assert near == pytest.approx((5 / 6, 6 / 10))
    assert first_overlaps(query("q", (40, 50)), hits, 0.5) is None


def test_boundaries_are_counted_by_class_beside_those_of_the_scenes() -> None:
    queries = QueryFile(
        queries=[
            query("a", (0, 10)),
            query("b", (20, 30)),
            query("c", (40, 50), modality="visual"),
            query("none", (55, 60), modality="ocr"),
        ]
    )
    answers = {
        "a": [hit((0, 10), (0, 20))],
        "b": [hit((20, 26), (15, 30))],
        "c": [hit((40, 50), (40, 50))],
        "none": [hit((0, 5), (0, 5))],
    }
    found = boundaries(queries, answers)
    assert set(found) == {"all", "speech", "visual"}
    assert found["visual"] == Boundaries(1, 1, 1, 1, 1, 1, 1)
    speech = found["speech"]
    assert (speech.num_found, speech.close, speech.closer) == (2, 1.0, 0.5)
    assert speech.mean == pytest.approx(0.8)
    assert (speech.scene_close, speech.scene_closer) == (1.0, 0.0)
    assert speech.scene_mean == pytest.approx((0.5 + 2 / 3) / 2)
