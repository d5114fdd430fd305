"""Models as ONNX graphs: made once from the verified weights, then run without torch.

ONNX Runtime computes EfficientNet-Lite2 several times faster than torch on a CPU and loads in a
tenth of a second (docs/benchmarks.md). The export runs in a process of its own, so that the
memory of torch is never part of an ingest.
"""

import os
import subprocess
import sys
from pathlib import Path

from embeddings.errors import EmbeddingError
from embeddings.weights.cached import sealed_file
from embeddings.weights.packages import Weights, verified_path

OPSET = 17
EXPORT_VERSION = 1
"""Raise it when a graph made here changes; older exports are then made again."""


def exported_graph(name: str, weights: Weights, cache_dir: Path) -> Path:
    """The ONNX file of `name` ("sentence" or "image") made from `weights`, exporting it if needed.

    The weights are verified each time. Raises WeightsMissing, WeightsCorrupt, EmbeddingError.
    """
    source = verified_path(weights)
    graph = cache_dir / f"{name}-{weights.sha256[:12]}-v{EXPORT_VERSION}.onnx"
    return sealed_file(graph, lambda partial: _export_in_child(name, source, partial))


def _export_in_child(name: str, source: Path, target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "embeddings.backends.onnx", name, source, target],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmbeddingError(f"could not prepare the model {name} from {source}: {reason[0]}")


def _export_sentence(source: Path, target: Path) -> None:
    """Token ids to unit sentence vectors: BERT, mean over the tokens, normalised."""
    import torch
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = AutoModel.from_pretrained(
                str(source.parent), attn_implementation="eager", use_safetensors=True
            )

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            weight = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, dim=1)

    ids = torch.ones(2, 7, dtype=torch.long)
    axes = {0: "n", 1: "tokens"}
    torch.onnx.export(
        Pooled().eval(),
        (ids, ids),
        str(target),
        input_names=["ids", "mask"],
        output_names=["vectors"],
        dynamic_axes={"ids": axes, "mask": axes, "vectors": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )


def _export_image(source: Path, target: Path) -> None:
    """Pixels [n, 3, 260, 260] to the logits of ImageNet's classes [n, 1000]."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite2")
    model.load_state_dict(torch.load(source, weights_only=True, map_location="cpu"))
    torch.onnx.export(
        model.eval(),
        (torch.zeros(2, 3, 260, 260),),
        str(target),
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_axes={"pixels": {0: "n"}, "logits": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )


def main(name: str, source: str, target: str) -> None:
    """The child process: exports and leaves."""
    {"sentence": _export_sentence, "image": _export_image}[name](Path(source), Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
