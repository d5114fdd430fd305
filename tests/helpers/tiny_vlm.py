"""A small SmolVLM of transformers' own classes, in the hub's format, with weights drawn at random.

It has the layout of SmolVLM2-256M: a tokenizer with its marks, a vision tower, a connector that
makes one token of four patches, and a causal decoder with grouped heads.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

from scripts.tiny.training import spread_weights

SIZE_PX = 32
TILE_TOKENS = 4
MAX_POSITIONS = 1024
MARKS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<end_of_utterance>",
    "<fake_token_around_image>",
    "<image>",
    "<global-img>",
    *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)),
]


def make_tiny_vlm(folder: Path, dim: int = 32, num_layers: int = 5) -> Path:
    """Saves the model into `folder`, and gives it back."""
    tokenizer = tiny_tokenizer()
    config = SmolVLMConfig(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        tie_word_embeddings=True,
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": SIZE_PX,
            "patch_size": 8,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": dim,
            "intermediate_size": 64,
            "num_hidden_layers": num_layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": MAX_POSITIONS,
            "tie_word_embeddings": True,
        },
    )
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


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Bytes for a vocabulary, and the marks of SmolVLM2."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(MARKS)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<|im_start|>",
        unk_token="<|endoftext|>",
        padding_side="left",
    )
