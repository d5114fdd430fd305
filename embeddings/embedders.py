"""Models as plain objects for Python programs: texts, pictures, and both, to vectors of one space.

They are synchronous, and share the loaded models of the process; a model is loaded when it is
first used. For many callers at once, with a cache, there is EmbeddingService (service.py).
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Generic, TypeVar, get_args, overload

import numpy as np
from PIL import Image as Pillow

from embeddings.encoder import Image, InputType, Vectors, check_vectors, fuse, normalise
from embeddings.errors import InvalidVector, PictureUnreadable, UnknownSpace
from embeddings.loaded import Encoders
from embeddings.pictures import Picture, rgb_of
from embeddings.registry.spaces import choose_spaces
from embeddings.runtime import Runtime, num_cores
from embeddings.settings import EmbeddingSettings, load_settings
from embeddings.space import Input, Space

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Embedded:
    """A vector, and what made it."""

    vector: Vectors = field(repr=False)
    """float32 [dimension], of unit length."""
    space: str
    """The key of the space: only vectors of one space may be compared."""
    model: str
    revision: str
    """Of the model's weights."""

    @property
    def dimension(self) -> int:
        """How many numbers the vector has."""
        return len(self.vector)


@dataclass(frozen=True, eq=False)
class EmbeddedText(Embedded):
    """The vector of a text."""

    num_tokens: int
    """Tokens of the whole text, with those of its prompt and the model's marks."""
    truncated: bool
    """Whether that is more than the model reads: the vector says nothing of the rest."""


@dataclass(frozen=True, eq=False)
class EmbeddedImage(Embedded):
    """The vector of a picture."""

    image_hash: str
    """SHA-256, in hex, of the text "HEIGHTxWIDTH" and the RGB pixels, row by row: a picture has
    the same in memory and in a file that keeps its pixels, such as a PNG."""
    width: int
    height: int


class SpaceModel:
    """A model that makes the vectors of one space; it is loaded when it is first used."""

    def __init__(self, model: str, device: str, takes: Input | None = None) -> None:
        """`model` is a space's key, a model's name, or fast, balanced, quality; `device` is where
        models of the hub run: cpu, cuda, mps, or auto, which is EMBEDDING_DEVICE.

        Raises InvalidSettings, UnknownSpace, also for a space that is not made of what it `takes`.
        """
        self._encoders = _encoders(device)
        self.space = _find_space(model, self._encoders.spaces, takes)

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self.space.dim


class Embedder(SpaceModel, ABC, Generic[Item]):
    """Items of one kind to unit vectors."""

    @abstractmethod
    def encode(self, items: Item | Sequence[Item]) -> Vectors:
        """One item or several to float32 [n, dim]."""

    def encode_single(self, item: Item) -> Vectors:
        """An item to float32 [dim]."""
        vector: Vectors = self.encode(item)[0]
        return vector

    def similarity(self, a: Item | Vectors, b: Item | Vectors) -> float:
        """The cosine between two items, or vectors [dim] of the space, from -1 to 1."""
        return float(self._vector(a) @ self._vector(b))

    def _vector(self, item: Item | Vectors) -> Vectors:
        if isinstance(item, np.ndarray) and item.ndim == 1:
            return _unit(item, self.dimension)
        return self.encode_single(item)  # type: ignore[arg-type]


