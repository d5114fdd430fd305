"""Every form of a query over HTTP, on the sample film; its script is in sample/README.md."""

import math
import operator
import string
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.ranking.confidence import CONSTANT, MISSING, MOST_SURE, PER_FEATURE, Confidence
from tests.helpers.fixtures import Ingested
from tests.helpers.http import answered, assert_problem, search, serving, starts

CAT, COFFEE, SLIDE, CAMERA, HELMET, ROCKET = 0, 7, 14, 21, 28, 34
NATS = 5e-3
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def client(ingested: Ingested) -> Iterator[httpx.Client]:
    with serving(ingested.settings) as server:
        yield server.client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"stock prices"', {COFFEE}),
        ("“interest rates”", {COFFEE}),
        ('"prices stock"', set()),
        ('"two hours late" "assembly point"', {SLIDE}),
        ('"stock prices" "two hours late"', set()),
        ('"extension 318"', {SLIDE}),
        ("drilling -granite", {COFFEE, SLIDE, CAMERA, HELMET, ROCKET}),
        ('drilling -"solid granite" -potatoes', {COFFEE, SLIDE, CAMERA, HELMET}),
        ('drilling -"granite solid"', {CAT, COFFEE, SLIDE, CAMERA, HELMET, ROCKET}),
        ('"train" -ladder', set()),
        ("well-known drilling - granite", {CAT, COFFEE, SLIDE, CAMERA, HELMET, ROCKET}),
        ('a 15" drill', {CAT, COFFEE, SLIDE, CAMERA, HELMET, ROCKET}),
        ('"DRILLED"', {CAT}),
        ("drill -PRICE", {CAT, SLIDE, CAMERA, HELMET, ROCKET}),
    ],
)
def test_phrases_must_be_said_or_written_and_excluded_words_must_not(
    client: httpx.Client, query: str, found: set[int]
) -> None:
    assert set(starts(search(client, query))) == found


@pytest.mark.parametrize(
    ("query", "scene", "matched"),
    [
        ("drilled", CAT, {"drill"}),
        ("symphonies", CAMERA, {"symphoni"}),
        ("torque limit 42 Nm", SLIDE, {"torqu", "limit", "42", "nm"}),
        ("extension 318", SLIDE, {"extens", "318"}),
        ("Monday", SLIDE, {"monday"}),
    ],
)
def test_words_names_and_numbers_match_in_every_form(
    client: httpx.Client, query: str, scene: int, matched: set[str]
) -> None:
    best = search(client, query, explain=True)["results"][0]
    legs = {leg["leg"]: leg for leg in best["explain"]["legs"]}
    assert round(best["scene"]["start_s"]) == scene
    assert set(legs["full-text"]["matched_words"]) == matched
    assert legs["full-text"]["raw"] == pytest.approx(1)


@pytest.mark.parametrize("query", ["-drilling", '-"stock prices"', '"?!"', 'drilling -"?!"'])
def test_a_query_that_asks_for_nothing_that_is_looked_up_is_422(
    client: httpx.Client, query: str
) -> None:
    assert_problem(client.get("/search/quick", params={"q": query}), 422)
    assert_problem(client.post("/search/multimodal", json={"query": query}), 422)
    steps = [{"query": query}, {"query": "a cat"}]
    assert_problem(client.post("/search/sequence", json={"steps": steps}), 422)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(
    ["drilling", '"', "-", " ", '"stock prices"', "-granite", "“", "„", "'", "train", "\\"]
), min_size=1, max_size=9).map("".join))  # fmt: skip
def test_whatever_quotes_and_hyphens_are_typed_it_is_answered_or_refused(
    client: httpx.Client, query: str
) -> None:
    answer = client.post("/search/multimodal", json={"query": query})
    assert answer.status_code == 200 or assert_problem(answer, 422)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("someone says drilling", 0.85),
        ('"stock prices"', 0.85),
        ("torque limit 42 Nm", 0.85),
        ("a cup of coffee", 0.15),
        ("drilling", 0.5),
        ("a sign saying exit", 0.5),
    ],
)
def test_the_mode_auto_says_which_weights_it_chose(
    client: httpx.Client, query: str, text: float
) -> None:
    answer = search(client, query, mode="auto")
    assert answer["mode"] == "auto"
    assert answer["weights"] == pytest.approx({"text": text, "vision": 1 - text})
    quick = client.get("/search/multimodal/quick", params={"q": query, "mode": "auto"})
    assert answered(quick)["results"] == answer["results"]


