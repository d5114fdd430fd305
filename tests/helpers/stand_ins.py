"""Stand-ins for the models of the hub: folders as the hub has them, with tiny models inside.

A stand-in has the architecture, the dimension and the kinds of files of the model that it stands
for, but one layer, letters for a vocabulary, and weights that were drawn and never trained.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizer,
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    GemmaTokenizer,
    MPNetConfig,
    MPNetModel,
    MPNetTokenizer,
    ResNetConfig,
    ResNetForImageClassification,
    SiglipConfig,
    SiglipModel,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    TimesformerConfig,
    TimesformerForVideoClassification,
    VideoMAEConfig,
    VideoMAEForVideoClassification,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizer,
)

from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from scripts.tiny.training import spread_weights
from tests.helpers.tiny_vlm import make_tiny_vlm

LETTERS = [chr(code) for code in range(ord("!"), ord("~") + 1)]
WORD_START = "▁"
MAX_TOKENS = 128
SIZE_PX = 32
SQUARE = {"height": SIZE_PX, "width": SIZE_PX}
ONE_LAYER = {"num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 32}
PATCHES = {"image_size": SIZE_PX, "patch_size": 16}
ACTIONS = dict(enumerate(["playing chess", "riding a horse", "ironing", "surfing", "welding"]))


def unpinned(space: Space) -> Space:
    """`space` with weights of any hash: a stand-in cannot have the one that is pinned."""
    if not isinstance(space.weights, HubWeights):
        return space
    return replace(space, weights=replace(space.weights, revision="local", sha256=None))


def make_stand_in(space: Space, model_dir: Path) -> None:
    """Saves a stand-in for the model of `space` where a person would put the model.

    Raises LookupError if STAND_INS does not say what kind of model it is.
    """
    repo = space.hub_weights.repo
    save = next((save for name, save in STAND_INS.items() if name in repo.lower()), None)
    if save is None:
        raise LookupError(f"{space.key} has no stand-in: say in STAND_INS what {repo} is like")
    folder = model_dir / repo
    folder.mkdir(parents=True)
    save(folder, space.dim)


def make_cross_encoder(folder: Path) -> None:
    """Saves a stand-in for a model that reads a query and a text together."""
    vocabulary = _word_pieces("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    config = BertConfig(hidden_size=32, vocab_size=len(vocabulary), num_labels=1, **ONE_LAYER)
    folder.mkdir(parents=True)
    _save(folder, BertForSequenceClassification(config), BertTokenizer(vocabulary))


def _save_bert(folder: Path, dim: int, pooling: str) -> None:
    vocabulary = _word_pieces("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    config = BertConfig(hidden_size=dim, vocab_size=len(vocabulary), **ONE_LAYER)
    _save_text_model(folder, BertModel(config), BertTokenizer(vocabulary), pooling)


def _save_mpnet(folder: Path, dim: int) -> None:
    vocabulary = _word_pieces("<s>", "<pad>", "</s>", "[UNK]", "<mask>")
    config = MPNetConfig(hidden_size=dim, vocab_size=len(vocabulary), **ONE_LAYER)
    _save_text_model(folder, MPNetModel(config), MPNetTokenizer(vocabulary), "mean")


def _save_xlm_roberta(folder: Path, dim: int) -> None:
    pieces = _scored_pieces("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    config = XLMRobertaConfig(hidden_size=dim, vocab_size=len(pieces), **ONE_LAYER)
    _save_text_model(folder, XLMRobertaModel(config), XLMRobertaTokenizer(pieces), "cls")


def _save_instructor(folder: Path, dim: int) -> None:
    """T5's encoder, with a further layer that brings its vectors to `dim`."""
    pieces = _scored_pieces("<pad>", "</s>", "<unk>")
    config = T5Config(
        vocab_size=len(pieces), d_model=48, d_kv=12, d_ff=32, num_heads=4, num_layers=1
    )
    tokenizer = T5Tokenizer(pieces, extra_ids=0)
    _save_text_model(folder, T5EncoderModel(config), tokenizer, "mean", "Dense")
    dense = torch.nn.Linear(config.d_model, dim, bias=False)
    spread_weights(dense)
    save_file({"linear.weight": dense.weight.data}, folder / "2_Dense" / "model.safetensors")
    settings = {"in_features": config.d_model, "out_features": dim, "bias": False}
    settings["activation_function"] = "torch.nn.modules.linear.Identity"
    _write(folder / "2_Dense" / "config.json", settings)


def _save_text_model(folder: Path, model: Any, tokenizer: Any, pooling: str, *further: str) -> None:
    """A model of transformers with what sentence-transformers wants beside it."""
    _save(folder, model, tokenizer)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS})
    modules = []
    for i, name in enumerate(("Transformer", "Pooling", *further, "Normalize")):
        path = f"{i}_{name}" if i else ""
        (folder / path).mkdir(exist_ok=True)
        kind = f"sentence_transformers.models.{name}"
        modules.append({"idx": i, "name": str(i), "path": path, "type": kind})
    _write(folder / "modules.json", modules)
    modes = {f"pooling_mode_{mode}_tokens": mode == pooling for mode in ("mean", "max")}
    modes |= {"pooling_mode_cls_token": pooling == "cls"}
    size = {"word_embedding_dimension": model.config.hidden_size}
    _write(folder / "1_Pooling" / "config.json", size | modes)


