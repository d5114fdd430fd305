"""One way to open an ONNX graph, with the threads that the caller grants."""

from pathlib import Path

import onnxruntime as ort


def open_session(graph: Path, num_threads: int) -> ort.InferenceSession:
    """The graph, ready to run on the CPU, without memory arenas that only grow."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
