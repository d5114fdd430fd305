"""What a vision-language model of SmolVLM's kind is given: tokens, pictures as tiles, masks.

The layout is that of transformers' processor and its chat template for one message:
`<|im_start|>User:`, pictures, text, prompt, `<end_of_utterance>`, `Assistant:`. The processor
itself is not used: it wants torchvision for videos, which are read as pictures here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from embeddings.backends.torch import load_image_processor
from embeddings.encoder import Image
from embeddings.errors import InputRefused, TextTooLong, WeightsCorrupt
from embeddings.plain_text import plain
from embeddings.pooling import Masks, Pooling, VlmInput, is_prompted, is_repeated

FAKE, IMAGE, GLOBAL = "<fake_token_around_image>", "<image>", "<global-img>"
END = "<end_of_utterance>"
"""Of a message; the tokenizer's own mark of an end where it has no such."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """An input as a model reads it."""

    ids: list[int]
    masks: Masks
    tiles: torch.Tensor | None
    """Of its pictures, float32 [tiles, 3, H, W], in the order of their tokens."""
    num_tokens: int
    """Of the uncut input."""

    @property
    def truncated(self) -> bool:
        """Whether a part of the text was left out."""
        return len(self.ids) < self.num_tokens


class InputMaker:
    """Texts and pictures to what one model reads. Safe to use from several threads."""

    def __init__(self, folder: Path, config: Any) -> None:
        """`config` is the model's. Raises WeightsCorrupt if the files of `folder` do not go
        together."""
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        self._marks = _uncut(tokenizer.backend_tokenizer)
        self._words = _without_marks(self._marks)
        self._processor = load_image_processor(folder)
        self._image_id = config.image_token_id
        self.num_positions = config.text_config.max_position_embeddings
        vision = config.vision_config
        per_side = vision.image_size // vision.patch_size // config.scale_factor
        self._tile_tokens = per_side**2
        self._before = self._encode(f"{tokenizer.bos_token or ''}User:")
        marks = tokenizer.get_added_vocab()
        end = END if END in marks else tokenizer.eos_token or ""
        self._after = self._encode(f"{end}\nAssistant:")
        self._mark_ids = frozenset(marks.values())
        self.ends = list(dict.fromkeys(self._encode(f"{end}{tokenizer.eos_token or ''}")))
        num_found = self._encode(self._picture_text(0, 0)).count(self._image_id)
        if num_found != self._tile_tokens:
            raise WeightsCorrupt(f"the tokenizer in {folder} has not the model's {IMAGE}")
        if self._processor.max_image_size["longest_edge"] != vision.image_size:
            raise WeightsCorrupt(
                f"{folder}: pictures are not made as large as the model reads them"
            )

    def prepare(
        self, item: VlmInput, pooling: Pooling, prompt: str, *, truncate: bool, split: bool
    ) -> Prepared:
        """An input with what follows it; `split` cuts large pictures into tiles.

        Raises InputRefused for what cannot be read, TextTooLong.
        """
        pictures = [self._picture(image, split) for image in item.images]
        image_ids = [token for ids, _ in pictures for token in ids]
        parts, num_tokens = self._parts(item.text, image_ids, pooling, prompt, truncate=truncate)
        tiles = torch.cat([tiles for _, tiles in pictures]) if pictures else None
        ids = [token for part in parts for token in part]
        return Prepared(ids, self._masks(parts), tiles, num_tokens)

    def measure(
        self, text: str | None, num_images: int, pooling: Pooling, prompt: str, *, truncate: bool
    ) -> tuple[int, int]:
        """The tokens of an uncut input whose pictures are not split, and how many of them are
        read. Raises as `prepare` does."""
        image_ids = self._encode(self._picture_text(0, 0)) * num_images
        parts, num_tokens = self._parts(text, image_ids, pooling, prompt, truncate=truncate)
        return num_tokens, sum(map(len, parts))

    def _parts(
        self,
        text: str | None,
        image_ids: list[int],
        pooling: Pooling,
        prompt: str,
        *,
        truncate: bool,
    ) -> tuple[tuple[list[int], ...], int]:
        """The tokens before the input, of pictures, text, text again, prompt, and after; and how
        many they would be uncut. Raises InputRefused, TextTooLong."""
        _check(text, bool(image_ids), pooling)
        asked = prompt if pooling.prompt is None and is_prompted(pooling) else pooling.prompt
        prompt_ids = self._tokens(f"\n{asked}") if asked else []
        words = self._words_of(text, follows=bool(image_ids))
        again = self._tokens(f"\n{text}") if is_repeated(pooling) else []
        fixed = len(self._before) + len(prompt_ids) + len(self._after)
        room = min(pooling.max_length, self.num_positions - len(image_ids)) - fixed
        num_tokens = fixed + len(image_ids) + len(words) + len(again)
        if len(words) + len(again) > room:
            words, again = _cut(words, again, room, truncate=truncate)
        return (self._before, image_ids, words, again, prompt_ids, self._after), num_tokens

    def count(self, texts: Sequence[str], prompt: str) -> list[int]:
        """The tokens of each uncut text with what follows it and the marks."""
        fixed = len(self._before) + len(self._tokens(f"\n{prompt}")) + len(self._after)
        return [fixed + len(self._words_of(text, follows=False)) for text in texts]

    def text_of(self, ids: Sequence[int]) -> str:
        """What a model has written, on one line, without marks and control characters."""
        words = [token for token in ids if token not in self._mark_ids]
        return plain(self._words.decode(words)).rstrip("\N{REPLACEMENT CHARACTER} ")

    def _masks(self, parts: Sequence[list[int]]) -> Masks:
        """Of the parts that `_parts` gives."""
        lengths = [len(part) for part in parts]
        part = np.repeat(np.arange(len(parts)), lengths)
        image = np.array([token == self._image_id for ids in parts for token in ids])
        # The marks before the first part of a picture are the same for every picture, too.
        first = int(image.argmax()) if lengths[1] else lengths[0]
        constant = np.arange(len(part)) < first
        return Masks(image, (part == 2) | (part == 3), part == 3, constant)

    def _words_of(self, text: str | None, *, follows: bool) -> list[int]:
        """The tokens of a text, which may follow pictures."""
        if text is None:
            return []
        return self._tokens(text if follows else f" {text}")

    def _tokens(self, text: str) -> list[int]:
        return list(self._words.encode(text, add_special_tokens=False).ids)

    def _encode(self, marked: str) -> list[int]:
        return list(self._marks.encode(marked, add_special_tokens=False).ids)

    def _picture(self, image: Image, split: bool) -> tuple[list[int], torch.Tensor]:
        """A picture's tokens, and its tiles: the parts row by row, if it is split, and the whole.

        The layout of the pixels is named, since a picture that is 3 high would be taken for
        [3, H, W].
        """
        made = self._processor(
            [[image]],
            do_image_splitting=split,
            return_row_col_info=True,
            input_data_format="channels_last",
            return_tensors="pt",
        )
        rows, columns = made["rows"][0][0], made["cols"][0][0]
        return self._encode(self._picture_text(rows, columns)), made["pixel_values"][0].float()

    def _picture_text(self, rows: int, columns: int) -> str:
        """What stands for a picture in a text; an `<image>` for each state that it gives."""
        tile = IMAGE * self._tile_tokens
        text = ""
        for row in range(1, rows + 1):
            parts = (f"{FAKE}<row_{row}_col_{column}>{tile}" for column in range(1, columns + 1))
            text += "".join(parts) + "\n"
        return f"{text}{chr(10) if rows else ''}{FAKE}{GLOBAL}{tile}{FAKE}"


