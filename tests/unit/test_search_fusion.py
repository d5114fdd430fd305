"""Rankings worked out by hand, and what holds for all of them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from database.legs import FULL_TEXT
from database.models import MomentKind
from embeddings.space import Modality
from search.fusion import (
    Fused,
    Fusion,
    reciprocal_rank,
    single_leg,
    weighted_evidence,
    weighted_raw,
)
from search.hit import Evidence
from search.query import MODES, Weights
from search.retrieve import Candidate

TEXT, VISION = "minilm-l6", "imagenet-concepts"
KINDS = {
    TEXT: MomentKind.SPEECH,
    FULL_TEXT: MomentKind.SPEECH,
    VISION: MomentKind.KEYFRAME,
}
BALANCED = MODES["balanced"]


def found(leg: str, nats: float = 1.0, *, raw: float = 0.5, rank: int = 1) -> Evidence:
    modality = Modality.VISION if leg == VISION else Modality.TEXT
    return Evidence(KINDS[leg], leg, modality, rank, raw, nats, 0.0, 1.0, None)


def scene(number: int, *evidence: Evidence) -> Candidate:
    """A scene of ten seconds of video 1, in the order of its number."""
    start_s = 10.0 * number
    return Candidate(number, start_s, start_s + 10, 1, {e.leg: e for e in evidence})


def order(ranking: list[Fused]) -> list[int]:
    return [fused.candidate.scene_id for fused in ranking]


SAID = scene(1, found(TEXT, 6.0), found(VISION, 0.0))
BOTH = scene(2, found(TEXT, 4.0), found(FULL_TEXT, 2.0), found(VISION, 2.0))
SHOWN = scene(3, found(VISION, 5.5))


def test_the_harmonic_mean_of_the_chances_decides() -> None:
    ranking = weighted_evidence([SAID, SHOWN, BOTH], BALANCED)
    assert order(ranking) == [2, 1, 3]
    chances = [(math.exp(-6), math.exp(-2)), (math.exp(-6), 1.0), (1.0, math.exp(-5.5))]
    nats = [-math.log(1 / (0.5 / text + 0.5 / vision)) for text, vision in chances]
    assert [fused.score for fused in ranking] == pytest.approx(
        [1 - math.exp(-value / 6) for value in nats]
    )


def test_a_mode_that_favours_vision_puts_first_what_is_shown() -> None:
    assert order(weighted_evidence([SAID, SHOWN, BOTH], MODES["vision_heavy"])) == [3, 2, 1]
    assert order(weighted_evidence([SAID, SHOWN, BOTH], MODES["text_heavy"])) == [2, 1, 3]


def test_scores_by_modality_are_those_that_a_scene_has() -> None:
    both, _said, shown = weighted_evidence([SAID, SHOWN, BOTH], BALANCED)
    assert both.scores == pytest.approx({"text": 1 - math.exp(-1), "vision": 1 - math.exp(-1 / 3)})
    assert shown.scores == pytest.approx({"vision": 1 - math.exp(-5.5 / 6)})


def test_a_missing_modality_weighs_the_same_as_one_without_evidence() -> None:
    silent = scene(1, found(VISION, 5.0))
    talking = scene(2, found(VISION, 5.0), found(TEXT, 0.0), found(FULL_TEXT, 0.0))
    first, second = weighted_evidence([silent, talking], BALANCED)
    assert first.score == second.score


def test_equal_scenes_come_in_the_order_of_time() -> None:
    twins = [scene(number, found(TEXT, 2.0)) for number in (3, 1, 2)]
    assert order(weighted_evidence(twins, BALANCED)) == [1, 2, 3]


nats_of = st.one_of(st.none(), st.integers(0, 40))
candidates = st.lists(st.tuples(nats_of, nats_of, nats_of), min_size=1, max_size=8).map(
    lambda rows: [
        scene(
            number,
            *(
                found(leg, float(nats), raw=nats / 40, rank=1 + number % 3)
                for leg, nats in zip((TEXT, FULL_TEXT, VISION), row, strict=True)
                if nats is not None
            ),
        )
        for number, row in enumerate(rows, start=1)
        if any(nats is not None for nats in row)
    ]
)
weights_of = st.tuples(st.integers(1, 20), st.integers(1, 20))
any_fusion = st.sampled_from(
    [weighted_evidence, weighted_raw, reciprocal_rank, single_leg(TEXT), single_leg(VISION)]
)


def ratio(text: int, vision: int) -> Weights:
    return Weights(text / (text + vision), vision / (text + vision))


def text_nats(candidate: Candidate) -> float:
    return sum(e.nats for leg, e in candidate.evidence.items() if leg != VISION)


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of)
def test_a_doubled_weight_never_lowers_the_best_scene_of_its_modality(
    found_scenes: list[Candidate], weights: tuple[int, int]
) -> None:
    if not found_scenes:
        return
    text, vision = weights
    best = max(found_scenes, key=text_nats).scene_id
    before = order(weighted_evidence(found_scenes, ratio(text, vision))).index(best)
    after = order(weighted_evidence(found_scenes, ratio(2 * text, vision))).index(best)
    assert after <= before


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of, any_fusion, st.randoms(use_true_random=False))
def test_a_ranking_does_not_depend_on_the_order_of_the_candidates(
    found_scenes: list[Candidate], weights: tuple[int, int], fusion: Fusion, random: object
) -> None:
    shuffled = list(found_scenes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fusion(shuffled, ratio(*weights)) == fusion(found_scenes, ratio(*weights))


def test_reciprocal_ranks_are_summed_over_the_legs_that_match() -> None:
    everywhere = scene(1, found(TEXT, rank=1), found(FULL_TEXT, rank=2), found(VISION, rank=3))
    unmatched = scene(2, found(TEXT, rank=2), found(FULL_TEXT, raw=0.0, rank=1))
    ranking = reciprocal_rank([unmatched, everywhere], MODES["text_heavy"])
    assert order(ranking) == [1, 2]
    assert ranking[0].score == pytest.approx(0.7 / 61 + 0.7 / 62 + 0.3 / 63)
    assert ranking[1].score == pytest.approx(0.7 / 62)


def test_raw_cosines_are_summed_without_the_matched_words() -> None:
    candidate = scene(1, found(TEXT, raw=0.4), found(FULL_TEXT, raw=1.0), found(VISION, raw=0.9))
    (fused,) = weighted_raw([candidate], MODES["vision_heavy"])
    assert fused.score == pytest.approx(0.3 * 0.4 + 0.7 * 0.9)


def test_a_single_leg_ranks_what_it_has_found_and_nothing_else() -> None:
    scenes = [
        scene(1, found(TEXT, raw=0.2), found(FULL_TEXT, raw=0.0)),
        scene(2, found(VISION, raw=0.9)),
        scene(3, found(TEXT, raw=0.7), found(FULL_TEXT, raw=0.5)),
    ]
    assert order(single_leg(TEXT)(scenes, BALANCED)) == [3, 1]
    assert order(single_leg(FULL_TEXT)(scenes, BALANCED)) == [3]
    assert order(single_leg(VISION)(scenes, BALANCED)) == [2]
