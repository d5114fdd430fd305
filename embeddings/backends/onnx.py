"""Models as ONNX graphs: exported once from the verified weights, then run without torch.

ONNX Runtime computes EfficientNet-Lite2 several times faster than torch on a CPU and loads in a
tenth of a second (docs/benchmarks.md). An export runs in a process of its own, so that the memory
of torch is never part of an ingest: `python -m embeddings.backends.onnx MODULE SOURCE TARGET`.
"""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import onnxruntime as ort

from embeddings.errors import EmbeddingError
from embeddings.weights.cached import sealed_file
from embeddings.weights.packages import PackageWeights, verified_path

OPSET = 17
EXPORT_VERSION = 1
"""Raise it when a graph made here changes; older exports are then made again."""


def exported_graph(name: str, module: str, weights: PackageWeights, cache_dir: Path) -> Path:
    """The ONNX file `name`-HASH-VERSION of weights, exported if it is not there or damaged.

    `module` has the function `export(source, target)`. The weights are verified before, and
    what was made of them each time. Raises WeightsMissing, WeightsCorrupt, EmbeddingError.
    """
    graph = cache_dir / f"{name}-{weights.sha256[:12]}-v{EXPORT_VERSION}.onnx"
    return sealed_file(
        graph, lambda partial: _export_in_child(module, verified_path(weights), partial)
    )


def open_session(graph: Path, num_threads: int) -> ort.InferenceSession:
    """An ONNX graph ready to run on the CPU, without memory arenas that only grow."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def _export_in_child(module: str, source: Path, target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "embeddings.backends.onnx", module, source, target],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmbeddingError(f"could not export the model in {source} to ONNX: {reason[0]}")


def main(module: str, source: str, target: str) -> None:
    """The child process: one export."""
    importlib.import_module(module).export(Path(source), Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
