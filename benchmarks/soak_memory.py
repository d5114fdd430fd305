"""The memory of a server and its children while it is under load."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

GROWTH = 1.05
"""Of the last quarter against the second, at most."""


async def watch_memory(pid: int, memory: list[int], until: float) -> None:
    """Notes the bytes resident each second."""
    process = psutil.Process(pid)
    while time.monotonic() < until:
        with suppress(psutil.Error):
            family = [process, *process.children(recursive=True)]
            memory.append(sum(one.memory_info().rss for one in family))
        await asyncio.sleep(1)


def growth(memory: Sequence[int]) -> float:
    """The mean of the last quarter to that of the second."""
    quarter = len(memory) // 4
    if quarter == 0:
        return float("inf")
    second, last = memory[quarter : 2 * quarter], memory[-quarter:]
    print(
        f"memory: {sum(second) / quarter / 2**20:.0f} MiB in the second quarter, "
        f"{sum(last) / quarter / 2**20:.0f} in the last\n"
    )
    return sum(last) / sum(second)
