"""The numbers of searches that Prometheus reads, of the whole process."""

from prometheus_client import Histogram

SEARCH_SECONDS = Histogram(
    "similarity_search_seconds",
    "Seconds that a search by similarity took",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
"""`kind` is library, or table for one of somebody's own (vector_search.py)."""
SEARCH_RESULTS = Histogram(
    "similarity_search_results",
    "Results that a search by similarity found",
    ["kind"],
    buckets=(0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000),
)


def count_search(seconds: float, num_results: int) -> None:
    """Adds a search of the library to both."""
    SEARCH_SECONDS.labels("library").observe(seconds)
    SEARCH_RESULTS.labels("library").observe(num_results)