def _save_clip(folder: Path, dim: int) -> None:
    letters = sorted(ByteLevel.alphabet())
    ends = [f"{letter}</w>" for letter in letters]
    vocabulary = _numbered([*letters, *ends, "<|startoftext|>", "<|endoftext|>"])
    tokenizer = CLIPTokenizer(vocabulary, merges=[], model_max_length=77)
    tower = {"hidden_size": 32, **ONE_LAYER}
    text = {"vocab_size": len(vocabulary), **_special_ids(tokenizer)}
    config = CLIPConfig(text_config=tower | text, vision_config=tower | PATCHES, projection_dim=dim)
    _save(folder, CLIPModel(config), tokenizer)
    _write_processor(
        folder,
        feature_extractor_type="CLIPFeatureExtractor",
        size=SIZE_PX,
        do_center_crop=True,
        crop_size=SIZE_PX,
        image_mean=[0.48, 0.46, 0.41],
    )


def _save_siglip(folder: Path, dim: int) -> None:
    """SigLIP 2 has the architecture of SigLIP and the tokenizer of Gemma."""
    spelled = [f"<0x{byte:02X}>" for byte in range(256)]
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    vocabulary = _numbered([*special, *spelled, WORD_START, *LETTERS])
    tokenizer = GemmaTokenizer(
        vocabulary,
        merges=[],
        add_bos_token=False,
        add_eos_token=True,
        do_lower_case=True,
        padding_side="right",
        model_input_names=["input_ids"],
    )
    tower = {"hidden_size": dim, **ONE_LAYER}
    text = {"vocab_size": len(vocabulary), "projection_size": dim, **_special_ids(tokenizer)}
    config = SiglipConfig(text_config=tower | text, vision_config=tower | PATCHES)
    _save(folder, SiglipModel(config), tokenizer)
    _write_processor(
        folder, image_processor_type="SiglipImageProcessor", size=SQUARE, image_mean=[0.5] * 3
    )


def _save_resnet(folder: Path, dim: int) -> None:
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, dim], depths=[1, 1], num_labels=5)
    _save(folder, ResNetForImageClassification(config))
    _write_processor(
        folder,
        feature_extractor_type="ConvNextFeatureExtractor",
        size=SIZE_PX,
        crop_pct=0.875,
        image_mean=[0.485, 0.456, 0.406],
    )


def _save_video_model(folder: Path, dim: int, config_class: Any, model_class: Any) -> None:
    numbers = {label: number for number, label in ACTIONS.items()}
    config = config_class(
        hidden_size=dim, id2label=ACTIONS, label2id=numbers, **ONE_LAYER, **PATCHES
    )
    _save(folder, model_class(config))
    _write_processor(
        folder,
        image_processor_type="VideoMAEImageProcessor",
        size={"shortest_edge": SIZE_PX},
        do_center_crop=True,
        crop_size=SQUARE,
        image_mean=[0.45] * 3,
    )


STAND_INS: dict[str, Callable[[Path, int], object]] = {
    "mpnet": _save_mpnet,
    "bge-m3": _save_xlm_roberta,
    "bge": partial(_save_bert, pooling="cls"),
    "e5": partial(_save_bert, pooling="mean"),
    "instructor": _save_instructor,
    "clip": _save_clip,
    "siglip": _save_siglip,
    "smolvlm": make_tiny_vlm,
    "resnet": _save_resnet,
    "videomae": partial(
        _save_video_model, config_class=VideoMAEConfig, model_class=VideoMAEForVideoClassification
    ),
    "timesformer": partial(
        _save_video_model,
        config_class=TimesformerConfig,
        model_class=TimesformerForVideoClassification,
    ),
}
"""A part of the repository's name, and what saves a stand-in of a dimension; the first counts."""


def _word_pieces(*special: str) -> dict[str, int]:
    return _numbered([*special, *LETTERS, *(f"##{letter}" for letter in LETTERS)])


def _scored_pieces(*special: str) -> list[tuple[str, float]]:
    return [(piece, 0.0) for piece in (*special, WORD_START, *LETTERS)]


def _numbered(tokens: list[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _special_ids(tokenizer: Any) -> dict[str, int]:
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: getattr(tokenizer, name) for name in names}


def _save(folder: Path, model: Any, *further: Any) -> None:
    spread_weights(model)
    for part in (model, *further):
        part.save_pretrained(folder)


def _write_processor(folder: Path, **settings: Any) -> None:
    usual = {"do_resize": True, "do_normalize": True, "resample": 3, "image_std": [0.25] * 3}
    _write(folder / "preprocessor_config.json", usual | settings)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
