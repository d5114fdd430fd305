"""Text models by what they are good for, and CLIP with pictures by their paths."""

from pathlib import Path
from typing import Literal, get_args

from embeddings.embedders import MultimodalEmbedder, TextEmbedder
from embeddings.encoder import Vectors
from embeddings.errors import PictureUnreadable, UnknownSpace
from embeddings.pictures import Picture

Quality = Literal["fast", "balanced", "quality"]


class EmbeddingGenerator(TextEmbedder):
    """A TextEmbedder by other names: its model is `model_name`, and it generates."""

    def __init__(self, model_name: str = "minilm-l6", device: str = "auto") -> None:
        """Raises UnknownSpace, NoTextQuery, InvalidSettings."""
        super().__init__(model_name, device)

    generate = TextEmbedder.encode


def get_embedding_generator(quality: Quality) -> EmbeddingGenerator:
    """The text model that is fast (minilm-l6), balanced (mpnet-base) or of most quality (bge-m3).

    Raises UnknownSpace for another word, InvalidSettings.
    """
    if quality not in get_args(Quality):
        raise UnknownSpace(f"no generator {quality!r}; there are: {', '.join(get_args(Quality))}")
    return EmbeddingGenerator(quality)


class ClipModel(MultimodalEmbedder):
    """CLIP: pictures, also by their paths, and texts to vectors of one space."""

    def encode_image(self, image: Picture | str | Path) -> Vectors:
        """A picture, or the file at a path, to float32 [dim].

        Not for paths that others have written: whatever they name is read. Raises
        PictureUnreadable, WeightsMissing, WeightsCorrupt.
        """
        if isinstance(image, str | Path):
            image = _read(Path(image))
        return super().encode_image(image)


def get_clip_model(model: str = "clip-b32", device: str = "auto") -> ClipModel:
    """CLIP ViT-B/32, or another model of texts and pictures. Raises UnknownSpace, InvalidSettings;
    the model's first use raises WeightsMissing if it is not on this machine."""
    return ClipModel(model, device)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureUnreadable(f"{path} cannot be read: {error.strerror}") from None
