"""infinity_emb as a contender: an environment of its own, and MiniLM as it wants it.

infinity_emb 0.0.78 needs an older transformers and NumPy than ours. The environment is made with
pip at first use, in the folder SCENESEEK_BENCH_CACHE or in the system's folder for temporary files,
and made again when infinity.txt changes.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.servers import Contender
from embeddings.registry.pins import MINILM_L6
from embeddings.weights.packages import verified_path

VERSION = "0.0.78"
MODEL = "minilm-l6"
ENGINES = {
    "torch": ("--no-compile", "--bettertransformer"),
    "optimum": ("--pooling-method", "mean", "--no-onnx-disable-optimize"),
}
"""With options that they need or gain by. torch.compile cannot go with the better transformer."""
_PINS = Path(__file__).with_name("infinity.txt")
_SERVER = Path(__file__).with_name("infinity_server.py")
_EXTRAS = f"infinity_emb[server,torch,optimum]=={VERSION}"


def contenders() -> list[Contender]:
    """infinity with each of its engines. Raises CalledProcessError if pip cannot install it."""
    folder = _cache() / "infinity"
    python = _environment(folder)
    model = _model(folder / "model")
    return [_contender(engine, python, model) for engine in ENGINES]


def _contender(engine: str, python: Path, model: Path) -> Contender:
    return Contender(
        f"infinity ({engine})",
        (
            *(str(python), "-I", str(_SERVER), "{threads}", "v2", "--engine", engine),
            *ENGINES[engine],
            *("--model-id", str(model), "--served-model-name", MODEL, "--url-prefix", "/v1"),
            *("--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", "{port}"),
            *("--log-level", "warning"),
        ),
        ready="/health",
        variables={"DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"},
    )


def _cache() -> Path:
    given = os.environ.get("SCENESEEK_BENCH_CACHE")
    return Path(given) if given else Path(tempfile.gettempdir()) / "sceneseek-bench"


def _environment(folder: Path) -> Path:
    """The Python of infinity's environment."""
    python = folder / "bin" / "python"
    made_for = folder / "made-for"
    pins = hashlib.sha256(_PINS.read_bytes()).hexdigest()
    if not made_for.is_file() or made_for.read_text() != pins:
        print("installing infinity_emb; minutes the first time", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = ("-I", "-m", "pip", "--disable-pip-version-check", "install", "-q")
        subprocess.run([python, *pip, "--prefer-binary", "-c", _PINS, _EXTRAS], check=True)
        made_for.write_text(pins)
    return python


def _model(folder: Path) -> Path:
    """A folder of MiniLM as the hub has it: links to the files of its package, and ONNX.

    infinity leaves the optimised graph beside them.
    """
    graph = folder / "onnx" / "model.onnx"
    if not graph.is_file():
        graph.parent.mkdir(parents=True, exist_ok=True)
        for path in verified_path(MINILM_L6).parent.iterdir():
            if not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
        partial = graph.with_suffix(".partial")
        # In a process of its own: this one is to stay light.
        code = "import sys; from benchmarks.infinity import export; export(*sys.argv[1:])"
        subprocess.run([sys.executable, "-W", "ignore", "-c", code, folder, partial], check=True)
        partial.rename(graph)
    return folder


def export(source: str, target: str) -> None:
    """The ONNX graph as the hub has it: token ids, mask and types to the last hidden states."""
    import torch
    from transformers import AutoModel

    class LastHidden(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = AutoModel.from_pretrained(source, attn_implementation="eager")

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor
        ) -> torch.Tensor:
            known = self.bert(input_ids=ids, attention_mask=mask, token_type_ids=types)
            hidden: torch.Tensor = known.last_hidden_state
            return hidden

    ids = torch.ones(2, 7, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        LastHidden().eval(),
        (ids, ids, torch.zeros_like(ids)),
        target,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "n", 1: "tokens"} for name in [*names, "last_hidden_state"]},
        opset_version=17,
        dynamo=False,
    )