def _check(text: str | None, has_images: bool, pooling: Pooling) -> None:
    if text is None and not has_images:
        raise InputRefused("there is neither text nor image")
    if text is None and pooling.kind in ("echo", "mean_text"):
        raise InputRefused(f"{pooling.kind} reads a text, and there is none")
    if not has_images and pooling.kind == "mean_image":
        raise InputRefused("mean_image reads pictures, and there is none")


def _cut(
    words: list[int], again: list[int], room: int, *, truncate: bool
) -> tuple[list[int], list[int]]:
    """A text, and its second occurrence if there is one, cut to `room` tokens together."""
    num_texts = 2 if again else 1
    if room < num_texts:
        raise InputRefused(
            "pictures and prompt leave no room for a text: send fewer pictures, a shorter prompt, "
            "or a larger max_length"
        )
    if not truncate:
        raise TextTooLong(
            f"the text has {len(words) + len(again)} tokens, and there is room for {room} beside "
            "its pictures and its prompt: shorten it, or ask for it to be cut (truncate)"
        )
    each = room // num_texts
    return words[:each], again[:each]


def _uncut(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that neither cuts nor pads."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _without_marks(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that spells marks out: an `<image>` in a person's text stands for no picture."""
    described = json.loads(tokenizer.to_str())
    for token in described["added_tokens"]:
        token["special"] = True
    copy = Tokenizer.from_str(json.dumps(described))
    copy.encode_special_tokens = True
    return copy
