"""The embedded server, started again by whoever finds that it is gone: killed, or stopped."""

import threading
import time
from concurrent.futures import Future
from pathlib import Path

from database.errors import DatabaseUnreachable
from database.server.embedded import data_dir, start_embedded

PATIENCE_S = 10.0
"""As long as a person waits; a start after a crash may take longer, and goes on."""
AGAIN_S = 5.0
"""A start that failed is not tried again before: it takes seconds each time."""


class Restarts:
    """The starts of the server of one home; threads may share it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()  # of both below
        self._start: Future[str] | None = None
        """The one that is under way, or failed just now."""
        self._failed_at = float("-inf")

    def url(self) -> str:
        """The URL of the server, which is started if it has to be: by one thread, while all others
        wait for it. Raises DatabaseUnreachable, DatabaseError."""
        with self._lock:
            start = self._start
            if start is None or (start.done() and time.monotonic() - self._failed_at > AGAIN_S):
                start = self._start = Future()
                threading.Thread(target=self._run, args=(start,), daemon=True).start()
        try:
            return start.result(PATIENCE_S)
        except TimeoutError:
            raise DatabaseUnreachable(
                f"the embedded PostgreSQL in {data_dir(self._home)} is being started again: "
                "try again in a few seconds"
            ) from None

    def _run(self, start: "Future[str]") -> None:
        try:
            url = self._started()
        except BaseException as error:  # who waits raises it
            self._failed_at = time.monotonic()
            start.set_exception(error)
            return
        with self._lock:
            self._start = None  # the next who finds it gone starts it at once
        start.set_result(url)

    def _started(self) -> str:
        """Never a new, empty server in the place of one whose folder is gone."""
        data = data_dir(self._home)
        if not (data / "PG_VERSION").exists():
            raise DatabaseUnreachable(
                f"{data} is gone, with the library in it: put it back, or end this program"
            )
        import structlog  # the quick commands do without

        structlog.get_logger().warning("the embedded PostgreSQL is gone: it is started again")
        return start_embedded(self._home)
