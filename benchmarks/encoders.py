"""Targets 5 and 6: texts and images to vectors, against the usual libraries on the same weights.

Both sides have all cores and the same inputs. The libraries compute in float32, in batches of 32.
"""

import os
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from sentence_transformers import SentenceTransformer
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from benchmarks.measure import Row, medians
from benchmarks.media import pictures
from embeddings.encoder import Image, Vectors, normalise
from embeddings.encoders.clip import ImageTextEncoder
from embeddings.encoders.efficientnet import ImageClassifier, image_labels, preprocess
from embeddings.encoders.label_space import project
from embeddings.encoders.minilm import SentenceEncoder
from embeddings.registry.families import image_text
from embeddings.registry.pins import EFFICIENTNET_LITE2, MINILM_L6
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import CONSE
from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import verified_path
from ingest.library.null_statistics import background_queries
from scripts.tiny.training import spread_weights

NUM_SENTENCES = 512
NUM_IMAGES = 200
TIMED_IMAGES = 64
BATCH = 32
ROUNDS = 5
TOP = 10
_LINKS = ("and then", "while we see", "next to", "but first", "because of", "and after that", "or")


def measure(folder: Path, models_dir: Path) -> list[Row]:
    """Speed and quality of the text encoder, CLIP and EfficientNet-Lite2: six rows."""
    threads = os.cpu_count() or 1
    torch.set_num_threads(threads)
    images = pictures(NUM_IMAGES)
    return [
        *_text_rows(Runtime(models_dir, threads)),
        *_clip_rows(images, Runtime(models_dir, threads, model_dir=folder)),
        *_label_rows(images, Runtime(models_dir, threads)),
    ]


def _text_rows(runtime: Runtime) -> list[Row]:
    ours = SentenceEncoder(SPACES["minilm-l6"], runtime)
    model = SentenceTransformer(str(verified_path(MINILM_L6).parent), device="cpu")
    theirs = partial(model.encode, batch_size=BATCH, show_progress_bar=False)
    texts, queries = sentences(NUM_SENTENCES), background_queries()
    exact = np.asarray(theirs(queries)) @ np.asarray(theirs(texts)).T
    found = ours.encode_queries(queries) @ ours.encode_items(texts).T
    name = "all-MiniLM-L6-v2, sentences of 5 to 40 words, against SentenceTransformer.encode"
    return [
        _speed("5", name, 3.5, texts, ours.encode_items, theirs),
        _quality("5", "nDCG@10 of its ranking in that of float32", ndcg(found, exact), 0.995),
    ]


def _clip_rows(images: Sequence[Image], runtime: Runtime) -> list[Row]:
    space = image_text("clip-b32-drawn", 512, HubWeights("clip-b32-drawn", "local"))
    assert runtime.model_dir is not None
    path = _save_drawn_clip(runtime.model_dir / space.model)
    ours = ImageTextEncoder(space, runtime)
    model = CLIPModel.from_pretrained(path).eval()
    processor = CLIPImageProcessorPil.from_pretrained(path)

    @torch.inference_mode()
    def theirs(items: Sequence[Image]) -> Vectors:
        batches = [
            model.get_image_features(**processor(list(batch), return_tensors="pt")).pooler_output
            for batch in _batches(items)
        ]
        return normalise(torch.cat(batches).numpy())

    return _image_rows("CLIP B/32", "transformers", 2.5, images, ours.encode_items, theirs)


def _save_drawn_clip(target: Path) -> Path:
    """A CLIP B/32 of full size as the hub has it, with weights that were drawn."""
    model = CLIPModel(CLIPConfig())
    spread_weights(model)
    model.save_pretrained(target)
    CLIPImageProcessorPil().save_pretrained(target)
    CLIPTokenizer(vocab={"<|startoftext|>": 0, "<|endoftext|>": 1}, merges=[]).save_pretrained(
        target
    )
    return target


