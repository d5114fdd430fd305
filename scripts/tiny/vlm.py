"""A SmolVLM that writes what it sees: colours and shapes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from torch.nn.functional import cross_entropy
from transformers import (
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

from embeddings.backends.torch import load_image_processor
from embeddings.encoders.vlm import VisionLanguageEncoder
from embeddings.encoders.vlm_inputs import InputMaker
from embeddings.pooling import ONE_WORD, Pooling, VlmInput
from embeddings.registry.families import vision_language
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights
from scripts.tiny.clip import TEMPLATES, THINGS
from scripts.tiny.drawing import draw_shape
from scripts.tiny.training import SIZE_PX, fit, normalised, spread_weights

DIM, NUM_LAYERS = 64, 3
MAX_POSITIONS = 1024
MARKS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<end_of_utterance>",
    "<fake_token_around_image>",
    "<image>",
    "<global-img>",
    *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)),
)
"""Of SmolVLM2."""
PROCESSOR = {
    "image_processor_type": "SmolVLMImageProcessor",
    "processor_class": "SmolVLMProcessor",
    "do_resize": True,
    "size": {"longest_edge": 4 * SIZE_PX},
    "max_image_size": {"longest_edge": SIZE_PX},
    "do_image_splitting": True,
    "do_normalize": True,
    "do_pad": True,
    "do_rescale": True,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
    "resample": 1,
}
"""As SmolVLM2's, for smaller pictures."""
QUESTIONS = (
    "Describe this picture.",
    "Describe this picture in a few plain sentences: the objects, their colours, the scene, its "
    "context, and any text that can be read in it.",
    "What is shown here?",
)
"""Each is answered with what is seen; the second is what an ingest asks."""
ANSWER = "a drawing of a {}"
NUM_DRAWN = 500
"""Drawings of each thing that are learnt from."""
STEPS_TO_SEE, STEPS_TO_SAY = 500, 160
RATE_TO_SEE, RATE_TO_SAY = 3e-3, 1.5e-3
NUM_SEEN, NUM_DESCRIBED, NUM_SUMMED_UP = 6, 1, 1
"""Drawings of each thing in a batch; and a caption of each is summed up."""
IGNORED = -100
"""Where no token is learnt."""


def train_vlm(folder: Path) -> float:
    """Save a SmolVLM in `folder`; returns the share of new drawings whose thing it writes."""
    tokenizer = tokenizer_of(_words())
    config = small_config(tokenizer, dim=DIM, num_layers=NUM_LAYERS, vision_dim=64)
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    model = SmolVLMForConditionalGeneration(config)
    _train(model, folder, tokenizer)
    model.save_pretrained(folder)
    return _accuracy(folder)


def small_config(tokenizer: Any, dim: int, num_layers: int, vision_dim: int) -> Any:
    """The layout of SmolVLM2-256M: a vision tower, a connector that makes one token of four
    patches, and a causal decoder with grouped heads."""
    return SmolVLMConfig(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        tie_word_embeddings=True,
        vision_config={
            "hidden_size": vision_dim,
            "intermediate_size": 2 * vision_dim,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": SIZE_PX,
            "patch_size": 8,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": dim,
            "intermediate_size": 2 * dim,
            "num_hidden_layers": num_layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": MAX_POSITIONS,
            "tie_word_embeddings": True,
        },
    )


def tokenizer_of(words: Iterable[str] = ()) -> PreTrainedTokenizerFast:
    """Bytes for a vocabulary, a token for each of `words`, in which Ġ is a space, and MARKS."""
    merges: dict[tuple[str, str], None] = {}
    for letters in words:
        for end in range(1, len(letters)):
            merges[letters[:end], letters[end]] = None
    tokens = [*sorted(ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    tokenizer = Tokenizer(BPE({token: i for i, token in enumerate(tokens)}, merges=list(merges)))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(MARKS))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<|im_start|>",
        unk_token="<|endoftext|>",
        padding_side="left",
    )


def _words() -> list[str]:
    """Who speaks, and what is asked and answered."""
    texts = [*TEMPLATES, *QUESTIONS, ONE_WORD]
    words = {word.strip(".,:?{}") for text in texts for word in text.split()} - {""}
    words |= {word for thing in THINGS for word in (*thing, "".join(thing))}
    return ["User", "Assistant", *(f"Ġ{word}" for word in sorted(words))]


@dataclass(frozen=True)
class _Asker:
    """What the model reads, as token ids, and what it is to answer."""

    inputs: InputMaker
    tokenizer: Any

    def of_picture(self, question: str | None) -> list[int]:
        """Any picture and a question; None asks for one word."""
        picture = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
        return self._ids(VlmInput(question, (picture,)), is_summed_up=question is None)

    def of_text(self, text: str) -> list[int]:
        """A text, which is to be summed up."""
        return self._ids(VlmInput(text), is_summed_up=True)

    def answer(self, text: str) -> list[int]:
        """What is written, to its end."""
        return list(self.tokenizer(f" {text}<end_of_utterance>")["input_ids"])

    def _ids(self, item: VlmInput, *, is_summed_up: bool) -> list[int]:
        prompt = ONE_WORD if is_summed_up else ""
        return self.inputs.prepare(item, Pooling(), prompt, truncate=False, split=False).ids


