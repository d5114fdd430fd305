"""The cross-encoder that reranks: a query and a text, read together, to one logit."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from embeddings.backends.tokens import TokenCounter
from embeddings.backends.torch import load_model, torch_device, use_threads
from embeddings.encoder import Vectors
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights, get_model_folder

MAX_TOKENS = 512


class CrossEncoder:
    """Pairs of a query and a text to logits; trained on the passages of MS MARCO, where those
    that answer are above 0."""

    max_tokens = MAX_TOKENS

    def __init__(self, weights: HubWeights, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        folder = get_model_folder(weights, runtime)
        self._tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self._model = load_model(AutoModelForSequenceClassification, folder, runtime)
        self._counter = TokenCounter(self._tokenizer.backend_tokenizer)
        self._device = torch_device(runtime)
        use_threads(runtime)

    def score(self, query: str, texts: Sequence[str]) -> Vectors:
        """A logit for each text: float32 [n]."""
        if not texts:
            return np.empty(0, np.float32)
        pairs = self._tokenizer(
            [query] * len(texts),
            list(texts),
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_tensors="pt",
        ).to(self._device)
        with torch.inference_mode():
            logits = self._model(**pairs).logits
        return np.asarray(logits[:, 0].float().cpu().numpy(), np.float32)

    def num_tokens(self, query: str, texts: Sequence[str]) -> list[int]:
        """The tokens of the query with each text, uncut, with the marks."""
        return self._counter.count([(query, text) for text in texts])
