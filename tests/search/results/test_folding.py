"""Scenes that look nearly the same, folded: as their definition says, and quickly."""

import sys
from collections.abc import Mapping, Sequence
from types import FrameType

from hypothesis import given
from hypothesis import strategies as st

from search.query.query import Shape
from search.results.cursors import Cursor
from search.results.pages import cut_page
from search.retrieval.candidates import Candidate

BITS = 4
hashes = st.sampled_from([0, -1, 0b1111, 0b11111, 1 << 40, 2**63 - 1]) | st.integers(
    -(2**63), 2**63 - 1
)


class Looks:
    """Reads the looks of scenes."""

    def __init__(self, looks: Mapping[int, Sequence[int]]) -> None:
        self._looks = looks

    def looks(self, _ids: object) -> Mapping[int, Sequence[int]]:
        return {scene: own for scene, own in self._looks.items() if own}


def folded(looks: Mapping[int, Sequence[int]]) -> list[tuple[int, ...]]:
    """Each scene that is shown, with those that are folded into it."""
    scenes = [Candidate(scene, 1, 0.0, 1.0, {}, value=-scene) for scene in looks]
    cursor = Cursor("0" * 16, 2000, 0, None, None)
    page = cut_page(scenes, Shape(fold=True), cursor, Looks(looks), None, 10_000)  # type: ignore[arg-type]
    return [(scene.scene_id, *scene.alike) for scene in page.scenes]


def one_by_one(looks: Mapping[int, Sequence[int]]) -> list[tuple[int, ...]]:
    kept: list[list[int]] = []
    for scene, own in looks.items():
        for group in kept:
            fewer, more = sorted((own, looks[group[0]]), key=len)
            if fewer and all(
                any(((a ^ b) & (2**64 - 1)).bit_count() <= BITS for b in more) for a in fewer
            ):
                group.append(scene)
                break
        else:
            kept.append([scene])
    return [tuple(group) for group in kept]


@given(st.lists(st.lists(hashes, max_size=4), max_size=20))
def test_a_scene_goes_into_the_first_one_that_looks_like_it(drawn: list[list[int]]) -> None:
    looks = dict(enumerate(drawn, start=1))
    assert folded(looks) == one_by_one(looks)


def num_calls(num: int) -> int:
    """The calls of Python functions and of C's for folding so many different looks."""
    looks = {n: [(n * 0x9E3779B97F4A7C15 & 2**63 - 1)] for n in range(1, num + 1)}
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        found = folded(looks)
    finally:
        sys.setprofile(None)
    assert len(found) > 0.95 * num
    return calls


def test_looks_are_compared_with_all_others_at_once() -> None:
    """One by one, twice as many would take four times as many calls."""
    assert num_calls(2000) < 2.5 * num_calls(1000)
