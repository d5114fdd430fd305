"""Spaces by family of models: what a model of a known family needs besides its name.

A new model of a known family is one line in the registry.
"""

from embeddings.pooling import ONE_WORD, Pooling, require_searchable
from embeddings.registry import pins
from embeddings.space import CONSE, Input, Modality, Projection, Space
from embeddings.weights.hub import HubWeights, Weights

PHOTO_PROMPTS = ("{}", "a photo of {}")

MINILM_L6 = Space(
    key="minilm-l6",
    slot="text",
    modality=Modality.TEXT,
    input=Input.TEXT,
    dim=384,
    model="sentence-transformers/all-MiniLM-L6-v2",
    weights=pins.MINILM_L6,
    encoder="minilm",
)
"""The bundled text space, and the one that labels of classifiers are projected into."""


def sentence_transformer(
    key: str,
    dim: int,
    weights: HubWeights,
    *,
    query: str = "{}",
    item: str = "{}",
    prompt_in_mean: bool = True,
) -> Space:
    """A text model that sentence-transformers loads; `query` and `item` are its prompts."""
    return Space(
        key=key,
        slot="text",
        modality=Modality.TEXT,
        input=Input.TEXT,
        dim=dim,
        model=weights.repo,
        weights=weights,
        encoder="sentence_transformer",
        query_prompts=(query,),
        item_prompt=item,
        prompt_in_mean=prompt_in_mean,
    )


def descriptions(text_space: Space) -> Space:
    """What a model says of pictures, in the vectors of a text model. They are a space of their own:
    they say what is shown, and not what is said."""
    return Space(
        key=f"descriptions-{text_space.key}",
        slot="description",
        modality=Modality.VISION,
        input=Input.DESCRIPTION,
        dim=text_space.dim,
        model=text_space.model,
        weights=text_space.weights,
        encoder="descriptions",
        query_space=text_space.key,
    )


def image_text(
    key: str, dim: int, weights: HubWeights, prompts: tuple[str, ...] = PHOTO_PROMPTS
) -> Space:
    """CLIP, OpenCLIP or SigLIP."""
    return Space(
        key=key,
        slot="vision",
        modality=Modality.VISION,
        input=Input.IMAGE,
        dim=dim,
        model=weights.repo,
        weights=weights,
        encoder="clip",
        query_prompts=prompts,
    )


def vision_language(
    key: str,
    dim: int,
    weights: HubWeights,
    *,
    pooling: Pooling | None = None,
    prompt: str = ONE_WORD,
) -> Space:
    """SmolVLM and its kind; `prompt` follows every text and picture, unless the pooling has its
    own. Raises InvalidSettings for a pooling that nothing can be found by."""
    pooling = pooling or Pooling()
    require_searchable(pooling)
    follows = f"{{}}\n{prompt}"
    return Space(
        key=key,
        slot="vision",
        modality=Modality.VISION,
        input=Input.IMAGE,
        dim=dim,
        model=weights.repo,
        weights=weights,
        encoder="vlm",
        query_prompts=(follows,),
        item_prompt=follows,
        pooling=pooling,
    )


def image_features(key: str, dim: int, weights: HubWeights) -> Space:
    """Features of an image model, for finding similar images."""
    return Space(
        key=key,
        slot="image-features",
        modality=Modality.VISION,
        input=Input.IMAGE,
        dim=dim,
        model=weights.repo,
        weights=weights,
        encoder="image_features",
        answers_text=False,
    )


def labels(
    key: str,
    slot: str,
    items: Input,
    *,
    model: str,
    weights: Weights,
    encoder: str,
    projection: Projection,
) -> Space:
    """Labels of a classifier, projected into the text space, whose queries they answer."""
    return Space(
        key=key,
        slot=slot,
        modality=Modality.VISION,
        input=items,
        dim=MINILM_L6.dim,
        model=model,
        weights=weights,
        encoder=encoder,
        query_space=MINILM_L6.key,
        projection=projection,
    )


def video_classifier(key: str, slot: str, dim: int, weights: HubWeights) -> tuple[Space, Space]:
    """Two spaces of one model: its labels, which answer text, and its features.

    The slot of the features is named after that of the labels.
    """
    label_space = labels(
        f"{key}-labels",
        slot,
        Input.CLIP,
        model=f"{weights.repo}, labels projected into {MINILM_L6.key}",
        weights=weights,
        encoder="video",
        projection=CONSE,
    )
    features = Space(
        key=key,
        slot=f"{slot}-features",
        modality=Modality.VISION,
        input=Input.CLIP,
        dim=dim,
        model=weights.repo,
        weights=weights,
        encoder="video",
        answers_text=False,
    )
    return label_space, features
