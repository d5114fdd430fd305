"""CLIP, OpenCLIP and SigLIP: images and texts to one space."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from embeddings.backends.tokens import TokenCounter
from embeddings.backends.torch import (
    load_image_processor,
    load_model,
    pixels_of,
    torch_device,
    torch_dtype,
)
from embeddings.encoder import Image, InputType, Models, TextEncoder, Vectors, normalise
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import get_model_folder

BATCH = 32


def load(space: Space, models: Models) -> TextEncoder:
    """The encoder of a CLIP, OpenCLIP or SigLIP space. Raises WeightsMissing, WeightsCorrupt."""
    return ImageTextEncoder(space, models.runtime)


class ImageTextEncoder:
    """RGB images and text queries to unit vectors of the same space."""

    def __init__(self, space: Space, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        from transformers import AutoModel, AutoTokenizer

        folder = get_model_folder(space.hub_weights, runtime)
        self._space = space
        self._device = torch_device(runtime)
        self._dtype = torch_dtype(runtime)
        self._model = load_model(AutoModel, folder, runtime)
        self._model.vision_model.to(self._dtype)
        self._processor = load_image_processor(folder)
        self._tokenizer = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        text = self._model.config.text_config
        self.max_tokens = text.max_position_embeddings
        # SigLIP was trained on texts in lower case, padded to its full length. The tokenizer that
        # its folder names does neither.
        self._is_siglip = "siglip" in self._model.config.model_type
        self._counter = TokenCounter(self._tokenizer.backend_tokenizer)

    @torch.inference_mode()
    def encode_items(self, items: Sequence[Image]) -> Vectors:
        """RGB images to float32 [n, dim]."""
        batches = [self._image_batch(items[i : i + BATCH]) for i in range(0, len(items), BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, self._space.dim), np.float32)

    @torch.inference_mode()
    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Queries to float32 [n, dim]: means over the space's prompts, as CLIP's authors do."""
        batches = [self._query_batch(queries[i : i + BATCH]) for i in range(0, len(queries), BATCH)]
        return np.concatenate(batches)

    def num_tokens(self, texts: Sequence[str], _input_type: InputType) -> list[int]:
        """The tokens of each uncut text in its longest prompt, with the marks."""
        counts = self._counter.count(self._prompted(texts))
        num_prompts = len(self._space.query_prompts)
        return [max(counts[i : i + num_prompts]) for i in range(0, len(counts), num_prompts)]

    def _prompted(self, texts: Sequence[str]) -> list[str]:
        """Each text in all prompts, one after the other."""
        prompted = [p.format(text) for text in texts for p in self._space.query_prompts]
        return [text.lower() for text in prompted] if self._is_siglip else prompted

    def _query_batch(self, queries: Sequence[str]) -> Vectors:
        prompts = self._space.query_prompts
        tokens = self._tokenizer(
            self._prompted(queries),
            padding="max_length" if self._is_siglip else True,
            truncation=True,
            max_length=self.max_tokens,
            return_tensors="pt",
        )
        features = self._model.get_text_features(**tokens.to(self._device))
        vectors = normalise(_array(features))
        return normalise(vectors.reshape(len(queries), len(prompts), -1).mean(axis=1))

    def _image_batch(self, images: Sequence[Image]) -> Vectors:
        pixels = pixels_of(self._processor, images).to(self._device, self._dtype)
        pooled = self._model.vision_model(pixel_values=pixels).pooler_output
        projection = getattr(self._model, "visual_projection", None)
        features = pooled.float()
        return normalise(_array(features if projection is None else projection(features)))


def _array(features: Any) -> Vectors:
    """A tensor, or transformers' output that holds one, as float32 [n, dim]."""
    tensor = getattr(features, "pooler_output", features)
    return np.asarray(tensor.float().cpu().numpy(), np.float32)
