"""What a vision-language model of SmolVLM2-256M's sizes is given."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from embeddings.encoders.vlm_inputs import InputMaker
from embeddings.pooling import Pooling, VlmInput
from scripts.tiny.vlm import PROCESSOR, tokenizer_of

SIZES = {"size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}}
IMAGE = "<image>"
FRAME = np.zeros((180, 320, 3), np.uint8)


@pytest.mark.parametrize(
    ("num_frames", "split", "num_tiles"), [(1, False, 1), (1, True, 13), (3, False, 3)]
)
def test_a_tile_is_64_tokens_and_a_split_picture_of_16_to_9_is_13_tiles(
    num_frames: int, split: bool, num_tiles: int, tmp_path: Path
) -> None:
    tokenizer = tokenizer_of()
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(PROCESSOR | SIZES))
    image_id = tokenizer.convert_tokens_to_ids(IMAGE)
    config = SimpleNamespace(
        image_token_id=image_id,
        scale_factor=4,
        vision_config=SimpleNamespace(image_size=512, patch_size=16),
        text_config=SimpleNamespace(max_position_embeddings=8192),
    )
    made = InputMaker(tmp_path, config).prepare(
        VlmInput(None, (FRAME,) * num_frames), Pooling(), "", truncate=False, split=split
    )
    assert made.tiles is not None
    assert made.tiles.shape == (num_tiles, 3, 512, 512)
    assert made.ids.count(image_id) == made.masks.image.sum() == 64 * num_tiles