def _label_rows(images: Sequence[Image], runtime: Runtime) -> list[Row]:
    """EfficientNet-Lite2 on the same pixels, compared as stored: projected into the text space."""
    label_vectors = SentenceEncoder(SPACES["minilm-l6"], runtime).encode_items(image_labels())
    ours = ImageClassifier(EFFICIENTNET_LITE2, runtime)
    model = EfficientNet.from_name("efficientnet-lite2").eval()
    model.load_state_dict(torch.load(verified_path(EFFICIENTNET_LITE2), weights_only=True))

    @torch.inference_mode()
    def theirs(items: Sequence[Image]) -> Vectors:
        batches = [
            model(torch.from_numpy(np.stack([preprocess(item) for item in batch]))).softmax(dim=1)
            for batch in _batches(items)
        ]
        return project(torch.cat(batches).numpy(), label_vectors, CONSE)

    def labelled(items: Sequence[Image]) -> Vectors:
        return project(ours.probabilities(items), label_vectors, CONSE)

    return _image_rows("EfficientNet-Lite2", "torch", 5.0, images, labelled, theirs)


def _image_rows(
    name: str,
    library: str,
    target: float,
    images: Sequence[Image],
    ours: Callable[[Sequence[Image]], Vectors],
    theirs: Callable[[Sequence[Image]], Vectors],
) -> list[Row]:
    recall = neighbour_recall(ours(images), theirs(images))
    what = f"{name}, 1280×720, preprocessing included, against {library}"
    return [
        _speed("6", what, target, images[:TIMED_IMAGES], ours, theirs),
        _quality("6", f"{name}: recall@10 of the nearest images in float32", recall, 0.99),
    ]


def _speed(
    number: str,
    what: str,
    target: float,
    items: Sequence[Any],
    ours: Callable[[Sequence[Any]], object],
    theirs: Callable[[Sequence[Any]], object],
) -> Row:
    times = medians([partial(ours, items), partial(theirs, items)], ROUNDS)
    our_rate, their_rate = (len(items) / taken for taken in times)
    return Row(number, what, our_rate, their_rate, "/s", target, at_most=False)


def _quality(number: str, what: str, share: float, target: float) -> Row:
    return Row(number, what, 100 * share, 100.0, "%", target, at_most=False)


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


def sentences(count: int) -> list[str]:
    """Drawn sentences of 5 to 40 words: things of the background queries, one after the other."""
    rng = random.Random(7)
    made = []
    for _ in range(count):
        num_words = rng.randint(5, 40)
        words: list[str] = []
        while len(words) < num_words:
            words += f"{rng.choice(background_queries())} {rng.choice(_LINKS)}".split()
        made.append(" ".join(words[:num_words]))
    return made


def ndcg(found: Vectors, exact: Vectors) -> float:
    """nDCG@10 of similarities [queries, items], mean over the queries.

    Relevant are the first ten by the exact similarities, with gains from 10 to 1.
    """
    gains = np.zeros_like(exact)
    np.put_along_axis(gains, _top(exact), np.arange(TOP, 0, -1)[np.newaxis], axis=1)
    discounts = 1 / np.log2(np.arange(TOP) + 2)
    reached = np.take_along_axis(gains, _top(found), axis=1) @ discounts
    return float(np.mean(reached) / (np.arange(TOP, 0, -1) @ discounts))


def neighbour_recall(found: Vectors, exact: Vectors) -> float:
    """The share of each vector's ten nearest others that are the same in both [n, dim]."""
    ours, theirs = (_top(v @ v.T - 2 * np.eye(len(v))) for v in (found, exact))
    both = [np.intersect1d(a, b).size for a, b in zip(ours, theirs, strict=True)]
    return float(np.mean(both)) / TOP


def _top(similarities: Any) -> Any:
    """Columns of the ten largest of each row, the largest first."""
    return np.argsort(-similarities, axis=1)[:, :TOP]
