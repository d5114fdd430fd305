"""SmolVLM and its kind: texts, pictures, both, and frames to vectors, from the decoder's states;
and what it writes of pictures.

Weights of SmolVLM2, SmolVLM and Idefics 3, which have the same parts by the same names.
"""

import copy
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig

from embeddings.backends.int8 import quantize_linears
from embeddings.backends.torch import load_model, torch_device, torch_dtype
from embeddings.encoder import Image, InputType, Models, TextEncoder, Vectors
from embeddings.encoders.vlm_inputs import InputMaker, Prepared
from embeddings.errors import EmbeddingError, InputRefused, InvalidVector
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
TILES = 8
"""Tiles of one pass through the vision tower."""
WRITTEN_TOGETHER = 8
"""Pictures that are described together."""
MAX_WRITTEN = 200
"""Tokens of a description."""
KINDS = ("smolvlm", "idefics3")


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
        from transformers import AutoModelForImageTextToText

        folder = get_model_folder(space.hub_weights, runtime)
        model = load_model(AutoModelForImageTextToText, folder, runtime)
        if model.config.model_type not in KINDS:
            raise EmbeddingError(
                f"{folder} holds a {model.config.model_type}; what is read is {', '.join(KINDS)}"
            )
        self._space = space
        self._pooling = space.pooling or Pooling()
        self.max_tokens = self._pooling.max_length
        self._prompt = space.query_prompts[0].removeprefix("{}").strip()
        self._device = torch_device(runtime)
        self._dtype = torch_dtype(runtime)
        self._inputs = InputMaker(folder, model.config)
        self._image_id = model.config.image_token_id
        self._generation = GenerationConfig(
            do_sample=False,
            num_beams=1,
            eos_token_id=self._inputs.ends,
            pad_token_id=next(iter(self._inputs.ends), None),
            return_dict_in_generate=False,
        )
        self._writer = model
        self._model = model.model  # without the head, which names tokens
        self._model.vision_model.to(self._dtype)
        self._decoder = self._model.text_model
        self.num_layers: int = model.config.text_config.num_hidden_layers
        if int8:
            if self._device.type != "cpu":
                raise EmbeddingError(f"int8 is for a cpu, and the model runs on {self._device}")
            quantize_linears(self._decoder)

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
                except InputRefused as error:
                    raise error.at(number if len(items) > 1 else None) from None
            for batch in _batches(prepared, WEIGHED_TOKENS if attentions else None):
                made = self._run([prepared[i] for i in batch], layers, padding, attentions)
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
            written += [self._inputs.text_of(ids) for ids in self._write(batch, max_tokens)]
        return written

    @torch.inference_mode()
    def _write(self, batch: Sequence[Prepared], max_tokens: int) -> list[list[int]]:
        """The tokens that follow each input."""
        ids, mask = self._padded(batch, "left")
        made: torch.Tensor = self._writer.generate(
            inputs_embeds=self._embedded(ids, mask, batch),
            attention_mask=mask,
            generation_config=self._generation,
            max_new_tokens=min(max_tokens, self._inputs.num_positions - ids.shape[1]),
            logits_processor=[_require_numbers],
        )
        return [list(row) for row in made.tolist()]

    def _encode(self, items: Sequence[VlmInput]) -> Vectors:
        vectors = [each.vector for each in self.embed(items, truncate=True)]
        return np.stack(vectors) if vectors else np.empty((0, self._space.dim), np.float32)

    @torch.inference_mode()
    def _run(
        self, batch: Sequence[Prepared], layers: list[int] | None, padding: Padding, weigh: bool
    ) -> list[tuple[Vectors, Vectors | None]]:
        """The states of the layers, or of all and the embeddings, float32 [layers, tokens, dim],
        and the attention weights, of each input without its padding."""
        ids, mask = self._padded(batch, padding)
        states, weights = self._forward(self._embedded(ids, mask, batch), mask, layers, weigh)
        made = []
        for row, each in enumerate(batch):
            num_padded = ids.shape[1] - len(each.ids) if padding == "left" else 0
            span = slice(num_padded, num_padded + len(each.ids))
            own = None if weights is None else weights[:, row, :, span, span].float().cpu().numpy()
            made.append((states[:, row, span].float().cpu().numpy(), own))
        return made

    def _padded(
        self, batch: Sequence[Prepared], padding: Padding
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The tokens of all inputs, and 1 where a token is none of padding, int64 [batch, tokens]
        each."""
        longest = max(len(each.ids) for each in batch)
        ids = torch.zeros((len(batch), longest), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, each in enumerate(batch):
            num_padded = longest - len(each.ids) if padding == "left" else 0
            span = slice(num_padded, num_padded + len(each.ids))
            ids[row, span] = torch.tensor(each.ids)
            mask[row, span] = 1
        return ids.to(self._device), mask.to(self._device)

    def _embedded(
        self, ids: torch.Tensor, mask: torch.Tensor, batch: Sequence[Prepared]
    ) -> torch.Tensor:
        """What the decoder is given for tokens and pictures, float32 [batch, tokens, dim]."""
        embeds: torch.Tensor = self._decoder.get_input_embeddings()(ids)
        tiles = [each.tiles for each in batch if each.tiles is not None]
        if tiles:
            # Padding is token 0, which may be the image's own.
            is_image = (ids == self._image_id) & mask.bool()
            embeds[is_image] = self._features(torch.cat(tiles))
        return embeds

    def _forward(
        self, embeds: torch.Tensor, mask: torch.Tensor, layers: list[int] | None, weigh: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """[layers, batch, tokens, dim], and [layers, batch, heads, tokens, tokens] if wanted."""
        decoder = self._weighing_decoder if weigh else self._decoder
        made: Any = decoder(
            inputs_embeds=embeds,
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0),
            use_cache=False,
            output_hidden_states=layers != [self.num_layers],
            output_attentions=weigh,
        )
        weights = torch.stack(made.attentions) if weigh else None
        if layers == [self.num_layers]:
            return made.last_hidden_state[None], weights
        wanted = range(self.num_layers + 1) if layers is None else layers
        return torch.stack([self._normed(made, layer) for layer in wanted]), weights

    @cached_property
    def _weighing_decoder(self) -> Any:
        """The decoder as it gives attention weights: a copy with the same parameters, since others
        compute with the decoder itself meanwhile."""
        shared = {
            id(each): each for each in (*self._decoder.parameters(), *self._decoder.buffers())
        }
        copied = copy.deepcopy(self._decoder, shared)
        copied.set_attn_implementation("eager")
        return copied

    def _normed(self, made: Any, layer: int) -> torch.Tensor:
        """States after the last norm, which transformers applies to those of the last layer
        only."""
        if layer == self.num_layers:
            last: torch.Tensor = made.last_hidden_state
            return last
        states: torch.Tensor = self._decoder.norm(made.hidden_states[layer])
        return states

    def _features(self, tiles: torch.Tensor) -> torch.Tensor:
        """Tiles [n, 3, H, W] to what stands for their tokens, float32 [n · tokens, dim]."""
        features = []
        for some in torch.split(tiles, TILES):
            pixels = some.to(self._device, self._dtype)
            seen = self._model.vision_model(pixel_values=pixels).last_hidden_state
            features.append(self._model.connector(seen.float()).flatten(0, 1))
        return torch.cat(features)


def _require_numbers(_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """The scores of the tokens that may come next, unchanged. Raises InvalidVector."""
    if scores.isnan().any():
        raise InvalidVector("the model gave a score that is no number")
    return scores


def _batches(prepared: dict[int, Prepared], weighed_tokens: int | None) -> Iterator[list[int]]:
    """The inputs by length, in groups that are not padded to more than PADDED_TOKENS; each alone
    where attention weights are wanted. Raises InputRefused if it is too long for these."""
    group: list[int] = []
    for number in sorted(prepared, key=lambda number: len(prepared[number].ids)):
        num_tokens = len(prepared[number].ids)
        if weighed_tokens is not None and num_tokens > weighed_tokens:
            raise InputRefused(
                f"attention weights are given of {weighed_tokens} tokens at most, and these are "
                f"{num_tokens}",
                number,
            )
        if group and (weighed_tokens or (len(group) + 1) * num_tokens > PADDED_TOKENS):
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
