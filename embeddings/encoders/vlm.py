"""SmolVLM and its kind: texts, pictures, both, and frames to vectors, from the decoder's states;
and what it writes of pictures.

Weights of SmolVLM2, SmolVLM and Idefics 3, which have the same parts by the same names.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from embeddings.encoder import Image, InputType, Models, TextEncoder, Vectors
from embeddings.encoders.vlm_inputs import InputMaker, Prepared
from embeddings.encoders.vlm_model import VlmModel
from embeddings.errors import InputRefused, InvalidVector
from embeddings.pooling import (
    CLS_WARNING,
    OwnPooling,
    Padding,
    Pooled,
    Pooling,
    VlmInput,
    layers_of,
    pool,
)
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import get_model_folder

BATCH = 16
"""Inputs that are prepared together."""
PADDED_TOKENS = 4096
"""Tokens of one pass through the decoder, those of padding included; a longer input goes alone."""
WEIGHED_TOKENS = 2048
"""Tokens of an input whose attention weights are given: they grow with the square, and are 4.5 GB
of SmolVLM2-256M then."""
WRITTEN_TOGETHER = 8
"""Pictures that are described together."""
MAX_WRITTEN = 200
"""Tokens of a description."""


def load(space: Space, models: Models) -> TextEncoder:
    """The encoder of a vision-language space. Raises WeightsMissing, WeightsCorrupt."""
    return VisionLanguageEncoder(space, models.runtime)


class VisionLanguageEncoder:
    """A vision-language model, and its space's pooling for pictures and text queries.

    The vision tower runs in the runtime's precision, the decoder and the pooling in float32.
    """

    def __init__(self, space: Space, runtime: Runtime, *, int8: bool = False) -> None:
        """`int8`: the decoder's weights and inputs are rounded to 8 bits, on a CPU, which changes
        the vectors. Raises WeightsMissing, WeightsCorrupt, and EmbeddingError for a model of
        another kind, or int8 elsewhere."""
        folder = get_model_folder(space.hub_weights, runtime)
        self._model = VlmModel(folder, runtime, int8=int8)
        self._inputs = InputMaker(folder, self._model.config)
        self._space = space
        self._pooling = space.pooling or Pooling()
        self._prompt = space.query_prompts[0].removeprefix("{}").strip()
        self.max_tokens = self._pooling.max_length
        self.num_layers = self._model.num_layers

    def encode_items(self, items: Sequence[Image]) -> Vectors:
        """RGB images to float32 [n, dim]."""
        return self._encode([VlmInput(images=(image,)) for image in items])

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Queries to float32 [n, dim]; what is too long is cut."""
        return self._encode([VlmInput(query) for query in queries])

    def num_tokens(self, texts: Sequence[str], _input_type: InputType) -> list[int]:
        """The tokens of each uncut text, with its prompt and the marks."""
        return self._inputs.count(texts, self._prompt)

    def measure(
        self, text: str | None, num_images: int, pooling: Pooling, *, truncate: bool = False
    ) -> tuple[int, int]:
        """The tokens of an uncut input, and how many of them are read, without a look at its
        pictures. Raises InputRefused, TextTooLong, as `embed` would."""
        return self._inputs.measure(text, num_images, pooling, self._prompt, truncate=truncate)

    def embed(
        self,
        items: Sequence[VlmInput],
        pooling: Pooling | OwnPooling | None = None,
        *,
        truncate: bool = False,
        split: bool = False,
        padding: Padding = "right",
        attentions: bool = False,
    ) -> list[Pooled]:
        """What the model makes of each input, whatever it is computed beside.

        `pooling` is that of the space by default; `truncate` cuts texts that are too long, never
        pictures; `split` reads a large picture in parts, too, which takes many times as long;
        `padding` is the side on which short inputs of a batch are filled up; `attentions` are
        those of inputs of WEIGHED_TOKENS at most, and large.
        Raises InputRefused with the item's position, TextTooLong, InvalidVector.
        """
        asked = pooling if isinstance(pooling, Pooling) else self._pooling
        own = pooling if callable(pooling) else None
        layers = layers_of(asked, self.num_layers) if own is None else None
        pooled: list[Pooled | None] = [None] * len(items)
        for start in range(0, len(items), BATCH):
            prepared: dict[int, Prepared] = {}
            for number, item in enumerate(items[start : start + BATCH], start):
                try:
                    prepared[number] = self._inputs.prepare(
                        item, asked, self._prompt, truncate=truncate, split=split
                    )
                    if attentions:
                        _require_short(prepared[number])
                except InputRefused as error:
                    raise error.at(number if len(items) > 1 else None) from None
            for batch in _batches(prepared, alone=attentions):
                made = self._model.states([prepared[i] for i in batch], layers, padding, attentions)
                for number, (states, weights) in zip(batch, made, strict=True):
                    pooled[number] = _answer(prepared[number], states, asked, own, weights)
        return [each for each in pooled if each is not None]

    def describe(
        self, images: Sequence[Image], prompt: str, max_tokens: int = MAX_WRITTEN
    ) -> list[str]:
        """What the model writes of each RGB image when it is asked `prompt`: one line each, empty
        where it writes nothing.

        Always the likeliest token next, `max_tokens` at most, and what the model has positions for.
        Raises InputRefused, TextTooLong for the prompt, InvalidVector.
        """
        if not prompt.strip():
            raise InputRefused("it is blank: ask for what is to be written").of("prompt")
        if max_tokens < 1:
            raise InputRefused("it is at least 1").of("max_tokens")
        written: list[str] = []
        for start in range(0, len(images), WRITTEN_TOGETHER):
            batch = [
                self._inputs.prepare(
                    VlmInput(prompt, (image,)), Pooling("mean"), "", truncate=False, split=False
                )
                for image in images[start : start + WRITTEN_TOGETHER]
            ]
            ids = self._model.written(batch, max_tokens, self._inputs.ends)
            written += [self._inputs.text_of(each) for each in ids]
        return written

    def _encode(self, items: Sequence[VlmInput]) -> Vectors:
        vectors = [each.vector for each in self.embed(items, truncate=True)]
        return np.stack(vectors) if vectors else np.empty((0, self._space.dim), np.float32)


def _require_short(prepared: Prepared) -> None:
    """Raises InputRefused for an input whose attention weights would fill the memory."""
    num_tokens = len(prepared.ids)
    if num_tokens > WEIGHED_TOKENS:
        raise InputRefused(
            f"attention weights are given of {WEIGHED_TOKENS} tokens at most, and these are "
            f"{num_tokens}"
        )


def _batches(prepared: dict[int, Prepared], *, alone: bool) -> Iterator[list[int]]:
    """The inputs by length, in groups that are not padded to more than PADDED_TOKENS, or each
    alone."""
    group: list[int] = []
    for number in sorted(prepared, key=lambda number: len(prepared[number].ids)):
        num_tokens = len(prepared[number].ids)
        if group and (alone or (len(group) + 1) * num_tokens > PADDED_TOKENS):
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _answer(
    prepared: Prepared,
    states: Vectors,
    pooling: Pooling,
    own: OwnPooling | None,
    attentions: Vectors | None,
) -> Pooled:
    if own is None:
        vector = pool(states, prepared.masks, pooling)
    else:
        vector = np.asarray(own(states, prepared.masks), np.float32)
        if not np.isfinite(vector).all():
            raise InvalidVector("the given pooling made a vector that is not finite")
    warning = CLS_WARNING if own is None and pooling.kind == "cls" else None
    return Pooled(vector, prepared.num_tokens, prepared.truncated, warning, attentions)
