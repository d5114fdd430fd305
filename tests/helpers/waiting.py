"""Waiting for what other processes do."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool], patience_s: float = 30.0) -> None:
    """Looks again and again until it is so. Raises AssertionError when that takes too long."""
    until_s = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < until_s, f"it was not so within {patience_s} s"
        time.sleep(0.02)
