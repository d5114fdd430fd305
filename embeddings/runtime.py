"""Where and how encoders run."""

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


def num_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
