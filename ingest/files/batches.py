"""Many things, some at a time: one question to the database for a thousand, and memory for no
more."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
BATCH = 1000
"""Asked for one by one, the outcomes of 20,000 files took 40 s."""


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in lists of BATCH; the last may be shorter."""
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
