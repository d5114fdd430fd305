"""Chains of scenes: the best for each last scene, as trying all of them would find."""

import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.retrieval.candidates import Candidate
from search.sequences import Chain, best_chains

scenes = st.tuples(st.integers(1, 2), st.integers(0, 9), st.integers(1, 8))
"""(video, start, length), in quarters of a second, so that sums are exact."""
steps = st.lists(
    st.lists(st.tuples(scenes, st.integers(-8, 0)), max_size=5, unique_by=lambda one: one[0]),
    min_size=2,
    max_size=4,
)


def choice(video: int, start_s: float, end_s: float, log_score: float = -1.0) -> Candidate:
    """A scene whose id follows from its place."""
    scene_id = round(1_000_000 * video + 4000 * start_s + 4 * end_s)
    return Candidate(scene_id, video, start_s, end_s, {}, score=math.exp(log_score))


def log(scenes: Sequence[Candidate]) -> float:
    """What a chain of these scores."""
    return sum(math.log(one.score) for one in scenes)


def spans(chain: Chain) -> list[tuple[float, float]]:
    return [(scene.start_s, scene.end_s) for scene in chain.scenes]


def made(drawn: list[list[tuple[tuple[int, int, int], int]]]) -> list[list[Candidate]]:
    return [
        [
            choice(v, start / 4, (start + length) / 4, score / 4)
            for (v, start, length), score in step
        ]
        for step in drawn
    ]


def allowed(chain: tuple[Candidate, ...], within_s: float) -> bool:
    """As the documentation has it: in one video, each step begins after the one before begins and
    at most so long after it ends."""
    return len({scene.video_id for scene in chain}) == 1 and all(
        a.start_s < b.start_s <= a.end_s + within_s for a, b in itertools.pairwise(chain)
    )


def is_weak(chain: tuple[Candidate, ...]) -> bool:
    return any(one.score < 0.4 for one in chain)


@given(steps, st.integers(0, 12))
@example(
    [
        [((1, 0, 1), -3), ((1, 1, 1), -4)],
        [((1, 2, 1), -3), ((1, 3, 1), 0)],
        [((1, 4, 1), -4)],
    ],
    1,
)
def test_for_each_last_scene_the_best_chain_of_all_is_found(
    drawn: list[list[tuple[tuple[int, int, int], int]]], quarters: int
) -> None:
    choices, within_s = made(drawn), quarters / 4
    best: dict[int, tuple[bool, float]] = {}
    for chain in itertools.product(*choices):
        if allowed(chain, within_s):
            last = chain[-1].scene_id
            place = is_weak(chain), -log(chain)
            best[last] = min(best.get(last, place), place)
    found = best_chains(choices, within_s)
    places = {c.scenes[-1].scene_id: (c.weak, -c.log_score) for c in found}
    assert places == best
    assert len(found) == len(best), "each last scene once"
    assert list(places.values()) == sorted(best.values())
    for best_chain in found:
        assert len(best_chain.scenes) == len(choices)
        assert allowed(best_chain.scenes, within_s)
        assert best_chain.weak is is_weak(best_chain.scenes)
        assert best_chain.log_score == log(best_chain.scenes)


@given(steps, st.integers(0, 12))
def test_the_order_in_which_scenes_come_does_not_matter(
    drawn: list[list[tuple[tuple[int, int, int], int]]], quarters: int
) -> None:
    choices = made(drawn)
    turned = [step[::-1] for step in choices]
    assert best_chains(turned, quarters / 4) == best_chains(choices, quarters / 4)


def test_a_step_follows_only_what_begins_before_it() -> None:
    early, late = choice(1, 0, 5), choice(1, 5, 10)
    assert [spans(chain) for chain in best_chains([[early], [late]], 0)] == [[(0, 5), (5, 10)]]
    assert best_chains([[late], [early]], 100) == []
    assert best_chains([[early], [early]], 100) == [], "a scene does not follow itself"


@pytest.mark.parametrize(("within_s", "found"), [(0, False), (4.75, False), (5, True), (60, True)])
def test_within_counts_from_the_end_of_the_step_before(within_s: float, found: bool) -> None:
    chains = best_chains([[choice(1, 0, 5)], [choice(1, 10, 12)]], within_s)
    assert bool(chains) is found


def test_steps_of_two_videos_are_no_sequence() -> None:
    assert best_chains([[choice(1, 0, 5)], [choice(2, 5, 10)]], 100) == []


def test_the_surer_chain_comes_first_and_the_surer_way_is_taken() -> None:
    first, unsure = choice(1, 0, 5, -0.1), choice(1, 2, 6, -3.0)
    near, far = choice(1, 6, 8, -2.0), choice(1, 20, 30, -0.5)
    chains = best_chains([[unsure, first], [near, far]], 60)
    assert [spans(chain) for chain in chains] == [[(0, 5), (20, 30)], [(0, 5), (6, 8)]]
    assert [chain.log_score for chain in chains] == pytest.approx([-0.6, -2.1])


def test_a_chain_with_a_weak_step_comes_after_those_without() -> None:
    sure, weak = choice(1, 0, 5, math.log(0.95)), choice(1, 6, 8, math.log(0.39))
    fair, other = choice(2, 0, 5, math.log(0.55)), choice(2, 6, 8, math.log(0.55))
    first, last = best_chains([[sure, fair], [weak, other]], 60)
    assert (first.scenes, first.weak) == ((fair, other), False)
    assert (last.scenes, last.weak) == ((sure, weak), True)
    assert first.log_score < last.log_score


def test_a_sure_beginning_does_not_win_where_the_end_is_weak_in_any_case() -> None:
    sure, weak = choice(1, 0, 1, -0.75), choice(1, 1, 2, -1.0)
    after_sure, after_weak = choice(1, 2, 3, -0.75), choice(1, 3, 4, 0.0)
    last = choice(1, 4, 5, -1.0)
    (chain,) = best_chains([[sure, weak], [after_sure, after_weak], [last]], 1)
    assert chain.scenes == (weak, after_weak, last)
    assert chain.log_score == pytest.approx(-2.0), "through the sure ones: -2.5"


def test_thousands_of_scenes_of_one_video_are_joined_in_no_time() -> None:
    step = [choice(1, place, place + 1, -0.1 - place % 7 / 10) for place in range(3000)]
    chains = best_chains([step] * 4, 60)
    assert len(chains) == 2997, "each scene but the first three may be the last"
    assert chains[0].log_score == pytest.approx(-0.4)


def test_three_steps_are_joined_through_the_only_way() -> None:
    ways = [[choice(1, 0, 2)], [choice(1, 3, 4), choice(1, 30, 31, 0.0)], [choice(1, 5, 6)]]
    (chain,) = best_chains(ways, 1)
    assert spans(chain) == [(0, 2), (3, 4), (5, 6)]


def test_a_step_that_nothing_is_found_for_leaves_no_chain() -> None:
    assert best_chains([[choice(1, 0, 2)], []], 10) == []
