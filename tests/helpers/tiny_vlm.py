"""A small SmolVLM of transformers' own classes, in the hub's format, with weights drawn at random.

Its layout is that of the trained one (scripts/tiny/vlm.py).
"""

import json
from pathlib import Path

from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    SmolVLMForConditionalGeneration,
)

from scripts.tiny.training import spread_weights
from scripts.tiny.vlm import PROCESSOR, small_config, tokenizer_of

TILE_TOKENS = 4


def make_tiny_vlm(folder: Path, dim: int = 32, num_layers: int = 5) -> Path:
    """Saves the model into `folder`, and gives it back."""
    tokenizer = tokenizer_of()
    config = small_config(tokenizer, dim, num_layers, vision_dim=16)
    model = SmolVLMForConditionalGeneration(config)
    spread_weights(model)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


def make_tiny_idefics3(folder: Path) -> Path:
    """The same as Idefics 3, whose parts have the same names; so have those of the first
    SmolVLM."""
    make_tiny_vlm(folder)
    made = json.loads((folder / "config.json").read_text())
    vision = {key: value for key, value in made["vision_config"].items() if key != "model_type"}
    config = Idefics3Config(
        image_token_id=made["image_token_id"],
        scale_factor=made["scale_factor"],
        vision_config=vision,
        text_config=made["text_config"],
    )
    model = Idefics3ForConditionalGeneration(config)
    spread_weights(model)
    model.save_pretrained(folder)
    processor = PROCESSOR | {"image_processor_type": "Idefics3ImageProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def declare_tiny_vlm(model_dir: Path, key: str) -> Path:
    """Saves it as a person's own model, with a space.json beside it, into `model_dir`."""
    folder = make_tiny_vlm(model_dir / "tiny-vlm")
    declared = {"family": "vision_language", "key": key, "dim": 32}
    (folder / "space.json").write_text(json.dumps(declared))
    return model_dir
