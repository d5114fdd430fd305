"""all-MiniLM-L6-v2 in bfloat16, for many texts: by torch, which then is in memory, too.

Vectors differ from those of float32 by up to 4e-3; what that does to a ranking, and what it gains,
is in docs/benchmarks.md.
"""

from pathlib import Path

import numpy as np
import torch

from embeddings.backends.torch import load_model, use_threads
from embeddings.encoder import Vectors, normalise
from embeddings.runtime import Runtime

BATCH = 32


class BulkModel:
    """Texts to unit vectors in bfloat16; their mean and length are computed in float32."""

    def __init__(self, folder: Path, runtime: Runtime, max_tokens: int) -> None:
        """`folder` holds the verified weights, in the hub's format."""
        from transformers import AutoModel, AutoTokenizer

        self._max_tokens = max_tokens
        self._tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self._model = load_model(AutoModel, folder, runtime).to("cpu", torch.bfloat16)
        use_threads(runtime)

    @torch.inference_mode()
    def encode_batch(self, texts: list[str]) -> Vectors:
        """Texts of like length to float32 [n, dim]."""
        tokens = self._tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self._max_tokens,
            return_tensors="pt",
        )
        hidden = self._model(**tokens).last_hidden_state.float()
        weight = tokens["attention_mask"].unsqueeze(-1).float()
        pooled = (hidden * weight).sum(1) / weight.sum(1)
        return normalise(np.asarray(pooled.numpy(), np.float32))
