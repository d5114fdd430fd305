"""Many items: queued, in batches, of mixed kinds; and what the monitor says of numbers."""

import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from embeddings.embedders import ImageEmbedder, TextEmbedder
from embeddings.encoder import Vectors
from embeddings.errors import PictureUnreadable, UnknownSpace, WeightsMissing
from embeddings.pipeline import (
    BatchEmbedder,
    EmbeddingMonitor,
    EmbeddingPipeline,
    EmbeddingRegistry,
    ItemOutcome,
)
from tests.helpers.media import drawn
from tests.helpers.own_models import use_models

HALF_A_CHARACTER = "\ud800"


def vector_of(outcome: ItemOutcome) -> Vectors:
    assert outcome.vector is not None
    return outcome.vector


@pytest.fixture(autouse=True)
def _bundled(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    use_models(monkeypatch, models)


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_a_queue_gives_the_vectors_of_its_items_in_their_order(batch_size: int) -> None:
    texts = [f"{number} rocks" for number in range(7)]
    batches = BatchEmbedder(TextEmbedder(), batch_size)
    for text in texts:
        batches.add_to_queue(text)
    outcomes = batches.process_queue()
    assert [outcome.position for outcome in outcomes] == list(range(7))
    assert {(outcome.space, outcome.error) for outcome in outcomes} == {("minilm-l6", None)}
    vectors = np.stack([vector_of(outcome) for outcome in outcomes])
    np.testing.assert_allclose(vectors, TextEmbedder().encode(texts), atol=1e-5)


def test_a_queue_is_empty_after_it_was_processed() -> None:
    batches = BatchEmbedder(TextEmbedder())
    assert batches.process_queue() == []
    batches.add_to_queue("granite")
    assert len(batches.process_queue()) == 1
    assert batches.process_queue() == []


@pytest.mark.parametrize("bad", [{0}, {6}, {2, 3}, set(range(7))])
def test_items_that_cannot_be_embedded_fail_alone(bad: set[int]) -> None:
    batches = BatchEmbedder(TextEmbedder(), batch_size=4)
    texts = [HALF_A_CHARACTER if i in bad else f"{i} rocks" for i in range(7)]
    for text in texts:
        batches.add_to_queue(text)
    outcomes = batches.process_queue()
    assert [outcome.position for outcome in outcomes] == list(range(7))
    assert {o.position for o in outcomes if o.vector is None} == bad
    assert {o.position for o in outcomes if o.error is not None} == bad
    for outcome in outcomes:
        if outcome.vector is not None:
            expected = TextEmbedder().encode_single(texts[outcome.position])
            np.testing.assert_allclose(outcome.vector, expected, atol=1e-5)
    assert batches.process_queue() == []


def test_without_the_model_the_queue_is_kept() -> None:
    batches = BatchEmbedder(TextEmbedder("bge-m3"))
    batches.add_to_queue("granite")
    for _again in range(2):
        with pytest.raises(WeightsMissing):
            batches.process_queue()


def test_a_batch_has_at_least_one_item() -> None:
    with pytest.raises(ValueError, match="at least one"):
        BatchEmbedder(TextEmbedder(), batch_size=0)


def test_texts_and_pictures_go_through_the_embedder_of_their_kind() -> None:
    image = drawn(1, (64, 36))
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, "PNG")
    pipeline = EmbeddingPipeline(batch_size=2)
    outcomes = pipeline.process(["granite", image, "a cat", b"no picture", file.getvalue()])
    assert [o.position for o in outcomes] == [0, 1, 2, 3, 4]
    text, shown = "minilm-l6", "imagenet-concepts"
    assert [o.space for o in outcomes] == [text, shown, text, shown, shown]
    assert isinstance(outcomes[3].error, PictureUnreadable)
    assert str(outcomes[3].error).startswith("this is no picture")
    picture, granite = ImageEmbedder().encode_single(image), TextEmbedder().encode_single("granite")
    for outcome, expected in ((outcomes[0], granite), (outcomes[1], picture)):
        np.testing.assert_allclose(vector_of(outcome), expected, atol=1e-5)
    np.testing.assert_allclose(vector_of(outcomes[4]), picture, atol=1e-5)


