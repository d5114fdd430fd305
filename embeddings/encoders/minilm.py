"""all-MiniLM-L6-v2: sentences to vectors, through ONNX Runtime and tokenizers."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from embeddings.backends.onnx import OPSET, exported_graph, open_session
from embeddings.backends.tokens import TokenCounter, encode_all
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

if TYPE_CHECKING:  # torch takes seconds to import
    from embeddings.encoders.minilm_bulk import BulkModel

MAX_TOKENS = 256
"""The length that the model's card was trained and measured with."""
BATCH = 32
"""More at once take as long for each; half as many short ones take a fifth longer."""


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
        self._runtime = runtime
        self._folder = weights.beside("config.json").parent
        graph = exported_graph("sentence", __name__, weights, runtime.cache_dir)
        self._tokenizer = Tokenizer.from_file(str(weights.beside("tokenizer.json")))
        self._counter = TokenCounter(self._tokenizer)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._session = open_session(graph, runtime.num_threads)

    def encode_items(self, items: Sequence[str]) -> Vectors:
        """Texts to float32 [n, dim]; computed in bfloat16 if the runtime names that."""
        if self._runtime.precision == "bfloat16":
            from embeddings.encoders import minilm_bulk

            return self._encode(items, minilm_bulk.BATCH, self._bulk_model.encode_batch)
        return self._encode(items, BATCH, self._encode_batch)

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Queries to float32 [n, dim]; they are few, and always computed in float32."""
        return self._encode(queries, BATCH, self._encode_batch)

    def num_tokens(self, texts: Sequence[str], _input_type: InputType) -> list[int]:
        """The tokens of each uncut text, with the two marks around it."""
        return self._counter.count(texts)

    def _encode(
        self, texts: Sequence[str], at_once: int, encode: Callable[[list[str]], Vectors]
    ) -> Vectors:
        """Similar lengths share a batch, to waste no padding."""
        vectors = np.empty((len(texts), self._dim), np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), at_once):
            chosen = by_length[start : start + at_once]
            vectors[chosen] = encode([texts[i] for i in chosen])
        return check_vectors(vectors, self._dim)

    @cached_property
    def _bulk_model(self) -> "BulkModel":
        from embeddings.encoders.minilm_bulk import BulkModel

        return BulkModel(self._folder, self._runtime, MAX_TOKENS)

    def _encode_batch(self, texts: list[str]) -> Vectors:
        encoded = [encoding.ids for encoding in encode_all(self._tokenizer, texts)]
        shape = (len(texts), max(map(len, encoded)))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
        return normalise(self._session.run(["vectors"], {"ids": ids, "mask": mask})[0])


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
