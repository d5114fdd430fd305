"""The registry: SPACES, every space there is, and PROFILES, the models of an ingest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from embeddings.errors import UnknownSpace
from embeddings.registry import pins
from embeddings.registry.families import (
    MINILM_L6,
    descriptions,
    image_features,
    image_text,
    labels,
    sentence_transformer,
    video_classifier,
    vision_language,
)
from embeddings.space import BROAD, CONSE, Input, Projection, Space
from embeddings.weights.hub import HubWeights, Weights


def _registry(*spaces: Space) -> dict[str, Space]:
    by_key = {space.key: space for space in spaces}
    if len(by_key) != len(spaces):
        raise ValueError("two spaces have the same key")
    return by_key


def _imagenet(key: str, projection: Projection) -> Space:
    return labels(
        key,
        "vision",
        Input.IMAGE,
        model="EfficientNet-Lite2, ImageNet labels projected into all-MiniLM-L6-v2",
        weights=pins.EFFICIENTNET_LITE2,
        encoder="efficientnet",
        projection=projection,
    )


_OF_MODELS = (
    MINILM_L6,
    _imagenet("imagenet-concepts", BROAD),
    _imagenet("imagenet-labels", CONSE),
    sentence_transformer("mpnet-base", 768, pins.MPNET_BASE),
    sentence_transformer("bge-m3", 1024, pins.BGE_M3),
    sentence_transformer(
        "bge-large-en",
        1024,
        pins.BGE_LARGE_EN,
        query="Represent this sentence for searching relevant passages: {}",
    ),
    sentence_transformer("e5-large", 1024, pins.E5_LARGE, query="query: {}", item="passage: {}"),
    sentence_transformer(
        "instructor-xl",
        768,
        pins.INSTRUCTOR_XL,
        query="Represent the question for retrieving supporting documents: {}",
        item="Represent the document for retrieval: {}",
        prompt_in_mean=False,
    ),
    image_text("clip-b32", 512, pins.CLIP_B32),
    image_text("clip-l14", 768, pins.CLIP_L14),
    image_text("openclip-h14", 1024, pins.OPENCLIP_H14),
    image_text("siglip2-b16", 768, pins.SIGLIP2_B16, prompts=("This is a photo of {}.",)),
    vision_language("smolvlm2-256m", 576, pins.SMOLVLM2_256M),
    image_features("resnet-50", 2048, pins.RESNET_50),
    *video_classifier("videomae-b", "action", 768, pins.VIDEOMAE_B),
    *video_classifier("timesformer-b", "temporal", 768, pins.TIMESFORMER_B),
)
SPACES = _registry(
    *_OF_MODELS, *(descriptions(space) for space in _OF_MODELS if space.input is Input.TEXT)
)
"""Every space by its key."""

TEXT_MODELS = {"fast": MINILM_L6.key, "balanced": "mpnet-base", "quality": "bge-m3"}
"""Text spaces by what they are good for, as a person may name them."""


@dataclass(frozen=True)
class Profile:
    """The models of an ingest: one space for each slot, and the speech model."""

    name: str
    spaces: tuple[Space, ...]
    speech: Weights


_VIDEO_KEYS = ("videomae-b-labels", "videomae-b", "timesformer-b-labels", "timesformer-b")


def _profile(name: str, keys: tuple[str, ...], speech: Weights) -> Profile:
    return Profile(name, tuple(SPACES[key] for key in keys), speech)


PROFILES = {
    profile.name: profile
    for profile in (
        _profile("bundled", (MINILM_L6.key, "imagenet-concepts"), pins.WHISPER_BASE),
        _profile("standard", ("mpnet-base", "clip-b32", *_VIDEO_KEYS), pins.WHISPER_SMALL),
        _profile("quality", ("bge-m3", "openclip-h14", *_VIDEO_KEYS), pins.WHISPER_LARGE_TURBO),
    )
}


def choose_spaces(names: Iterable[str], spaces: Mapping[str, Space] = SPACES) -> list[Space]:
    """The spaces that names mean: keys, what a text model is good for, models.

    Raises UnknownSpace.
    """
    chosen = []
    for name in names:
        key = TEXT_MODELS.get(name, name)
        found = [space for space in spaces.values() if key in _names(space)]
        if not found:
            raise UnknownSpace(f"no space or model {name[:60]!r}; there are: {', '.join(spaces)}")
        chosen += found
    return list(dict.fromkeys(chosen))


def get_profile(name: str) -> Profile:
    """The profile with this name. Raises UnknownSpace."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UnknownSpace(f"no profile {name!r}; there are: {', '.join(PROFILES)}") from None


def _names(space: Space) -> tuple[str, ...]:
    """The key, and the model with and without its owner; descriptions have that of their texts."""
    if space.input is Input.DESCRIPTION:
        return (space.key,)
    model = space.weights.repo if isinstance(space.weights, HubWeights) else space.model
    return (space.key, model, model.rsplit("/", maxsplit=1)[-1])
