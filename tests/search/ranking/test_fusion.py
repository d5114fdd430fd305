"""Rankings worked out by hand, and what holds for all of them."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.space import Modality
from search.query.query import MODES, FusionName, Weights
from search.ranking.fusion import FUSIONS, modality_nats
from search.retrieval.candidates import Candidate
from tests.helpers.answers import ACTION, FULL_TEXT, TEXT, VISION, found, scene

BALANCED = MODES["balanced"]


def evidence(candidates: Sequence[Candidate], weights: Weights) -> list[Candidate]:
    return FUSIONS[FusionName.EVIDENCE].rank(candidates, weights)


def order(ranking: list[Candidate]) -> list[int]:
    return [fused.scene_id for fused in ranking]


SAID = scene(1, found(TEXT, 6.0), found(VISION, 0.0))
BOTH = scene(2, found(TEXT, 4.0), found(FULL_TEXT, 2.0), found(VISION, 2.0))
SHOWN = scene(3, found(VISION, 5.5))


def test_the_harmonic_mean_of_the_chances_decides() -> None:
    ranking = evidence([SAID, SHOWN, BOTH], BALANCED)
    assert order(ranking) == [2, 1, 3]
    chances = [(math.exp(-6), math.exp(-2)), (math.exp(-6), 1.0), (0.5, math.exp(-5.5))]
    nats = [-math.log(1 / (0.5 / text + 0.5 / vision)) for text, vision in chances]
    assert [fused.value for fused in ranking] == pytest.approx(nats)


def test_a_mode_that_favours_vision_puts_first_what_is_shown() -> None:
    assert order(evidence([SAID, SHOWN, BOTH], MODES["vision_heavy"])) == [3, 2, 1]
    assert order(evidence([SAID, SHOWN, BOTH], MODES["text_heavy"])) == [2, 1, 3]


def test_evidence_by_modality_is_that_which_a_scene_has() -> None:
    both, _said, shown = evidence([SAID, SHOWN, BOTH], BALANCED)
    assert both.nats == {"text": 6.0, "vision": 2.0}
    assert shown.nats == {"vision": 5.5}


def test_of_several_spaces_that_see_the_same_the_surest_speaks() -> None:
    sure = scene(1, found(VISION, 6.0), found(ACTION, 1.0), found(TEXT, 0.0))
    unsure = scene(2, found(VISION, 4.0), found(ACTION, 4.0), found(TEXT, 0.0))
    first, second = evidence([unsure, sure], BALANCED)
    assert first.nats[Modality.VISION] == pytest.approx(6.1)
    assert second.nats[Modality.VISION] == pytest.approx(4.4)


def test_where_two_scenes_are_equally_sure_more_spaces_that_agree_decide() -> None:
    alone = scene(1, found(VISION, 6.0), found(ACTION, 0.0))
    agreed = scene(2, found(VISION, 6.0), found(ACTION, 6.0))
    assert order(evidence([alone, agreed], BALANCED)) == [2, 1]


def test_a_missing_modality_weighs_as_much_as_the_middle_of_chance() -> None:
    silent = scene(1, found(VISION, 5.0))
    talking = scene(2, found(VISION, 5.0), found(TEXT, math.log(2)), found(FULL_TEXT, 0.0))
    first, second = evidence([silent, talking], BALANCED)
    assert first.value == second.value


def test_equal_scenes_come_in_the_order_of_time() -> None:
    twins = [scene(number, found(TEXT, 2.0)) for number in (3, 1, 2)]
    assert order(evidence(twins, BALANCED)) == [1, 2, 3]


LEGS = (TEXT, FULL_TEXT, VISION, ACTION)
nats_of = st.one_of(st.none(), st.integers(0, 40))
candidates = st.lists(st.tuples(nats_of, nats_of, nats_of, nats_of), min_size=1, max_size=8).map(
    lambda rows: [
        scene(
            number,
            *(
                found(leg, float(nats), raw=nats / 40, rank=1 + number % 3)
                for leg, nats in zip(LEGS, row, strict=True)
                if nats is not None
            ),
        )
        for number, row in enumerate(rows, start=1)
        if any(nats is not None for nats in row)
    ]
)
weights_of = st.tuples(st.integers(1, 20), st.integers(1, 20))
any_fusion = st.sampled_from(FusionName)


def ratio(text: int, vision: int) -> Weights:
    return Weights(text / (text + vision), vision / (text + vision))


def text_nats(candidate: Candidate) -> float:
    return modality_nats(candidate).get(Modality.TEXT, 0.0)


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of)
def test_a_doubled_weight_never_lowers_the_best_scene_of_its_modality(
    found_scenes: list[Candidate], weights: tuple[int, int]
) -> None:
    by_text = sorted(found_scenes, key=text_nats, reverse=True)
    if not by_text or (by_text[1:] and text_nats(by_text[0]) == text_nats(by_text[1])):
        return  # far from the rest, rounding may tie them, and then their ids decide
    text, vision = weights
    best = by_text[0].scene_id
    before = order(evidence(found_scenes, ratio(text, vision))).index(best)
    after = order(evidence(found_scenes, ratio(2 * text, vision))).index(best)
    assert after <= before


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of, any_fusion, st.randoms(use_true_random=False))
def test_a_ranking_does_not_depend_on_the_order_of_the_candidates(
    found_scenes: list[Candidate], weights: tuple[int, int], fusion: FusionName, random: object
) -> None:
    shuffled = list(found_scenes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    rank = FUSIONS[fusion].rank
    assert rank(shuffled, ratio(*weights)) == rank(found_scenes, ratio(*weights))


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of, st.permutations(LEGS))
def test_a_ranking_does_not_depend_on_the_order_of_the_legs(
    found_scenes: list[Candidate], weights: tuple[int, int], legs: list[str]
) -> None:
    turned = [
        one._replace(scores={leg: one.scores[leg] for leg in legs if leg in one.scores})
        for one in found_scenes
    ]
    for fusion in FUSIONS.values():
        before = order(fusion.rank(found_scenes, ratio(*weights)))
        assert order(fusion.rank(turned, ratio(*weights))) == before


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of)
def test_a_scene_that_matches_nothing_changes_no_order(
    found_scenes: list[Candidate], weights: tuple[int, int]
) -> None:
    idle = scene(99, *(found(leg, 0.0, raw=0.0, rank=9) for leg in LEGS))
    before = order(evidence(found_scenes, ratio(*weights)))
    after = order(evidence([idle, *found_scenes], ratio(*weights)))
    assert [number for number in after if number != 99] == before


@settings(deadline=None, max_examples=200)
@given(candidates, weights_of, st.floats(0, math.log(2)))
def test_a_missing_modality_is_never_a_penalty(
    found_scenes: list[Candidate], weights: tuple[int, int], chance: float
) -> None:
    """Against the same scene with speech that says no more than half of all unrelated speech."""
    for one in found_scenes:
        silent = one._replace(scores={leg: s for leg, s in one.scores.items() if leg == VISION})
        talking = one._replace(scores={**silent.scores, TEXT: found(TEXT, chance, raw=-0.1)})
        for fusion in (FusionName.EVIDENCE, FusionName.SUM, FusionName.CONVEX, FusionName.RRF):
            (without,) = FUSIONS[fusion].rank([silent], ratio(*weights))
            (having,) = FUSIONS[fusion].rank([talking], ratio(*weights))
            assert without.value >= having.value - 1e-12


def test_reciprocal_ranks_are_summed_over_the_legs_that_match() -> None:
    everywhere = scene(1, found(TEXT, rank=1), found(FULL_TEXT, rank=2), found(VISION, rank=3))
    unmatched = scene(2, found(TEXT, rank=2), found(FULL_TEXT, raw=0.0, rank=1))
    ranking = FUSIONS[FusionName.RRF].rank([unmatched, everywhere], MODES["text_heavy"])
    assert order(ranking) == [1, 2]
    assert ranking[0].value == pytest.approx(0.7 / 61 + 0.7 / 62 + 0.3 / 63)
    assert ranking[1].value == pytest.approx(0.7 / 62)


def test_raw_cosines_are_summed_without_the_matched_words() -> None:
    candidate = scene(1, found(TEXT, raw=0.4), found(FULL_TEXT, raw=1.0), found(VISION, raw=0.9))
    (fused,) = FUSIONS[FusionName.RAW].rank([candidate], MODES["vision_heavy"])
    assert fused.value == pytest.approx(0.3 * 0.4 + 0.7 * 0.9)


def test_evidence_is_summed_or_its_scores_are_as_they_are_named() -> None:
    (added,) = FUSIONS[FusionName.SUM].rank([BOTH], MODES["text_heavy"])
    assert added.value == pytest.approx(0.7 * 6 + 0.3 * 2)
    (convex,) = FUSIONS[FusionName.CONVEX].rank([BOTH], MODES["text_heavy"])
    assert convex.value == pytest.approx(0.7 * (1 - math.exp(-1)) + 0.3 * (1 - math.exp(-1 / 3)))
