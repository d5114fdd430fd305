"""The encoders that are compared, each alone in a process of its own.

`python -m benchmarks.encoder_sides SIDE THREADS MODELS FOLDER VECTORS` prints the seconds that one
pass over the timed items took; unless VECTORS is empty, it writes there what the side makes of all
items and queries. FOLDER keeps a CLIP with drawn weights, which the first side that needs it makes.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import seconds
from benchmarks.media import pictures
from benchmarks.texts import sentences
from embeddings.encoder import Image, Vectors, normalise
from embeddings.registry.pins import EFFICIENTNET_LITE2, MINILM_L6
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import CONSE
from embeddings.weights.packages import verified_path
from ingest.library.null_statistics import background_queries

NUM_SENTENCES = 512
NUM_IMAGES = 200
TIMED_IMAGES = 64
BATCH = 32
"""Of the usual libraries, which compute in float32."""


@dataclass(frozen=True)
class Side:
    """An encoder that has been loaded, and what it is given."""

    encode: Callable[[Sequence[Any]], Vectors]
    items: Sequence[Any]
    num_timed: int
    queries: Sequence[str] = ()
    encode_queries: Callable[[Sequence[str]], Vectors] | None = None
    """None where queries are encoded like items."""


def minilm_ours(runtime: Runtime) -> Side:
    """MiniLM as an ingest computes it."""
    from embeddings.encoders.minilm import SentenceEncoder

    encoder = SentenceEncoder(SPACES["minilm-l6"], runtime)
    return Side(encoder.encode_items, sentences(NUM_SENTENCES), NUM_SENTENCES, background_queries())


def minilm_bulk(runtime: Runtime) -> Side:
    """MiniLM as an ingest computes it with EMBEDDING_PRECISION=bfloat16; queries in float32."""
    from embeddings.encoders.minilm import SentenceEncoder

    encoder = SentenceEncoder(SPACES["minilm-l6"], replace(runtime, precision="bfloat16"))
    return Side(
        encoder.encode_items,
        sentences(NUM_SENTENCES),
        NUM_SENTENCES,
        background_queries(),
        encoder.encode_queries,
    )


def minilm_peer(_runtime: Runtime) -> Side:
    """SentenceTransformer.encode."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(verified_path(MINILM_L6).parent), device="cpu")

    def encode(texts: Sequence[str]) -> Vectors:
        return np.asarray(model.encode(list(texts), batch_size=BATCH, show_progress_bar=False))

    return Side(encode, sentences(NUM_SENTENCES), NUM_SENTENCES, background_queries())


def clip_ours(runtime: Runtime) -> Side:
    """CLIP B/32 as an ingest computes it."""
    from embeddings.encoders.clip import ImageTextEncoder
    from embeddings.registry.families import image_text
    from embeddings.weights.hub import HubWeights

    space = image_text("clip-b32-drawn", 512, HubWeights("clip-b32-drawn", "local"))
    assert runtime.model_dir is not None
    _drawn_clip(runtime.model_dir)
    encoder = ImageTextEncoder(space, runtime)
    return Side(encoder.encode_items, pictures(NUM_IMAGES), TIMED_IMAGES)


def clip_peer(runtime: Runtime) -> Side:
    """transformers' CLIPModel and its image processor."""
    import torch
    from transformers import CLIPImageProcessorPil, CLIPModel

    assert runtime.model_dir is not None
    path = _drawn_clip(runtime.model_dir)
    model = CLIPModel.from_pretrained(path).eval()
    processor = CLIPImageProcessorPil.from_pretrained(path)

    @torch.inference_mode()
    def encode(items: Sequence[Image]) -> Vectors:
        batches = [
            model.get_image_features(**processor(list(batch), return_tensors="pt")).pooler_output
            for batch in _batches(items)
        ]
        return normalise(torch.cat(batches).numpy())

    return Side(encode, pictures(NUM_IMAGES), TIMED_IMAGES)


def _drawn_clip(folder: Path) -> Path:
    """A CLIP B/32 of full size as the hub has it, with weights that were drawn."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

    from scripts.tiny.training import spread_weights

    target = folder / "clip-b32-drawn"
    if not target.is_dir():
        model = CLIPModel(CLIPConfig())
        spread_weights(model)
        model.save_pretrained(target)
        CLIPImageProcessorPil().save_pretrained(target)
        vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1}
        CLIPTokenizer(vocab=vocabulary, merges=[]).save_pretrained(target)
    return target


def lite2_ours(runtime: Runtime) -> Side:
    """EfficientNet-Lite2 as an ingest computes it, projected into the text space as stored."""
    from embeddings.encoders.efficientnet import ImageClassifier

    classifier = ImageClassifier(EFFICIENTNET_LITE2, runtime)
    return _projected(classifier.probabilities, runtime)


def lite2_peer(runtime: Runtime) -> Side:
    """The same in torch, on the same pixels."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    from embeddings.encoders.efficientnet import preprocess

    model = EfficientNet.from_name("efficientnet-lite2").eval()
    model.load_state_dict(torch.load(verified_path(EFFICIENTNET_LITE2), weights_only=True))

    @torch.inference_mode()
    def probabilities(items: Sequence[Image]) -> Vectors:
        batches = [
            model(torch.from_numpy(np.stack([preprocess(item) for item in batch]))).softmax(dim=1)
            for batch in _batches(items)
        ]
        return np.asarray(torch.cat(batches))

    return _projected(probabilities, runtime)


def _projected(probabilities: Callable[[Sequence[Image]], Vectors], runtime: Runtime) -> Side:
    from embeddings.encoders.efficientnet import image_labels
    from embeddings.encoders.label_space import project
    from embeddings.encoders.minilm import SentenceEncoder

    labels = SentenceEncoder(SPACES["minilm-l6"], runtime).encode_items(image_labels())

    def encode(items: Sequence[Image]) -> Vectors:
        return project(probabilities(items), labels, CONSE)

    return Side(encode, pictures(NUM_IMAGES), TIMED_IMAGES)


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


SIDES: dict[str, Callable[[Runtime], Side]] = {
    side.__name__: side
    for side in (
        *(minilm_ours, minilm_bulk, minilm_peer),
        *(clip_ours, clip_peer, lite2_ours, lite2_peer),
    )
}
"""By the name that encoders.py has for them."""


def main(name: str, num_threads: str, models: str, folder: str, vectors: str) -> None:
    """The process of one side."""
    runtime = Runtime(Path(models), int(num_threads), model_dir=Path(folder))
    side = SIDES[name](runtime)
    _use_threads(int(num_threads))
    timed = side.items[: side.num_timed]
    side.encode(timed[:BATCH])
    print(seconds(side.encode, timed))
    if vectors:
        encode_queries = side.encode_queries or side.encode
        queries = encode_queries(side.queries) if side.queries else np.empty(0)
        np.savez(vectors, items=side.encode(side.items), queries=queries)


def _use_threads(num_threads: int) -> None:
    """Of torch, where the side has brought it: it hears this rather than Runtime."""
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(num_threads)


if __name__ == "__main__":
    main(*sys.argv[1:])