class TextEmbedder(Embedder[str]):
    """Texts to vectors of a space that texts can be compared with."""

    def __init__(
        self, model: str = "minilm-l6", device: str = "auto", *, input_type: InputType = "document"
    ) -> None:
        """Some models read a query with another prompt than a document; in a space of pictures
        every text is a query. Raises UnknownSpace, NoTextQuery, InvalidSettings, ValueError."""
        if input_type not in get_args(InputType):
            raise ValueError(f"input_type is query or document, not {input_type!r}")
        super().__init__(model, device)
        self._made_by = self._encoders.text_space(self.space)
        is_document = self._made_by.input is Input.TEXT and input_type == "document"
        self._prompts = (self._made_by.item_prompt,) if is_document else self._made_by.query_prompts
        self._input_type = input_type

    def encode(self, texts: str | Sequence[str]) -> Vectors:
        """A text or several to float32 [n, dim]; what is too long for the model is cut. Raises
        WeightsMissing, WeightsCorrupt."""
        texts = [texts] if isinstance(texts, str) else texts
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return self._encoders.encode_texts(self.space, texts, self._input_type)

    def preprocess(self, text: str) -> str:
        """The text as the model's tokenizer is given it: inside its prompt, otherwise unchanged.

        A model that reads a text in several prompts (CLIP) is shown with the longest.
        """
        return max((prompt.format(text) for prompt in self._prompts), key=len)

    @overload  # a text is a sequence of texts, too, as far as types go
    def encode_with_metadata(self, texts: str) -> EmbeddedText: ...  # type: ignore[overload-overlap]
    @overload
    def encode_with_metadata(self, texts: Sequence[str]) -> list[EmbeddedText]: ...
    def encode_with_metadata(self, texts: str | Sequence[str]) -> EmbeddedText | list[EmbeddedText]:
        """A text's vector with what made it and whether it was cut; several texts, a list. Raises
        WeightsMissing, WeightsCorrupt."""
        if isinstance(texts, str):
            return self.encode_with_metadata([texts])[0]
        encoder = self._encoders.text_encoder(self.space)
        counts = encoder.num_tokens(texts, self._input_type)
        made_by = (self.space.key, self._made_by.model, self._made_by.revision)
        return [
            EmbeddedText(vector, *made_by, count, count > encoder.max_tokens)
            for vector, count in zip(self.encode(texts), counts, strict=True)
        ]


class ImageEmbedder(Embedder[Picture]):
    """Pictures to vectors."""

    def __init__(self, model: str = "imagenet-concepts", device: str = "auto") -> None:
        """Raises UnknownSpace, also for a space of texts or clips; InvalidSettings."""
        super().__init__(model, device, Input.IMAGE)

    def encode(self, images: Picture | Sequence[Picture]) -> Vectors:
        """A picture or several to float32 [n, dim].

        Raises PictureUnreadable, which names the picture, WeightsMissing, WeightsCorrupt.
        """
        return self._encoders.encode_items(self.space, rgb_of_all(images))

    def preprocess(self, image: Picture) -> Image:
        """The picture as the model is given it, which fits it to its own size and scale: upright
        RGB uint8 [H, W, 3]. Raises PictureUnreadable."""
        return rgb_of(image)

    @overload
    def encode_with_metadata(self, images: Picture) -> EmbeddedImage: ...
    @overload
    def encode_with_metadata(self, images: Sequence[Picture]) -> list[EmbeddedImage]: ...
    def encode_with_metadata(
        self, images: Picture | Sequence[Picture]
    ) -> EmbeddedImage | list[EmbeddedImage]:
        """A picture's vector with what made it, its size and hash; several pictures, a list.

        Raises as `encode` does.
        """
        if isinstance(images, Pillow.Image | np.ndarray | bytes):
            return self.encode_with_metadata([images])[0]
        rgb = rgb_of_all(images)
        made_by = (self.space.key, self.space.model, self.space.revision)
        return [
            EmbeddedImage(vector, *made_by, _pixel_hash(image), image.shape[1], image.shape[0])
            for vector, image in zip(self.encode(rgb), rgb, strict=True)
        ]


