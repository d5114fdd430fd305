"""The queues of models: one loading for all who wait, on loops that come and go."""

import asyncio
import gc
import threading
import time
import weakref
from pathlib import Path

import pytest

from embeddings.batching import Batcher
from embeddings.errors import WeightsCorrupt
from embeddings.loaded import Encoders
from embeddings.model_queues import ModelQueues
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import Input, Space
from tests.helpers.services import embedding_service

MINILM = SPACES["minilm-l6"]


class SlowToFail(Encoders):
    """Weights that are read for a while, and then are not the pinned ones."""

    num_loadings = 0

    def require_weights(self, space: Space) -> None:
        self.num_loadings += 1
        time.sleep(0.3)
        raise WeightsCorrupt(f"{space.key} is damaged")


def test_all_who_wait_for_a_model_share_its_loading_and_its_failure(tmp_path: Path) -> None:
    encoders = SlowToFail(Runtime(tmp_path))
    queues = ModelQueues(encoders)

    async def ask() -> list[object]:
        asked = [queues.get(MINILM, Input.TEXT) for _ in range(20)]
        elsewhere = asyncio.to_thread(lambda: "free")
        started = time.monotonic()
        first = await asyncio.gather(elsewhere, *asked, return_exceptions=True)
        assert time.monotonic() - started < 2
        return first

    free, *failures = asyncio.run(ask())
    assert free == "free"
    assert {type(each) for each in failures} == {WeightsCorrupt}
    assert encoders.num_loadings == 1


def test_who_comes_as_a_model_is_loaded_gets_no_second_queue(models: Path) -> None:
    encoders = Encoders(Runtime(models))
    queues = ModelQueues(encoders)
    before = asyncio.run(queues.get(MINILM, Input.TEXT))

    class Late(dict[str, Batcher]):
        """What one sees who has looked just before the model was there."""

        def get(self, _name: str, _default: object = None) -> None:  # type: ignore[override]
            return None

    queues._batchers = Late(queues._batchers)
    assert asyncio.run(queues.get(MINILM, Input.TEXT)) is before
    queues.close()


def test_who_gives_up_waiting_for_a_model_does_not_end_its_loading(models: Path) -> None:
    queues = ModelQueues(Encoders(Runtime(models)))

    async def ask() -> None:
        impatient = asyncio.ensure_future(queues.get(MINILM, Input.TEXT))
        patient = asyncio.ensure_future(queues.get(MINILM, Input.TEXT))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        await patient

    asyncio.run(ask())
    queues.close()


def test_loops_that_have_ended_are_not_kept(models: Path) -> None:
    loops = weakref.WeakSet[asyncio.AbstractEventLoop]()
    with embedding_service(models) as service:

        async def ask(number: int) -> None:
            loops.add(asyncio.get_running_loop())
            await service.get_instruction_embedding(f"granite {number}", use_cache=False)

        for number in range(10):
            asyncio.run(ask(number))
        gc.collect()
        assert len(loops) <= 2, "the last ones may not have been let go of yet"


def test_a_reranker_that_is_here_is_had_while_another_model_is_loaded(tmp_path: Path) -> None:
    encoders = Encoders(Runtime(tmp_path))
    encoders._cross_encoder = object()  # type: ignore[assignment]
    held, release = threading.Event(), threading.Event()

    def load() -> None:
        with encoders._lock:
            held.set()
            release.wait(10)

    loading = threading.Thread(target=load)
    loading.start()
    held.wait()
    started = time.monotonic()
    encoders.cross_encoder()
    assert time.monotonic() - started < 1
    release.set()
    loading.join()
