"""all-MiniLM-L6-v2: sentences to vectors, through ONNX Runtime and tokenizers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from embeddings.backends.onnx import OPSET, exported_graph, open_session
from embeddings.backends.tokens import TokenCounter
from embeddings.encoder import (
    InputType,
    Models,
    TextEncoder,
    Vectors,
    check_vectors,
    normalise,
)
from embeddings.runtime import Runtime
from embeddings.space import Space

MAX_TOKENS = 256
"""The length that the model's card was trained and measured with."""
BATCH = 8
"""Of few sentences, what a layer gives still fits the caches: a tenth faster than 32 at once."""


def load(space: Space, models: Models) -> TextEncoder:
    """The encoder of the bundled text space. Raises WeightsMissing, WeightsCorrupt."""
    return SentenceEncoder(space, models.runtime)


class SentenceEncoder:
    """Sentences and queries to unit vectors of the same space (no prompts on either side)."""

    max_tokens = MAX_TOKENS

    def __init__(self, space: Space, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt, EmbeddingError."""
        weights = space.package_weights
        self._dim = space.dim
        graph = exported_graph("sentence", __name__, weights, runtime.cache_dir)
        self._tokenizer = Tokenizer.from_file(str(weights.beside("tokenizer.json")))
        self._counter = TokenCounter(self._tokenizer)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self._session = open_session(graph, runtime.num_threads)

    def encode_items(self, items: Sequence[str]) -> Vectors:
        """Texts to float32 [n, dim]. Similar lengths share a batch, to waste no padding."""
        vectors = np.empty((len(items), self._dim), np.float32)
        by_length = sorted(range(len(items)), key=lambda i: len(items[i]))
        for start in range(0, len(items), BATCH):
            chosen = by_length[start : start + BATCH]
            vectors[chosen] = self._encode_batch([items[i] for i in chosen])
        return check_vectors(vectors, self._dim)

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Queries to float32 [n, dim]."""
        return self.encode_items(queries)

    def num_tokens(self, texts: Sequence[str], _input_type: InputType) -> list[int]:
        """The tokens of each uncut text, with the two marks around it."""
        return self._counter.count(texts)

    def _encode_batch(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        feed = {
            "ids": np.array([e.ids for e in encodings], np.int64),
            "mask": np.array([e.attention_mask for e in encodings], np.int64),
        }
        return normalise(self._session.run(["vectors"], feed)[0])


def export(source: Path, target: Path) -> None:
    """The ONNX graph from token ids to unit sentence vectors: BERT, mean over the tokens.

    `source` is the safetensors file, with the model's configuration beside it. Called in a child
    process, where torch may be imported.
    """
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