@pytest.mark.parametrize("fusion", ["evidence", "sum", "convex", "rrf", "raw"])
def test_every_fusion_ranks_and_says_how(client: httpx.Client, fusion: str) -> None:
    answer = search(client, "torque limit 42 Nm", fusion=fusion, explain=True)
    assert starts(answer)[0] == SLIDE
    assert answer["explain"]["fusion"] == fusion
    calibrated = fusion in ("evidence", "sum")
    assert (answer["explain"]["confidence"] is not None) is calibrated
    best = answer["results"][0]["explain"]
    nats = best["nats"]
    expected = {
        "evidence": math.log(0.5 * math.exp(nats["text"]) + 0.5 * math.exp(nats["vision"])),
        "sum": 0.5 * sum(nats.values()),
        "convex": 0.5 * sum(1 - math.exp(-n / 6) for n in nats.values()),
        "rrf": sum(0.5 / (60 + leg["rank"]) for leg in best["legs"] if leg["raw"] > 0),
        "raw": sum(0.5 * leg["raw"] for leg in best["legs"] if leg["leg"] != "full-text"),
    }
    assert best["value"] == pytest.approx(expected[fusion])


@pytest.mark.parametrize(("fusion", "sort"), [("convex", "date"), ("rrf", "time"), ("raw", "time")])
def test_where_nobody_knows_what_is_weak_nothing_is_left_out_as_weak(
    client: httpx.Client, fusion: str, sort: str
) -> None:
    assert len(search(client, "drilling", fusion=fusion, sort=sort)["results"]) == 6


def test_a_query_that_nothing_answers_says_so(client: httpx.Client) -> None:
    for query in ("quantum chromodynamics", "a zebra in a bathtub"):
        answer = search(client, query)
        assert answer["confident"] is False
        assert answer["results"], "the nearest are shown all the same"
        assert all(hit["weak"] for hit in answer["results"])
        assert search(client, query, min_score=0.4)["results"] == []
        assert search(client, query, sort="time")["results"] == []


def test_a_confident_answer_marks_its_weak_hits_and_min_score_leaves_them_out(
    client: httpx.Client,
) -> None:
    answer = search(client, "drilling")
    assert answer["confident"] is True
    assert [hit["weak"] for hit in answer["results"]] == [False] + 5 * [True]
    assert all((hit["score"] < 0.4) is hit["weak"] for hit in answer["results"])
    sure = search(client, "drilling", min_score=0.4)
    assert (starts(sure), sure["total"], sure["confident"]) == ([CAT], 1, True)


def replayed(leg: Answer, rarity: float) -> float:
    """The evidence of a leg, by what docs/ranking.md says of it."""
    if leg["null"] is None:
        return float(max(3 * leg["raw"] ** 2, rarity * leg["raw"] ** 6))
    z = (leg["raw"] - leg["null"]["mean"]) / leg["null"]["std"]
    return -math.log(0.5 * math.erfc(z / math.sqrt(2)))


def fitted(confidence: Confidence) -> float:
    """How sure it is as a logit, by what docs/ranking.md says."""
    return min(CONSTANT + sum(map(operator.mul, PER_FEATURE, confidence.features)), MOST_SURE)


