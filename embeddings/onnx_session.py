"""One way to open an ONNX graph, with the threads that the caller grants."""

from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort


@dataclass(frozen=True)
class Runtime:
    """Where and how encoders run."""

    cache_dir: Path
    """Folder for graphs that are exported on first use."""
    num_threads: int = 1
    """Threads for one call of one model."""


def open_session(graph: Path, num_threads: int) -> ort.InferenceSession:
    """The graph, ready to run on the CPU, without memory arenas that only grow."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
