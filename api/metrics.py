"""What Prometheus reads of a server: requests, and what the library holds."""

from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram, Info
from starlette.types import Scope

REQUESTS = Counter("http_requests", "Requests by route and status", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "http_request_seconds",
    "Seconds until an answer began",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LIBRARY_ROWS = Gauge("library_rows", "Rows of the library", ["table"])
JOBS = Gauge("jobs", "Jobs by state", ["state"])
JOB_FILES = Gauge("job_files", "Files of jobs that have not ended, by state", ["state"])
WORKERS = Gauge("workers", "Processes that do jobs, on all hosts")
STANDBYS = Gauge("database_standbys", "Standbys, by what they are good for now", ["use"])
LIBRARY_UP = Gauge("library_up", "Whether the library's database answers: 1, or 0")
Info("sceneseek", "The program that runs").info({"version": version("sceneseek")})
_NO_ROUTE = "none"
"""For all paths that there are not: a label for each would have no end."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_OTHER_METHOD = "other"
"""For the same reason: a client may make up methods."""


def note_request(scope: Scope, status: int, seconds: float) -> None:
    """Counts an answer that began after so long."""
    route = getattr(scope.get("route"), "path", _NO_ROUTE)
    method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
    REQUESTS.labels(method, route, status).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)
