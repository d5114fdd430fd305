"""Spaces of the person's own models: a `space.json` beside the files of a model of a known family.

{"family": "image_text", "key": "my-clip", "dim": 512}
{"family": "video_classifier", "key": "my-actions", "dim": 768, "slot": "action"}
"""

import hashlib
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from embeddings.errors import InputRefused, InvalidSettings, UnknownSpace
from embeddings.pooling import ONE_WORD, EmbeddingType, Pooling
from embeddings.registry import families
from embeddings.registry.spaces import PROFILES, TEXT_MODELS
from embeddings.space import Space
from embeddings.weights.hub import MODEL_FILES, HubWeights

FILE = "space.json"
_TEXT_PROMPT = Annotated[str, Field(pattern=r"^[^{}]*\{\}$")]
_IMAGE_PROMPT = Annotated[str, Field(pattern=r"^[^{}]*\{\}[^{}]*$")]
_ENDS_BYTES = 1 << 20
RESERVED = {*TEXT_MODELS, *PROFILES, "full-text", "description-words", "descriptions"}
"""Names that mean something else where a space is named."""


class _LocalModel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
    dim: Annotated[int, Field(gt=0, le=4000)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class _SentenceTransformer(_LocalModel):
    family: Literal["sentence_transformer"]
    query: _TEXT_PROMPT = "{}"
    item: _TEXT_PROMPT = "{}"
    prompt_in_mean: bool = True

    def spaces(self, weights: HubWeights) -> tuple[Space, ...]:
        texts = families.sentence_transformer(
            self.key,
            self.dim,
            weights,
            query=self.query,
            item=self.item,
            prompt_in_mean=self.prompt_in_mean,
        )
        return texts, families.descriptions(texts)


class _ImageText(_LocalModel):
    family: Literal["image_text"]
    prompts: Annotated[tuple[_IMAGE_PROMPT, ...], Field(min_length=1)] = families.PHOTO_PROMPTS

    def spaces(self, weights: HubWeights) -> tuple[Space, ...]:
        return (families.image_text(self.key, self.dim, weights, self.prompts),)


class _VisionLanguage(_LocalModel):
    family: Literal["vision_language"]
    prompt: Annotated[str, Field(pattern=r"^[^{}]*$")] = ONE_WORD
    embedding_type: EmbeddingType = "last"
    layers: tuple[int, ...] = ()
    max_length: Annotated[int, Field(gt=0)] = 512

    def spaces(self, weights: HubWeights) -> tuple[Space, ...]:
        pooling = Pooling(self.embedding_type, self.layers, max_length=self.max_length)
        return (
            families.vision_language(
                self.key, self.dim, weights, pooling=pooling, prompt=self.prompt
            ),
        )


class _ImageFeatures(_LocalModel):
    family: Literal["image_features"]

    def spaces(self, weights: HubWeights) -> tuple[Space, ...]:
        return (families.image_features(self.key, self.dim, weights),)


class _VideoClassifier(_LocalModel):
    family: Literal["video_classifier"]
    slot: Literal["action", "temporal"] = "action"

    def spaces(self, weights: HubWeights) -> tuple[Space, ...]:
        return families.video_classifier(self.key, self.slot, self.dim, weights)


class _File(BaseModel):
    model: Annotated[
        _SentenceTransformer | _ImageText | _VisionLanguage | _ImageFeatures | _VideoClassifier,
        Field(discriminator="family"),
    ]


def local_spaces(model_dir: Path | None) -> dict[str, Space]:
    """The spaces that the folders in `model_dir` declare, by key.

    Raises UnknownSpace for a declaration that cannot be used, InvalidSettings for one of vectors
    that nothing can be found by.
    """
    files = sorted(model_dir.glob(f"*/{FILE}")) if model_dir is not None else []
    spaces: dict[str, Space] = {}
    for path in files:
        for space in _read(path):
            if space.key in spaces:
                raise UnknownSpace(f"{path}: another model of that folder has key {space.key!r}")
            spaces[space.key] = space
    return spaces


def _read(path: Path) -> tuple[Space, ...]:
    try:
        text = path.read_bytes()
        declared = _File.model_validate_json(b'{"model":' + text + b"}").model
        revision = f"local-{_fingerprint(text, path.parent)}"
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"][1:])) or "the whole"
        raise UnknownSpace(f"{path}: {where}: {first['msg']}") from None
    except OSError as error:
        raise UnknownSpace(f"{path} cannot be read: {error.strerror}") from None
    if declared.key in RESERVED:
        raise UnknownSpace(f"{path}: the key {declared.key!r} has another meaning: choose another")
    try:
        return declared.spaces(HubWeights(path.parent.name, revision, declared.sha256))
    except (InvalidSettings, InputRefused) as error:
        raise InvalidSettings(f"{path}: {error}") from None


def _fingerprint(declaration: bytes, folder: Path) -> str:
    """A hash of the declaration, and of the size and the ends of the file with the weights.

    It tells a model from one that was put in its place without reading gigabytes.
    """
    digest = hashlib.sha256(declaration)
    for path in (folder / name for name in MODEL_FILES):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(file.read(_ENDS_BYTES))
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _ENDS_BYTES))
                digest.update(file.read() + str(size).encode())
    return digest.hexdigest()[:12]
