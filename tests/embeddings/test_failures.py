"""What a model raises is said in plain words; one that failed or hangs is left alone a while."""

import importlib
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog.testing

from embeddings import failures, loaded
from embeddings.encoders import minilm
from embeddings.errors import (
    DimensionMismatch,
    EmbeddingError,
    InvalidVector,
    ModelFailed,
    WeightsCorrupt,
)
from embeddings.failures import in_thread
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import Space
from tests.helpers.own_models import declare_stand_in

TEXT, OTHER = SPACES["minilm-l6"], SPACES["bge-large-en"]


class Panic(BaseException):
    """As a library in Rust raises it."""


class Broken:
    """A model that does `does()` instead of computing."""

    def __init__(self, does: Any) -> None:
        self._does = does

    def encode_queries(self, _queries: object) -> Any:
        return self._does()

    encode_items = encode_queries


def raising(error: BaseException) -> Any:
    def does() -> None:
        raise error

    return does


def vectors(*shape: int, value: float) -> Any:
    return lambda: np.full(shape, value, np.float32)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`loads(make)` lets `make()` be what loads the text model; counts the loadings."""
    counted: list[str] = []

    def with_(make: Any) -> list[str]:
        def load(space: object, _models: object) -> Any:
            counted.append(str(space))
            return make()

        monkeypatch.setattr(minilm, "load", load)
        return counted

    return with_


@pytest.fixture
def made(tmp_path: Path) -> Encoders:
    return Encoders(Runtime(tmp_path))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "ran out of memory: end other programs"),
        (RuntimeError("CUDA out of memory. Tried to"), "ran out of memory"),
        (ImportError("No module", name="torch"), "needs the package torch"),
        (OSError(5, "Input/output error"), r"could not use its files \(input/output error\)"),
        (ValueError("/secret/path"), r"failed \(ValueError\): the log says why"),
        (Panic("index out of bounds"), r"failed \(Panic\)"),
    ],
)
def test_what_a_model_raises_is_said_in_plain_words_and_logged_whole(
    error: BaseException, says: str, made: Encoders, loads: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    loads(lambda: Broken(raising(error)))
    for compute in (made.encode_query, made.encode_items, made.encode_queries):
        with pytest.raises(ModelFailed, match=f"the model of minilm-l6 {says}") as raised:
            compute(TEXT, "anything")
        assert "secret" not in str(raised.value)
    assert capsys.readouterr().out.count("Traceback") == 1


@pytest.mark.parametrize(
    ("gives", "error"),
    [
        (vectors(1, 384, value=np.nan), InvalidVector),
        (vectors(1, 384, value=0), InvalidVector),
        (vectors(1, 7, value=1), DimensionMismatch),
        (lambda: None, ModelFailed),
    ],
)
def test_what_is_no_vector_is_an_error_of_the_model(
    gives: Any, error: type[EmbeddingError], made: Encoders, loads: Any
) -> None:
    loads(lambda: Broken(gives))
    with pytest.raises(error):
        made.encode_query(TEXT, "anything")


@pytest.mark.parametrize("error", [WeightsCorrupt("not the pinned"), MemoryError()])
def test_a_model_that_could_not_be_loaded_is_left_alone_and_then_tried_again(
    error: Exception, made: Encoders, loads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loadings = loads(raising(error))
    reasons = set()
    for _ in range(3):
        with pytest.raises(EmbeddingError) as raised:
            made.encode_query(TEXT, "anything")
        reasons.add(str(raised.value))
    assert len(loadings) == 1
    assert len(reasons) == 1, "the reason stays"
    loads(lambda: Broken(vectors(1, 384, value=384**-0.5)))
    monkeypatch.setattr(failures, "REST_S", 0)
    assert made.encode_query(TEXT, "anything").shape == (384,)


@pytest.mark.parametrize("space", [TEXT, OTHER], ids=["while it is loaded", "loaded"])
def test_a_model_that_hangs_keeps_a_query_for_a_while_and_the_next_ones_not_at_all(
    space: Space, made: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def hang(*_given: object) -> Any:
        goes_on.wait(30)
        return np.full((1, space.dim), space.dim**-0.5, np.float32)

    module = importlib.import_module(f"embeddings.encoders.{space.encoder}")
    if space is TEXT:
        sound = Broken(vectors(1, space.dim, value=space.dim**-0.5))
        monkeypatch.setattr(module, "load", lambda *_: hang() is not None and sound)
        monkeypatch.setattr(loaded, "LOADING_S", 0.2)
    else:
        monkeypatch.setattr(made, "_encoders", {space.key: Broken(hang)})
        monkeypatch.setattr(loaded, "QUERY_S", 0.2)
    started = time.monotonic()
    with pytest.raises(ModelFailed, match="does not answer; restart the server if this lasts"):
        made.encode_query(space, "anything")
    assert 0.2 <= time.monotonic() - started < 5
    for bound in ("LOADING_S", "QUERY_S"):
        monkeypatch.setattr(loaded, bound, 60)
    with pytest.raises(ModelFailed, match="does not answer"):
        made.encode_query(space, "something else")
    goes_on.set()
    deadline = time.monotonic() + 10
    while True:
        try:
            assert made.encode_query(space, "something else").shape == (space.dim,)
            return
        except ModelFailed:
            assert time.monotonic() < deadline, "it answers again"
            time.sleep(0.01)


def test_a_damaged_model_of_ones_own_is_named(tmp_path: Path) -> None:
    declare_stand_in(OTHER, tmp_path, family="sentence_transformer", key="my-bge")
    weights = tmp_path / OTHER.hub_weights.name / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    made = Encoders(Runtime(tmp_path, model_dir=tmp_path))
    with pytest.raises(ModelFailed, match=r"the model of my-bge failed \(Safetensor"):
        made.encode_query(made.spaces["my-bge"], "anything")


def test_threads_that_compute_are_used_again() -> None:
    names = {in_thread(threading.get_ident).result(10) for _ in range(20)}
    assert len(names) <= 3, "one may still be on its way back"


def test_the_traceback_of_each_failing_model_is_logged_once() -> None:
    with structlog.testing.capture_logs() as logs:
        for model in ("first", "second") * 3:
            with pytest.raises(ModelFailed), failures.named(model):
                raise ValueError("once each")
    assert [log["model"] for log in logs if log["exc_info"] is not None] == ["first", "second"]
    assert len(logs) == 6
