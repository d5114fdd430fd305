"""The model of SmolVLM and its kind: the states of its decoder, and the tokens that it writes."""

import copy
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, GenerationConfig

from embeddings.backends.int8 import quantize_linears
from embeddings.backends.torch import load_model, torch_device, torch_dtype
from embeddings.encoder import Vectors
from embeddings.encoders.vlm_inputs import Prepared
from embeddings.errors import EmbeddingError, InvalidVector
from embeddings.pooling import Padding
from embeddings.runtime import Runtime

TILES = 8
"""Tiles of one pass through the vision tower."""
KINDS = ("smolvlm", "idefics3")


class VlmModel:
    """A vision tower, in the runtime's precision, and a decoder, in float32. Safe to use from
    several threads."""

    def __init__(self, folder: Path, runtime: Runtime, *, int8: bool) -> None:
        """Raises WeightsCorrupt, and EmbeddingError for a model of another kind, or int8 elsewhere
        than on a CPU."""
        self._writer = load_model(AutoModelForImageTextToText, folder, runtime)
        self.config = self._writer.config
        if self.config.model_type not in KINDS:
            raise EmbeddingError(
                f"{folder} holds a {self.config.model_type}; what is read is {', '.join(KINDS)}"
            )
        self.num_layers: int = self.config.text_config.num_hidden_layers
        self._num_positions: int = self.config.text_config.max_position_embeddings
        self._device = torch_device(runtime)
        self._dtype = torch_dtype(runtime)
        self._model = self._writer.model  # without the head, which names tokens
        self._model.vision_model.to(self._dtype)
        self.decoder = self._model.text_model
        if int8:
            if self._device.type != "cpu":
                raise EmbeddingError(f"int8 is for a cpu, and the model runs on {self._device}")
            quantize_linears(self.decoder)

    @torch.inference_mode()
    def states(
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

    @torch.inference_mode()
    def written(
        self, batch: Sequence[Prepared], max_tokens: int, ends: Sequence[int]
    ) -> list[list[int]]:
        """The tokens that follow each input, always the likeliest, until one of `ends`.

        Raises InvalidVector.
        """
        ids, mask = self._padded(batch, "left")
        made: torch.Tensor = self._writer.generate(
            inputs_embeds=self._embedded(ids, mask, batch),
            attention_mask=mask,
            generation_config=_generation(ends),
            max_new_tokens=min(max_tokens, self._num_positions - ids.shape[1]),
            logits_processor=[_require_numbers],
        )
        return [list(row) for row in made.tolist()]

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
        embeds: torch.Tensor = self.decoder.get_input_embeddings()(ids)
        tiles = [each.tiles for each in batch if each.tiles is not None]
        if tiles:
            # Padding is token 0, which may be the image's own.
            is_image = (ids == self.config.image_token_id) & mask.bool()
            embeds[is_image] = self._features(torch.cat(tiles))
        return embeds

    def _forward(
        self, embeds: torch.Tensor, mask: torch.Tensor, layers: list[int] | None, weigh: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """[layers, batch, tokens, dim], and [layers, batch, heads, tokens, tokens] if wanted."""
        decoder = self._weighing_decoder if weigh else self.decoder
        lower = True if layers is None else [each for each in layers if each != self.num_layers]
        made: Any = decoder(
            inputs_embeds=embeds,
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0),
            use_cache=False,
            output_hidden_states=lower or False,  # of these alone: all would be 30 times as large
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
        shared = {id(each): each for each in (*self.decoder.parameters(), *self.decoder.buffers())}
        copied = copy.deepcopy(self.decoder, shared)
        copied.set_attn_implementation("eager")
        return copied

    def _normed(self, made: Any, layer: int) -> torch.Tensor:
        """States after the last norm, which transformers applies to those of the last layer
        only."""
        if layer == self.num_layers:
            last: torch.Tensor = made.last_hidden_state
            return last
        states: torch.Tensor = self.decoder.norm(made.hidden_states[layer])
        return states

    def _features(self, tiles: torch.Tensor) -> torch.Tensor:
        """Tiles [n, 3, H, W] to what stands for their tokens, float32 [n · tokens, dim]."""
        features = []
        for some in torch.split(tiles, TILES):
            pixels = some.to(self._device, self._dtype)
            seen = self._model.vision_model(pixel_values=pixels).last_hidden_state
            features.append(self._model.connector(seen.float()).flatten(0, 1))
        return torch.cat(features)


def _generation(ends: Sequence[int]) -> GenerationConfig:
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        eos_token_id=list(ends),
        pad_token_id=next(iter(ends), None),
        return_dict_in_generate=False,
    )


def _require_numbers(_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """The scores of the tokens that may come next, unchanged. Raises InvalidVector."""
    if scores.isnan().any():
        raise InvalidVector("the model gave a score that is no number")
    return scores
