"""Where and how encoders run."""

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Runtime:
    """Folders, threads, device and precision."""

    cache_dir: Path
    """Folder for what is made ready on first use, and for models pulled from the hub."""
    num_threads: int = 1
    """Threads for one call of one model."""
    model_dir: Path | None = None
    """Folder of models that the person has brought, in the hub's own format."""
    device: str = "auto"
    """auto, cpu, cuda or mps; auto takes the fastest that is there."""
    precision: str = "auto"
    """Of the towers for pictures and clips: float32, bfloat16, or auto, which is bfloat16 where
    the device computes in it. bfloat16 holds for stored texts of the bundled model, too."""


_CGROUP = Path("/sys/fs/cgroup")
"""Where Linux tells a container what it is given."""


def num_cores() -> int:
    """The processors that this process may use: those that it is not kept from, and no more than
    the share of their time that its container is given.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _share(_CGROUP))))


def _share(cgroup: Path) -> float:
    """The processors that a control group is given, in either version of its files; inf if it is
    given all.
    """
    old = cgroup / "cpu"
    for files in ([cgroup / "cpu.max"], [old / "cpu.cfs_quota_us", old / "cpu.cfs_period_us"]):
        with contextlib.suppress(OSError):
            quota, period = " ".join(file.read_text() for file in files).split()
            return int(quota) / int(period) if quota not in ("max", "-1") else math.inf
    return math.inf