class MultimodalEmbedder(SpaceModel):
    """Texts, pictures, or a text with a picture, to vectors of one space."""

    def __init__(self, model: str = "imagenet-concepts", device: str = "auto") -> None:
        """Raises UnknownSpace, also for a space of texts or clips; InvalidSettings."""
        super().__init__(model, device, Input.IMAGE)

    def encode_text(self, text: str) -> Vectors:
        """A text to float32 [dim]. Raises NoTextQuery in a space of features, WeightsMissing,
        WeightsCorrupt."""
        vector: Vectors = self._encoders.encode_queries(self.space, [text])[0]
        return vector

    def encode_image(self, image: Picture) -> Vectors:
        """A picture to float32 [dim]. Raises PictureUnreadable, WeightsMissing, WeightsCorrupt."""
        vector: Vectors = self._encoders.encode_items(self.space, [rgb_of(image)])[0]
        return vector

    def encode(self, text: str | None = None, image: Picture | None = None) -> Vectors:
        """A text, a picture, or both in equal parts, to float32 [dim].

        Raises what the methods for each raise, and ValueError if there is neither.
        """
        vectors = [] if text is None else [self.encode_text(text)]
        if image is not None:
            vectors.append(self.encode_image(image))
        match vectors:
            case [text_vector, image_vector]:
                return self.fuse_embeddings(text_vector, image_vector)
            case [vector]:
                return vector
        raise ValueError("give a text, a picture, or both")

    def fuse_embeddings(
        self, text_vector: Vectors, image_vector: Vectors, text_weight: float = 0.5
    ) -> Vectors:
        """A text's and a picture's vector, float32 [dim] or [n, dim], as one of unit length.

        Both are scaled to unit length, added with the weights `text_weight` and what is left of 1,
        and scaled again ("score fusion" of UniIR, Wei et al., 2023). Only vectors of this space
        may be fused. Raises NoTextQuery, DimensionMismatch, InvalidVector, also for two that
        cancel each other out, and ValueError for a weight that is not between 0 and 1.
        """
        self._encoders.text_space(self.space)  # or there is no text to fuse
        if not 0 <= text_weight <= 1:
            raise ValueError(f"text_weight lies between 0 and 1, {text_weight} does not")
        texts, images = (_unit(each, self.dimension) for each in (text_vector, image_vector))
        return _unit(fuse(texts, images, text_weight), self.dimension)


def rgb_of_all(images: Picture | Sequence[Picture]) -> list[Image]:
    """A picture or several as RGB. Raises PictureUnreadable, with the position among several."""
    if isinstance(images, Pillow.Image | np.ndarray | bytes):
        return [rgb_of(images)]
    rgb: list[Image] = []
    try:
        for image in images:
            rgb.append(rgb_of(image))
    except PictureUnreadable as error:
        raise error.at(len(rgb)) from None
    return rgb


def _pixel_hash(image: Image) -> str:
    digest = hashlib.sha256(f"{image.shape[0]}x{image.shape[1]}".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def _unit(vectors: Vectors, dim: int) -> Vectors:
    """Vectors [dim] or [n, dim] of any length, scaled to 1. Raises DimensionMismatch,
    InvalidVector."""
    if not np.isfinite(vectors).all():
        raise InvalidVector("a vector is not finite")
    if (np.linalg.norm(vectors, axis=-1) < 1e-6).any():
        raise InvalidVector("a vector has no direction: it is zero, or two cancel each other out")
    return check_vectors(normalise(vectors), dim)


def _find_space(model: str, spaces: dict[str, Space], takes: Input | None) -> Space:
    """The space that a name means; of a model with several, that of its own features first."""
    named = choose_spaces([model], spaces)
    found = [space for space in named if takes is None or space.input is takes]
    if not found:
        fitting = ", ".join(key for key, space in spaces.items() if space.input is takes)
        raise UnknownSpace(f"{model} has no vectors of {takes}s; what has: {fitting}")
    return min(found, key=lambda space: space.projection is not None)


def _encoders(device: str) -> Encoders:
    """The loaded models of this process on a device, in float32, as the service computes."""
    settings = load_settings(EmbeddingSettings)
    runtime = settings.runtime(max(1, num_cores() // 2))
    if device != "auto":
        runtime = replace(runtime, device=device)
    return _shared(replace(runtime, precision="float32"))


@lru_cache
def _shared(runtime: Runtime) -> Encoders:
    return Encoders(runtime)
