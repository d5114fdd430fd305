"""When a hit is right, and which files of labelled queries are accepted."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from ir_measures import R, Success, calc_aggregate, nDCG

from database.queries.hits import VideoRef
from search.errors import QueryFileInvalid
from search.evaluation.labelled import LabelledQuery, Target, load_queries
from search.evaluation.matching import matches
from search.evaluation.measures import is_misled, judge
from search.results.hits import SearchHit
from search.retrieval.candidates import Candidate

TOUR = "/library/day 1/tour.mp4"


def hit(
    start_s: float, end_s: float, *, path: str = TOUR, rank: int = 1, duration_s: float = 60.0
) -> SearchHit:
    video = VideoRef(1, path, "tour", duration_s, True, None)
    scene = Candidate(rank, 1, start_s, end_s, {}, value=1.0, score=0.5)
    return SearchHit(rank, scene, False, video, start_s, end_s, ())


def target(start: float, end: float, file: str = "tour.mp4") -> Target:
    return Target(file=file, start=start, end=end)


def query(
    *targets: Target, match: Literal["any", "all"] = "any", must_not: Sequence[Target] = ()
) -> LabelledQuery:
    return LabelledQuery(
        id="q1", query="drilling", targets=list(targets), match=match, must_not=list(must_not)
    )


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (10, 20, True),  # the same
        (12, 14, True),  # inside
        (16, 26, False),  # 4 s of 10 s
        (14, 24, True),  # 6 s of 10 s
        (15, 25, False),  # half is not more than half
        (5, 25, True),  # around
        (19, 20.5, True),  # 1 s of the hit's 1.5 s
        (30, 40, False),
    ],
)
def test_a_hit_is_right_when_it_overlaps_more_than_half_of_the_shorter(
    start_s: float, end_s: float, expected: bool
) -> None:
    assert matches(hit(start_s, end_s), target(10, 20), 0.0) is expected


def test_the_tolerance_widens_the_target_at_both_ends() -> None:
    for just_beside in (hit(8, 10), hit(20, 22)):
        assert not matches(just_beside, target(10, 20), 0.5)
        assert not matches(just_beside, target(10, 20), 1.0)
        assert matches(just_beside, target(10, 20), 1.1)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("tour.mp4", True),
        ("day 1/tour.mp4", True),
        (TOUR, True),
        ("1/tour.mp4", False),
        ("our.mp4", False),
        ("tour", False),
        ("day 2/tour.mp4", False),
        ("TOUR.mp4", False),
    ],
)
def test_a_file_is_named_by_the_end_of_its_path_in_whole_names(file: str, expected: bool) -> None:
    assert matches(hit(10, 20), target(10, 20, file), 0.0) is expected


def test_a_file_whose_name_ends_alike_is_another_file() -> None:
    assert not matches(hit(10, 20, path="/library/xtour.mp4"), target(10, 20), 0.0)


def test_the_whole_of_a_long_video_is_not_right() -> None:
    whole = hit(0, 3600, duration_s=3600.0)
    assert not matches(whole, target(100, 110), 0.5)


def test_the_whole_of_a_video_is_right_where_the_target_is_all_of_it() -> None:
    assert matches(hit(0, 8, duration_s=8.0), target(0, 8), 0.5)


def test_any_target_will_do_and_counts_once() -> None:
    hits = [hit(0, 5, rank=1), hit(30, 40, rank=2), hit(10, 20, rank=3)]
    qrel, run = judge(query(target(10, 20), target(30, 40)), hits, 0.0)
    assert qrel == {"target": 1}
    measured = calc_aggregate((Success @ 1, R @ 5, nDCG @ 10), {"q": qrel}, {"q": run})
    assert measured[Success @ 1] == 0
    assert measured[R @ 5] == 1
    assert measured[nDCG @ 10] == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(1 + 2)


def test_all_targets_have_to_be_found() -> None:
    hits = [hit(30, 40, rank=1), hit(50, 55, rank=2), hit(11, 19, rank=3)]
    both = query(target(10, 20), target(30, 40), match="all")
    qrel, run = judge(both, hits, 0.0)
    measured = calc_aggregate((Success @ 1, R @ 1, R @ 5), {"q": qrel}, {"q": run})
    assert (measured[Success @ 1], measured[R @ 1], measured[R @ 5]) == (1, 0.5, 1)


def test_one_hit_is_not_two_targets() -> None:
    both = query(target(10, 20), target(10, 20), match="all")
    qrel, run = judge(both, [hit(10, 20)], 0.0)
    assert calc_aggregate((R @ 10,), {"q": qrel}, {"q": run})[R @ 10] == 0.5


def test_a_query_without_hits_has_found_nothing() -> None:
    qrel, run = judge(query(target(10, 20)), [], 0.5)
    assert (qrel, run) == ({"target": 1}, {})


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([10, 30], False),  # right, then wrong
        ([50, 10, 30], False),  # of no account, right, wrong
        ([30, 10], True),
        ([50, 30, 10], True),
        ([50, 30], True),  # no right one at all
        ([50, 70], False),
        ([], False),
    ],
)
def test_a_query_is_misled_by_a_wrong_answer_above_the_first_right_one(
    starts: list[int], expected: bool
) -> None:
    tempting = query(target(10, 20), must_not=[target(30, 40)])
    hits = [hit(start, start + 10, rank=rank) for rank, start in enumerate(starts, start=1)]
    assert is_misled(tempting, hits, 0.0) is expected
    assert not is_misled(query(target(10, 20)), hits, 0.0), "nothing is wrong that is not named"


def test_the_first_of_several_right_answers_is_enough_not_to_be_misled() -> None:
    both = query(target(10, 20), target(50, 60), match="all", must_not=[target(30, 40)])
    assert not is_misled(both, [hit(50, 60), hit(30, 40, rank=2), hit(10, 20, rank=3)], 0.0)


def test_an_answer_that_is_right_misleads_nobody() -> None:
    assert not is_misled(query(target(10, 20), must_not=[target(15, 25)]), [hit(14, 21)], 0.0)


def saved(folder: Path, document: object) -> Path:
    path = folder / "queries.json"
    path.write_text(json.dumps(document))
    return path


LABELLED = {"id": "q1", "query": "drill", "targets": [{"file": "a.mp4", "start": 0, "end": 1}]}


def test_labelled_queries_are_read_with_what_is_left_out_filled_in(tmp_path: Path) -> None:
    labelled = {**LABELLED, "modality": "speech", "difficulty": "easy"}
    path = saved(
        tmp_path,
        {
            "set": "dev",
            "how_to_score": {"hit": "…", "tolerance_s": {"speech": 1.5}},
            "queries": [labelled],
            "negatives": [{"id": "n1", "query": "an elephant"}],
        },
    )
    queries = load_queries(path)
    assert queries.queries[0].match == "any"
    assert queries.queries[0].must_not == []
    assert queries.tolerance_s("speech") == 1.5
    assert queries.tolerance_s("visual") == 0.5
    assert queries.negatives[0].query == "an elephant"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b'{"queries": [{"id": "q1", "query": "x"}]}', "queries.0.targets: Field required"),
        (
            b'{"queries": [{"id": "q1", "query": "x", "targets": [{"file": "a", "start": "b"}]}]}',
            "queries.0.targets.0.start",
        ),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "queries.json"
    path.write_bytes(content)
    with pytest.raises(QueryFileInvalid, match=said) as raised:
        load_queries(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "document",
    [
        {"queries": []},
        {"queries": [{**LABELLED, "query": ""}]},
        {"queries": [{**LABELLED, "targets": []}]},
        {"queries": [{**LABELLED, "match": "some"}]},
        {"queries": [{**LABELLED, "must_not": [{"file": "a.mp4"}]}]},
        {"queries": [LABELLED, LABELLED]},
        {"queries": [LABELLED], "how_to_score": {"tolerance_s": "1"}},
        {"queries": [LABELLED], "how_to_score": {"tolerance_s": {"any": "much"}}},
    ],
    ids=[
        "no queries",
        "empty query",
        "no targets",
        "unknown match",
        "must_not without times",
        "same id",
        "no tolerances",
        "no number",
    ],
)
def test_queries_that_cannot_be_measured_are_refused(tmp_path: Path, document: object) -> None:
    with pytest.raises(QueryFileInvalid):
        load_queries(saved(tmp_path, document))


def test_a_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(QueryFileInvalid, match=r"nowhere\.json cannot be read: No such file"):
        load_queries(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the query is empty"),
        (" \u3000\n", "the query is empty"),
        ("x" * 1001, "the query is longer than 1000 characters"),
        ("a\x00b", "the query contains a null character"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("kind", ["queries", "negatives"])
def test_a_query_that_no_search_would_take_is_refused_by_its_id(
    tmp_path: Path, kind: str, text: str, said: str
) -> None:
    document = {"queries": [LABELLED], "negatives": []}
    document[kind] = [*document[kind], {**LABELLED, "id": "no-such\x1b", "query": text}]
    with pytest.raises(QueryFileInvalid) as raised:
        load_queries(saved(tmp_path, document))
    assert f"query 'no-such\\x1b': {said}" in str(raised.value)
