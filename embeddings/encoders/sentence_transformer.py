"""Text models of sentence-transformers, each with the prompts that its card asks for."""

from collections.abc import Sequence

import numpy as np
import torch

from embeddings.backends.tokens import TokenCounter
from embeddings.backends.torch import torch_device, use_threads
from embeddings.encoder import InputType, Models, TextEncoder, Vectors, normalise
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import get_model_folder

BATCH = 32


def load(space: Space, models: Models) -> TextEncoder:
    """The encoder of a text space. Raises WeightsMissing, WeightsCorrupt."""
    return SentenceTransformerEncoder(space, models.runtime)


class SentenceTransformerEncoder:
    """Sentences and queries to unit vectors of the same space."""

    def __init__(self, space: Space, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        from sentence_transformers import SentenceTransformer

        self._space = space
        self._model = SentenceTransformer(
            str(get_model_folder(space.hub_weights, runtime)),
            device=str(torch_device(runtime)),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
        )
        self._model.set_pooling_include_prompt(space.prompt_in_mean)
        self.max_tokens = int(self._model.max_seq_length)
        self._counter = TokenCounter(self._model.tokenizer.backend_tokenizer)
        use_threads(runtime)

    def encode_items(self, items: Sequence[str]) -> Vectors:
        """Texts to float32 [n, dim]."""
        if not items:
            return np.empty((0, self._space.dim), np.float32)
        return self._encode(items, self._space.item_prompt)

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Queries to float32 [n, dim]."""
        return self._encode(queries, self._space.query_prompts[0])

    def num_tokens(self, texts: Sequence[str], input_type: InputType) -> list[int]:
        """The tokens of each uncut text, with those of its prompt and its marks."""
        queries = input_type == "query"
        prompt = self._space.query_prompts[0] if queries else self._space.item_prompt
        return self._counter.count([prompt.format(text) for text in texts])

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        # As a prompt and not as part of the text: instructor models leave it out of the mean.
        before = prompt.removesuffix("{}")
        vectors = self._model.encode(
            list(texts), prompt=before, batch_size=BATCH, show_progress_bar=False
        )
        return normalise(np.asarray(vectors, np.float32))
