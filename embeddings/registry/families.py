"""The families of models: what makes a Space from a model's name, and the encoder of a Space.

A new model of a known family is one line in the registry.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from embeddings.space import Input, Modality, Space
from embeddings.weights.hub import HubWeights

if TYPE_CHECKING:  # encoders import torch; the registry must not
    from embeddings.encoder import Encoder
    from embeddings.loaded import Encoders

LABELS_IN = "minilm-l6"
"""The text space that the labels of classifiers are projected into."""
LABELS_DIM = 384
PHOTO_PROMPTS = ("{}", "a photo of {}")


def sentence_transformer(
    key: str,
    dim: int,
    weights: HubWeights,
    *,
    query: str = "{}",
    item: str = "{}",
    prompt_in_mean: bool = True,
) -> Space:
    """A text model that sentence-transformers loads."""
    space = _of_hub(key, "text", Input.TEXT, dim, weights, "make_sentence_transformer")
    return replace(
        space,
        modality=Modality.TEXT,
        query_prompts=(query,),
        item_prompt=item,
        prompt_in_mean=prompt_in_mean,
    )


def image_text(
    key: str, dim: int, weights: HubWeights, prompts: tuple[str, ...] = PHOTO_PROMPTS
) -> Space:
    """CLIP, OpenCLIP or SigLIP."""
    space = _of_hub(key, "vision", Input.IMAGE, dim, weights, "make_image_text")
    return replace(space, query_prompts=prompts)


def image_features(key: str, dim: int, weights: HubWeights) -> Space:
    """An image model's features, for finding similar images."""
    space = _of_hub(key, "image-features", Input.IMAGE, dim, weights, "make_image_features")
    return replace(space, answers_text=False)


def video_classifier(key: str, slot: str, dim: int, weights: HubWeights) -> tuple[Space, Space]:
    """Two spaces of one model: its labels, which answer text, and its features, whose slot is
    named after that of the labels."""
    labels = _of_hub(f"{key}-labels", slot, Input.CLIP, LABELS_DIM, weights, "make_video_labels")
    features = _of_hub(key, f"{slot}-features", Input.CLIP, dim, weights, "make_video_features")
    return (
        replace(
            labels,
            model=f"{weights.repo}, labels projected into {LABELS_IN}",
            query_space=LABELS_IN,
        ),
        replace(features, answers_text=False),
    )


def _of_hub(key: str, slot: str, items: Input, dim: int, weights: HubWeights, make: str) -> Space:
    """A space of a hub's model; `make` is the function of this module that makes its encoder."""
    return Space(
        key=key,
        slot=slot,
        modality=Modality.VISION,
        input=items,
        dim=dim,
        model=weights.repo,
        revision=weights.revision,
        weights=weights,
        encoder=f"embeddings.registry.families:{make}",
    )


def make_sentence_transformer(space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of a text space."""
    from embeddings.encoders.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(space, encoders.runtime)


def make_image_text(space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of a CLIP, OpenCLIP or SigLIP space."""
    from embeddings.encoders.clip import ImageTextEncoder

    return ImageTextEncoder(space, encoders.runtime)


def make_image_features(space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of a space of image features."""
    from embeddings.encoders.image_features import ImageFeatureEncoder

    return ImageFeatureEncoder(space, encoders.runtime)


def make_image_labels(_space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of ImageNet's labels in the text space, as published."""
    from embeddings.encoders.efficientnet import ImageClassifier
    from embeddings.encoders.label_space import LabelSpaceEncoder

    return LabelSpaceEncoder(
        lambda: ImageClassifier(encoders.runtime), encoders.encoder_of(LABELS_IN)
    )


def make_image_concepts(_space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of ImageNet's labels in the text space, for what is none of them, too."""
    from embeddings.encoders.efficientnet import ImageClassifier
    from embeddings.encoders.label_space import BROAD, LabelSpaceEncoder

    return LabelSpaceEncoder(
        lambda: ImageClassifier(encoders.runtime), encoders.encoder_of(LABELS_IN), BROAD
    )


def make_video_labels(space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of a video model's labels in the text space."""
    from embeddings.encoders.label_space import LabelSpaceEncoder

    return LabelSpaceEncoder(
        lambda: encoders.video_classifier(space.hub_weights), encoders.encoder_of(LABELS_IN)
    )


def make_video_features(space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of a video model's features."""
    from embeddings.encoders.video import VideoFeatureEncoder

    return VideoFeatureEncoder(space.dim, encoders.video_classifier(space.hub_weights))


def make_minilm(_space: Space, encoders: "Encoders") -> "Encoder":
    """The encoder of the bundled text space."""
    from embeddings.encoders.minilm import SentenceEncoder

    return SentenceEncoder(encoders.runtime)
