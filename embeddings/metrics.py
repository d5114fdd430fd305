"""The numbers of the embedding service that Prometheus reads, of the whole process."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

_POWERS_OF_TWO = tuple(float(2**power) for power in range(17))
"""Buckets of counts, 1 to 65,536."""

GENERATION_SECONDS = Histogram(
    "embedding_generation_seconds",
    "Seconds that a model computed a batch of vectors",
    ["model", "kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
CACHE_HITS = Counter("embedding_cache_hits", "Vectors found in the cache", ["kind"])
"""`kind` is instruction, image or description; Prometheus reads embedding_cache_hits_total."""
CACHE_MISSES = Counter("embedding_cache_misses", "Vectors not found in the cache", ["kind"])
CACHE_FAILURES = Counter(
    "embedding_cache_failures", "Times that the cache's Redis failed to do what it was asked"
)
QUEUE_ITEMS = Gauge("embedding_queue_items", "Items that wait for a model", ["model", "kind"])
BATCH_ITEMS = Histogram(
    "embedding_batch_items",
    "Items computed in one batch",
    ["model", "kind"],
    buckets=_POWERS_OF_TWO[:11],
)
BATCH_TOKENS = Histogram(
    "embedding_batch_tokens",
    "Tokens computed in one batch, padding included",
    ["model"],
    buckets=_POWERS_OF_TWO,
)
REJECTED = Counter(
    "embedding_rejected", "Requests for vectors that were turned away, by reason", ["reason"]
)
FALLBACKS = Counter(
    "embedding_fallbacks",
    "Vectors of pictures that something else than Ollama had to make, by space",
    ["space"],
)


class BatchNumbers:
    """The numbers of one queue of a model, of its texts or of its pictures, and of its batches."""

    def __init__(self, model: str, *, are_tokens: bool) -> None:
        """`are_tokens`: whether the sizes of items are tokens, which are counted."""
        kind = "text" if are_tokens else "image"
        self._seconds = GENERATION_SECONDS.labels(model, kind)
        self._items = BATCH_ITEMS.labels(model, kind)
        self._tokens = BATCH_TOKENS.labels(model) if are_tokens else None
        self._queued = QUEUE_ITEMS.labels(model, kind)

    def note_queue(self, num_items: int) -> None:
        """How many items wait."""
        self._queued.set(num_items)

    def note_batch(self, sizes: Sequence[int], took_s: float) -> None:
        """A batch that was computed, and the sizes of its items."""
        self._seconds.observe(took_s)
        self._items.observe(len(sizes))
        if self._tokens is not None:
            self._tokens.observe(len(sizes) * max(sizes))
