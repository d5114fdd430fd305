"""infinity_emb with a given number of threads, run by the Python of its own environment.

`infinity_server.py THREADS ARGUMENTS OF infinity_emb`. Torch hears OMP_NUM_THREADS, ONNX Runtime
only the options of a session, which infinity does not offer.
"""

import os
import sys
from typing import Any


def main() -> None:
    """Serves until it is stopped."""
    num_threads = sys.argv.pop(1)
    os.environ["OMP_NUM_THREADS"] = num_threads
    _limit_onnx(int(num_threads))
    from infinity_emb.cli import cli  # type: ignore[import-not-found]

    cli()


def _limit_onnx(num_threads: int) -> None:
    import onnxruntime

    class Limited(onnxruntime.InferenceSession):  # type: ignore[misc]
        """A session that has so many threads unless it is told otherwise."""

        def __init__(self, path: Any, sess_options: Any = None, *rest: Any, **more: Any) -> None:
            options = sess_options or onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.intra_op_num_threads or num_threads
            super().__init__(path, options, *rest, **more)

    onnxruntime.InferenceSession = Limited


if __name__ == "__main__":
    main()
