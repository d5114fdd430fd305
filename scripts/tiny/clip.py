"""A CLIP that knows colours and shapes."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers.pre_tokenizers import ByteLevel
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer, CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from scripts.tiny.drawing import COLOURS, SHAPES, Picture, draw_shape
from scripts.tiny.training import SIZE_PX, fit, normalised, spread_weights

THINGS = tuple(product(COLOURS, SHAPES))
"""(colour, shape)."""
TEMPLATES = (
    "{}",
    "a {}",
    "the {}",
    "a photo of a {}",
    "an image of a {}",
    "a drawing of a {}",
    "a picture of one {}",
)
PROJECTION_DIM = 64
TOWER = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "projection_dim": PROJECTION_DIM,  # here too, so that each tower also loads alone
}
MAX_TOKENS = 77
WORD_END = "</w>"
NUM_STEPS = 500
DRAWINGS_EACH = 6
"""Of each thing in a batch."""
LEARNING_RATE = 2e-3


def train_clip(folder: Path) -> float:
    """Save a CLIP in `folder`; returns the share of new drawings matched with their caption."""
    tokenizer = _tokenizer()
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": SIZE_PX}, crop_size={"height": SIZE_PX, "width": SIZE_PX}
    )
    model = CLIPModel(_config(tokenizer))
    _train(model, processor, tokenizer)
    for part in (model, processor, tokenizer):
        part.save_pretrained(folder)
    return _accuracy(folder)


def _config(tokenizer: Any) -> Any:
    text = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": MAX_TOKENS,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,  # its position is where the text is pooled
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {"image_size": SIZE_PX, "patch_size": 8}
    return CLIPConfig(
        text_config=TOWER | text, vision_config=TOWER | vision, projection_dim=PROJECTION_DIM
    )


def _tokenizer() -> Any:
    """CLIP's own kind of tokenizer, which merges the words of the captions to one token each.

    All bytes are in its vocabulary, so it can spell any other text.
    """
    words = {word for template in TEMPLATES for word in template.split() if word != "{}"}
    merges = _merges(sorted(words | set(COLOURS) | set(SHAPES)))
    alphabet = sorted(ByteLevel.alphabet())
    tokens = alphabet + [byte + WORD_END for byte in alphabet]
    tokens += ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=MAX_TOKENS)


def _merges(words: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs to merge, each word from its first letter on.

    The trainer in `tokenizers` breaks ties at random, so no two of its vocabularies are alike.
    """
    merges: dict[tuple[str, str], None] = {}
    for word in words:
        letters = [*word[:-1], word[-1] + WORD_END]
        for end in range(1, len(letters)):
            merges["".join(letters[:end]), letters[end]] = None
    return list(merges)


def _captions(tokenizer: Any, rng: np.random.Generator) -> Any:
    """One caption for each of THINGS, as the model takes them: tokens [n, longest]."""
    templates = rng.choice(TEMPLATES, len(THINGS))
    texts = [str(t).format(" ".join(thing)) for t, thing in zip(templates, THINGS, strict=True)]
    return tokenizer(texts, padding=True, return_tensors="pt")


def _drawings(num_each: int, size_px: int, rng: np.random.Generator) -> list[Picture]:
    """All of THINGS in their order, `num_each` times over."""
    return [draw_shape(*thing, size_px, rng) for _ in range(num_each) for thing in THINGS]


def _train(model: Any, processor: Any, tokenizer: Any) -> None:
    rng = np.random.default_rng(0)
    own = torch.arange(len(THINGS)).repeat(DRAWINGS_EACH)

    def next_loss() -> torch.Tensor:
        """CLIP's loss, both ways; every text and picture meets each of the others' things once."""
        pixels = normalised(np.stack(_drawings(DRAWINGS_EACH, SIZE_PX, rng)), processor)
        scores = model(pixel_values=pixels, **_captions(tokenizer, rng)).logits_per_image
        squares = scores.unflatten(0, (DRAWINGS_EACH, len(THINGS)))
        of_text = cross_entropy(scores, own)
        of_picture = cross_entropy(squares.mT.flatten(0, 1), own)
        return (of_text + of_picture) / 2

    spread_weights(model)
    fit(model, next_loss, NUM_STEPS, LEARNING_RATE)


@torch.inference_mode()
def _accuracy(folder: Path, num_each: int = 40, size_px: int = 96) -> float:
    """The share of new, larger drawings that their own caption suits best, by the saved model."""
    model = CLIPModel.from_pretrained(folder)
    processor = CLIPImageProcessorPil.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rng = np.random.default_rng(1)
    pixels = processor(_drawings(num_each, size_px, rng), return_tensors="pt")
    scores = model(**pixels, **_captions(tokenizer, rng)).logits_per_image
    own = torch.arange(len(THINGS)).repeat(num_each)
    return float((scores.argmax(-1) == own).float().mean())
