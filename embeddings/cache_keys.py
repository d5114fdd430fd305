"""Keys of cached vectors: a hash over all that makes a vector.

Two vectors that may differ never share a key: model, revision, weights, dimension, pooling,
prompts, projection, preprocessing, and the input itself.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

from embeddings.encoder import Image, InputType
from embeddings.pooling import Pooling
from embeddings.space import Input, Space

_PREPARING = (".json", ".txt")
COMPUTATION = 1
"""Raise it when the code of an encoder changes what it makes of the same weights."""


def identity_of(space: Space, query_space: Space | None, folder: Path | None) -> str:
    """What makes the vectors of a space, as a hash; `query_space` projects its labels, if any, and
    `folder` holds a model of the hub, whose small files say how inputs are prepared."""
    made_by: list[object] = [COMPUTATION]
    made_by += [_facts(each) for each in (space, query_space) if each is not None]
    made_by += [_preparation(folder)] if folder is not None else []
    return hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()


def instruction_key(identity: str, space: Space, input_type: InputType, text: str) -> str:
    """The key of a text's vector. Queries and documents share it where no prompt tells them
    apart."""
    prompts = list(space.query_prompts)
    if space.input is Input.TEXT and input_type == "document":
        prompts = [space.item_prompt]
    digest = hashlib.sha256(json.dumps([identity, prompts, text]).encode())
    return f"embedding:instruction:{digest.hexdigest()}"


def image_key(identity: str, image: Image | bytes) -> str:
    """The key of a picture's vector: of its file as it was sent, or of its pixels."""
    return f"embedding:image:{_digest(identity, image)}"


def reading_key(
    identity: str, pooling: Pooling, text: str | None, image: Image | bytes | None
) -> str:
    """The key of what a pooling takes of a model that reads a text, a picture, or both at once."""
    asked = [identity, dataclasses.astuple(pooling), text]
    if image is None:
        return f"embedding:instruction:{hashlib.sha256(json.dumps(asked).encode()).hexdigest()}"
    return f"embedding:image:{_digest(asked, image)}"


def _digest(made_by: object, image: Image | bytes) -> str:
    shape, data = ("file", image) if isinstance(image, bytes) else (image.shape, image.tobytes())
    digest = hashlib.sha256(json.dumps([made_by, shape]).encode())
    digest.update(data)
    return digest.hexdigest()


def _preparation(folder: Path) -> dict[str, str]:
    """The hashes of a model's configuration, tokenizer and processor."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _PREPARING)
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _facts(space: Space) -> dict[str, object]:
    facts = dataclasses.asdict(space)
    facts["weights"] = [type(space.weights).__name__, space.revision, space.weights.sha256]
    return facts