@pytest.mark.parametrize("mode", ["balanced", "vision_heavy", "auto"])
@pytest.mark.parametrize("query", ["drilling in granite", "torque limit 42 Nm", "a zebra", "a cat"])
def test_every_score_can_be_computed_again_from_the_explanation(
    client: httpx.Client, query: str, mode: str
) -> None:
    answer = search(client, query, mode=mode, explain=True)
    told, rarity = answer["explain"]["confidence"], answer["explain"]["words"]["rarity"]
    confidence = Confidence(**{k: v for k, v in told.items() if k != "by_chance"})
    logit = fitted(confidence)
    logit = max(logit, 0.0) if told["whole"] else logit
    before = 1.0
    for hit in answer["results"]:
        spaces: dict[str, list[float]] = {"text": [], "vision": []}
        words = {"text": 0.0, "vision": 0.0}
        coverage = 0.0
        for leg in hit["explain"]["legs"]:
            own = replayed(leg, rarity)
            assert leg["nats"] == pytest.approx(own, abs=NATS)
            assert leg["score"] == pytest.approx(1 - math.exp(-leg["nats"] / 6))
            assert leg["weight"] == pytest.approx(answer["weights"][leg["modality"]], abs=1e-4)
            spaces[leg["modality"]] += [own] if leg["null"] else []
            words[leg["modality"]] += 0 if leg["null"] else own
            coverage = leg["raw"] if leg["leg"] == "full-text" else coverage
        by = {m: 0.9 * max(n) + 0.1 * sum(n) + words[m] for m, n in spaces.items() if n}
        missing = math.log(2)
        value = math.log(
            sum(w * math.exp(by.get(m, missing)) for m, w in answer["weights"].items())
        )
        assert hit["explain"]["value"] == pytest.approx(value, abs=NATS)
        text, vision = (by[m] - told["luck"] if m in by else MISSING for m in ("text", "vision"))
        alone = fitted(replace(confidence, text=text, vision=vision, coverage=coverage))
        own = min(logit, max(alone, logit - 0.9 * (told["top"] - value)))
        before = min(before, 1 / (1 + math.exp(-own)))
        assert hit["score"] == pytest.approx(before, abs=1e-3)
    assert told["top"] == answer["results"][0]["explain"]["value"]
    assert told["rarity"] == rarity
    best = max(told["text"], told["vision"])
    assert told["by_chance"] == pytest.approx(1 - math.exp(-math.exp(-best)))


def test_the_part_of_the_words_that_match_follows_from_their_weights(client: httpx.Client) -> None:
    answer = search(client, "granite orchestra symphony zeppelin", explain=True)
    weights = {term["lexeme"]: term["weight"] for term in answer["explain"]["words"]["terms"]}
    seen = 0
    for hit in answer["results"]:
        for leg in hit["explain"]["legs"]:
            if leg["leg"] == "full-text":
                share = sum(weights[w] for w in leg["matched_words"]) / sum(weights.values())
                assert leg["raw"] == pytest.approx(share)
                seen += bool(share)
    assert seen == 2


def test_an_explanation_says_where_on_the_slide_the_words_stand(client: httpx.Client) -> None:
    answer = search(client, "site safety checklist", explain=True, limit=1)
    legs = {leg["leg"]: leg for leg in answer["results"][0]["explain"]["legs"]}
    boxes = {box["text"]: box["box"] for box in legs["full-text"]["boxes"]}
    left, top, right, bottom = boxes["Site Safety Checklist"]
    assert 0 < left < right < 1
    assert 0 < top < bottom < boxes["Torque limit: 42 Nm"][3] < 1
    assert len(boxes) == 5


def test_an_explanation_names_models_scan_and_the_query_as_it_was_read(
    client: httpx.Client,
) -> None:
    answer = search(client, 'a cat "drilling" -coffee', explain=True, limit=1)
    told = answer["explain"]
    assert (told["scan"], told["depth"], told["candidates"]) == ("exact", 60, 1)
    assert search(client, "a cat", explain=True)["explain"]["scan"] == "hnsw"
    assert told["words"]["meaning"] == "a cat drilling"
    assert (told["words"]["phrases"], told["words"]["excluded"]) == (["drilling"], ["coffee"])
    legs = {leg["leg"]: leg for leg in answer["results"][0]["explain"]["legs"]}
    assert set(legs) == {"minilm-l6", "imagenet-concepts", "full-text"}
    assert legs["minilm-l6"]["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert all(legs[key]["revision"] for key in ("minilm-l6", "imagenet-concepts"))
    assert legs["full-text"]["model"] is None
    assert client.get(legs["imagenet-concepts"]["keyframe_url"]).status_code == 200
    assert "explain" not in search(client, "a cat")


@pytest.mark.parametrize("form", ['"{}"', "-{}", "{}"])
def test_a_query_full_of_words_is_answered_or_refused_at_once(
    client: httpx.Client, form: str
) -> None:
    pieces = [form.format(f"{a}{b}") for a in string.ascii_lowercase for b in string.digits]
    query = " ".join(["cat", *pieces])[:990].rsplit(" ", 1)[0]
    started = time.monotonic()
    answer = client.post("/search/multimodal", json={"query": query})
    assert answer.status_code == 200 or assert_problem(answer, 422)
    assert time.monotonic() - started < 5