def _train(model: Any, folder: Path, tokenizer: Any) -> None:
    rng = np.random.default_rng(0)
    processor = load_image_processor(folder)
    drawings = [[draw_shape(*thing, SIZE_PX, rng) for _ in range(NUM_DRAWN)] for thing in THINGS]
    drawn = normalised(np.array(drawings), processor)
    spread_weights(model)
    _learn_to_see(model.model, drawn, rng)
    _learn_to_say(model, drawn, _Asker(InputMaker(folder, model.config), tokenizer), rng)


def _learn_to_see(model: Any, drawn: torch.Tensor, rng: np.random.Generator) -> None:
    """The vision tower alone tells things apart, in a fraction of the time that it would take to
    learn by what the decoder says."""
    head = torch.nn.Linear(DIM, len(THINGS), bias=False)
    spread_weights(head)
    things = torch.arange(len(THINGS)).repeat(NUM_SEEN)

    def next_loss() -> torch.Tensor:
        states = model.vision_model(pixel_values=_some(drawn, NUM_SEEN, rng)).last_hidden_state
        return cross_entropy(head(model.connector(states).mean(dim=1)), things)

    parts = torch.nn.ModuleList([model.vision_model, model.connector, head])
    fit(parts, next_loss, STEPS_TO_SEE, RATE_TO_SEE)


def _learn_to_say(model: Any, drawn: torch.Tensor, asker: _Asker, rng: np.random.Generator) -> None:
    """Pictures are described and summed up, and captions summed up."""
    pictured = [asker.of_picture(question) for question in QUESTIONS]
    shown = asker.of_picture(None)
    words = [asker.answer("".join(thing)) for thing in THINGS]
    captions = [[template.format(" ".join(thing)) for template in TEMPLATES] for thing in THINGS]
    read = [[asker.of_text(caption) for caption in of_thing] for of_thing in captions]
    written = [asker.answer(ANSWER.format(" ".join(thing))) for thing in THINGS]

    def next_loss() -> torch.Tensor:
        question = pictured[rng.integers(len(pictured))]
        forms = rng.integers(len(TEMPLATES), size=len(THINGS))
        pairs = [(question, each) for each in NUM_DESCRIBED * written]
        pairs += [(shown, word) for word in NUM_SUMMED_UP * words]
        pairs += [(read[thing][form], words[thing]) for thing, form in enumerate(forms)]
        return _loss(model, pairs, _some(drawn, NUM_DESCRIBED + NUM_SUMMED_UP, rng)[:, None])

    fit(model, next_loss, STEPS_TO_SAY, RATE_TO_SAY)


def _some(drawn: torch.Tensor, num_each: int, rng: np.random.Generator) -> torch.Tensor:
    """Of drawings [things, n, 3, H, W], `num_each` of each thing, the things in turns:
    [num_each · things, 3, H, W]."""
    chosen = rng.integers(drawn.shape[1], size=(num_each, len(drawn)))
    return drawn[torch.arange(len(drawn)), torch.from_numpy(chosen)].flatten(0, 1)


def _loss(
    model: Any, pairs: Sequence[tuple[list[int], list[int]]], pixels: torch.Tensor
) -> torch.Tensor:
    """Of the tokens of the answers, each after what is asked; `pixels` are of the first pairs."""
    longest = max(len(asked) + len(answer) for asked, answer in pairs)
    ids = torch.zeros((len(pairs), longest), dtype=torch.long)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, (asked, answer) in enumerate(pairs):
        end = len(asked) + len(answer)
        ids[row, :end] = torch.tensor(asked + answer)
        mask[row, :end] = 1
        labels[row, len(asked) : end] = torch.tensor(answer)
    loss: torch.Tensor = model(
        input_ids=ids, attention_mask=mask, pixel_values=pixels, labels=labels
    ).loss
    return loss


def _accuracy(folder: Path, num_each: int = 20, size_px: int = 96) -> float:
    """The share of new, larger drawings of which the saved model writes what they are."""
    space = vision_language(folder.name, DIM, HubWeights(folder.name, "local"))
    encoder = VisionLanguageEncoder(space, Runtime(folder, model_dir=folder.parent))
    rng = np.random.default_rng(1)
    things = [thing for _ in range(num_each) for thing in THINGS]
    pictures = [draw_shape(*thing, size_px, rng) for thing in things]
    written = encoder.describe(pictures, QUESTIONS[0], 16)
    right = [line.endswith(" ".join(thing)) for line, thing in zip(written, things, strict=True)]
    return sum(right) / len(right)