def test_a_pipeline_tells_its_monitor_how_many_there_were_and_how_long_they_took() -> None:
    monitor = EmbeddingMonitor()
    pipeline = EmbeddingPipeline(monitor=monitor)
    pipeline.process(["granite", "a cat", HALF_A_CHARACTER])
    pipeline.process(["drilling"])
    assert monitor.get_statistics("text_items") == {
        "mean": 2,
        "std": 1,
        "min": 1,
        "max": 3,
        "count": 2,
    }
    assert monitor.get_statistics("text_failures")["max"] == 1
    assert monitor.get_statistics("text_seconds")["min"] > 0
    with pytest.raises(KeyError, match="image_items"):
        monitor.get_statistics("image_items")


def test_no_items_have_no_outcomes() -> None:
    assert EmbeddingPipeline().process([]) == []


values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(values)
def test_statistics_are_those_of_all_values(recorded: list[float]) -> None:
    monitor = EmbeddingMonitor()
    for value in recorded:
        monitor.record_metric("seconds", value)
    found = monitor.get_statistics("seconds")
    assert found["mean"] == pytest.approx(np.mean(recorded), rel=1e-9, abs=1e-6)
    assert found["std"] == pytest.approx(np.std(recorded), rel=1e-6, abs=1e-4)
    assert (found["min"], found["max"]) == (min(recorded), max(recorded))
    assert found["count"] == len(recorded)


def test_a_small_spread_far_from_zero_is_measured() -> None:
    monitor = EmbeddingMonitor()
    for value in (1e9, 1e9 + 1, 1e9 + 2):
        monitor.record_metric("stamp", value)
    assert monitor.get_statistics("stamp")["std"] == pytest.approx(math.sqrt(2 / 3))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_refused_and_changes_nothing(value: float) -> None:
    monitor = EmbeddingMonitor()
    monitor.record_metric("seconds", 1.0)
    with pytest.raises(ValueError, match="seconds cannot be"):
        monitor.record_metric("seconds", value)
    assert monitor.get_statistics("seconds")["count"] == 1


def test_a_metric_that_nobody_recorded_is_named_with_those_that_there_are() -> None:
    monitor = EmbeddingMonitor()
    monitor.record_metric("seconds", 1.0)
    with pytest.raises(KeyError, match=r"no metric 'hours'; there are: seconds"):
        monitor.get_statistics("hours")


def test_no_value_of_several_threads_is_lost() -> None:
    monitor = EmbeddingMonitor()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda value: monitor.record_metric("n", value), range(4000)))
    found = monitor.get_statistics("n")
    assert (found["count"], found["min"], found["max"]) == (4000, 0, 3999)
    assert found["mean"] == pytest.approx(1999.5)


def test_an_embedder_is_found_by_its_name() -> None:
    registry, texts, images = EmbeddingRegistry(), TextEmbedder(), ImageEmbedder()
    registry.register_embedder("texts", texts)
    registry.register_embedder("images", images)
    assert registry.get_embedder("texts") is texts
    assert registry.get_embedder("images") is images


def test_a_name_that_is_not_registered_is_told_with_those_that_are() -> None:
    registry = EmbeddingRegistry()
    with pytest.raises(UnknownSpace, match="there are: none yet"):
        registry.get_embedder("texts")
    registry.register_embedder("texts", TextEmbedder())
    with pytest.raises(UnknownSpace, match=r"no embedder 'words' .* there are: texts"):
        registry.get_embedder("words")


def test_a_name_keeps_its_embedder() -> None:
    registry, first = EmbeddingRegistry(), TextEmbedder()
    registry.register_embedder("texts", first)
    with pytest.raises(ValueError, match="'texts' is registered already"):
        registry.register_embedder("texts", TextEmbedder("bge-m3"))
    assert registry.get_embedder("texts") is first
