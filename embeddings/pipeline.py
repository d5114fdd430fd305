"""Many items through embedders: queued, in batches, of mixed kinds, and measured."""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypedDict

from embeddings.embedders import Embedder, ImageEmbedder, Item, TextEmbedder
from embeddings.encoder import Vectors
from embeddings.errors import InputRefused, UnknownSpace, WeightsCorrupt, WeightsMissing
from embeddings.pictures import Picture

BATCH = 32


@dataclass(frozen=True, eq=False)
class ItemOutcome:
    """What became of an item: a vector, or the error that it raised."""

    position: int
    """From 0, in the order in which the items were given."""
    space: str
    """The key of the space of the vector."""
    vector: Vectors | None = field(repr=False)
    """float32 [dim], of unit length; None if it failed."""
    error: Exception | None = None


class BatchEmbedder(Generic[Item]):
    """A queue of items for one embedder. One thread may fill it while another processes it."""

    def __init__(self, embedder: Embedder[Item], batch_size: int = BATCH) -> None:
        """`batch_size` is how many items the embedder is given at once."""
        if batch_size < 1:
            raise ValueError("a batch has at least one item")
        self._embedder = embedder
        self._batch_size = batch_size
        self._queue: list[Item] = []

    def add_to_queue(self, item: Item) -> None:
        """Puts an item at the end of the queue."""
        self._queue.append(item)

    def process_queue(self) -> list[ItemOutcome]:
        """The outcomes of all that is in the queue, in its order; the queue is empty afterwards.

        An item that cannot be embedded fails alone. Raises WeightsMissing, WeightsCorrupt, since
        then none can be: the queue stays as it is.
        """
        items = list(self._queue)
        outcomes: list[ItemOutcome] = []
        for start in range(0, len(items), self._batch_size):
            outcomes += self._batch(start, items[start : start + self._batch_size])
        del self._queue[: len(items)]
        return outcomes

    def _batch(self, first: int, items: list[Item]) -> list[ItemOutcome]:
        """A batch that fails is halved until the item is alone that is to blame."""
        space = self._embedder.space.key
        try:
            vectors = self._embedder.encode(items)
        except (WeightsMissing, WeightsCorrupt):
            raise
        except Exception as error:
            if len(items) == 1:  # its place in this batch, which an error may name, says nothing
                reason = error.at(None) if isinstance(error, InputRefused) else error
                return [ItemOutcome(first, space, None, reason)]
            middle = len(items) // 2
            return [
                *self._batch(first, items[:middle]),
                *self._batch(first + middle, items[middle:]),
            ]
        return [ItemOutcome(first + i, space, vector) for i, vector in enumerate(vectors)]


class Statistics(TypedDict):
    """What the values of a metric came to."""

    mean: float
    std: float
    """Of the values themselves: 0 if there is one (divided by their count, as in numpy.std)."""
    min: float
    max: float
    count: int


@dataclass
class _Running:
    """Welford's sums, from which mean and deviation follow without keeping the values."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    """Of the distances from the mean."""
    least: float = math.inf
    greatest: float = -math.inf

    def add(self, value: float) -> None:
        """Takes in a value."""
        self.count += 1
        before = value - self.mean
        self.mean += before / self.count
        self.squares += before * (value - self.mean)
        self.least, self.greatest = min(self.least, value), max(self.greatest, value)


class EmbeddingMonitor:
    """Metrics by name, of any number of values: it keeps sums, not values. Safe to call from
    several threads."""

    def __init__(self) -> None:
        self._metrics: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def record_metric(self, name: str, value: float) -> None:
        """Adds a value to a metric. Raises ValueError if it is not finite."""
        if not math.isfinite(value):
            raise ValueError(f"{name} cannot be {value}: only finite values are recorded")
        with self._lock:
            self._metrics.setdefault(name, _Running()).add(float(value))

    def get_statistics(self, name: str) -> Statistics:
        """Mean, deviation, least, greatest and number of a metric's values. Raises KeyError if none
        was recorded."""
        with self._lock:
            if name not in self._metrics:
                raise KeyError(f"no metric {name!r}; there are: {', '.join(sorted(self._metrics))}")
            metric = self._metrics[name]
            return {
                "mean": metric.mean,
                "std": math.sqrt(metric.squares / metric.count),
                "min": metric.least,
                "max": metric.greatest,
                "count": metric.count,
            }


class EmbeddingRegistry:
    """Embedders by names that a program gives them."""

    def __init__(self) -> None:
        self._embedders: dict[str, Embedder[Any]] = {}

    def register_embedder(self, name: str, embedder: Embedder[Any]) -> None:
        """Gives an embedder a name. Raises ValueError for one that is taken: vectors of two models
        would mix."""
        if name in self._embedders:
            raise ValueError(f"an embedder {name!r} is registered already")
        self._embedders[name] = embedder

    def get_embedder(self, name: str) -> Embedder[Any]:
        """The embedder of this name. Raises UnknownSpace, naming those that there are."""
        try:
            return self._embedders[name]
        except KeyError:
            there = ", ".join(self._embedders) or "none yet"
            raise UnknownSpace(f"no embedder {name!r} is registered; there are: {there}") from None


class EmbeddingPipeline:
    """Texts and pictures, mixed, each through the embedder of its kind."""

    def __init__(
        self,
        text_embedder: TextEmbedder | None = None,
        image_embedder: ImageEmbedder | None = None,
        *,
        batch_size: int = BATCH,
        monitor: EmbeddingMonitor | None = None,
    ) -> None:
        """By default the bundled models. Of every run the monitor is told `text_seconds`,
        `text_items` and `text_failures`, and the same of `image_`, where there were any."""
        self._embedders: dict[str, Embedder[Any]] = {
            "text": text_embedder or TextEmbedder(),
            "image": image_embedder or ImageEmbedder(),
        }
        self._batch_size = batch_size
        self.monitor = monitor or EmbeddingMonitor()

    def process(self, items: Sequence[str | Picture]) -> list[ItemOutcome]:
        """The outcomes of texts and pictures, in their order; one that cannot be embedded fails
        alone. Raises WeightsMissing, WeightsCorrupt."""
        texts = [i for i, item in enumerate(items) if isinstance(item, str)]
        images = [i for i, item in enumerate(items) if not isinstance(item, str)]
        outcomes: list[ItemOutcome] = []
        for kind, positions in (("text", texts), ("image", images)):
            found = self._run(kind, [items[i] for i in positions]) if positions else []
            outcomes += [replace(each, position=positions[each.position]) for each in found]
        return sorted(outcomes, key=lambda outcome: outcome.position)

    def _run(self, kind: str, items: Sequence[Any]) -> list[ItemOutcome]:
        """All items of a kind, measured."""
        batches = BatchEmbedder(self._embedders[kind], self._batch_size)
        for item in items:
            batches.add_to_queue(item)
        started = time.perf_counter()
        outcomes = batches.process_queue()
        self.monitor.record_metric(f"{kind}_seconds", time.perf_counter() - started)
        self.monitor.record_metric(f"{kind}_items", len(items))
        num_failures = sum(outcome.error is not None for outcome in outcomes)
        self.monitor.record_metric(f"{kind}_failures", num_failures)
        return outcomes
