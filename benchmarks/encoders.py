"""Targets 5 and 6: texts and images to vectors, against the usual libraries on the same weights.

Each side runs alone, in a process of its own (encoder_sides.py): torch and ONNX Runtime in one
process, or two torch threads beside other work, slow each other threefold. The first round tries
every number of threads; the further rounds, in turn, repeat the best one of each side.
"""

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder_sides import NUM_SENTENCES, TIMED_IMAGES
from benchmarks.measure import Row
from embeddings.encoder import Vectors

ROUNDS = 5
THREADS = (1, 2)
TOP = 10


@dataclass(frozen=True)
class Contest:
    """Two sides on the same items."""

    number: str
    what: str
    ours: str
    peer: str
    num_timed: int
    target: float
    quality: str
    quality_target: float


CONTESTS = (
    Contest(
        number="5",
        what="all-MiniLM-L6-v2, sentences of 5 to 40 words, against SentenceTransformer.encode",
        ours="minilm_ours",
        peer="minilm_peer",
        num_timed=NUM_SENTENCES,
        target=3.5,
        quality="nDCG@10 of its ranking in that of float32",
        quality_target=0.995,
    ),
    Contest(
        number="5",
        what="the same in bfloat16, for bulk ingests",
        ours="minilm_bulk",
        peer="minilm_peer",
        num_timed=NUM_SENTENCES,
        target=3.5,
        quality="nDCG@10 of its ranking in that of float32, queries in float32",
        quality_target=0.995,
    ),
    Contest(
        number="6",
        what="CLIP B/32, 1280×720, preprocessing included, against transformers",
        ours="clip_ours",
        peer="clip_peer",
        num_timed=TIMED_IMAGES,
        target=2.5,
        quality="CLIP B/32: recall@10 of the nearest images in float32",
        quality_target=0.99,
    ),
    Contest(
        number="6",
        what="EfficientNet-Lite2, 1280×720, preprocessing included, against torch",
        ours="lite2_ours",
        peer="lite2_peer",
        num_timed=TIMED_IMAGES,
        target=5.0,
        quality="EfficientNet-Lite2: recall@10 of the nearest images in float32",
        quality_target=0.99,
    ),
)


def measure(folder: Path, models_dir: Path, rounds: int = ROUNDS) -> list[Row]:
    """Speed and quality of the text encoder, CLIP and EfficientNet-Lite2: eight rows."""
    return [row for contest in CONTESTS for row in _rows(contest, folder, models_dir, rounds)]


def _rows(contest: Contest, folder: Path, models_dir: Path, rounds: int) -> list[Row]:
    entries = [(side, n) for side in (contest.ours, contest.peer) for n in THREADS]
    times = {entry: [_run(entry, folder, models_dir)] for entry in entries}
    best = [min(entries[:2], key=times.__getitem__), min(entries[2:], key=times.__getitem__)]
    for _ in range(rounds - 1):
        for entry in best:
            times[entry].append(_run(entry, folder, models_dir))
    ours, peer = (contest.num_timed / statistics.median(times[entry]) for entry in best)
    what = f"{contest.what}; {best[0][1]} and {best[1][1]} thread(s)"
    share = 100 * _quality(*(np.load(_kept(folder, side)) for side, _threads in best))
    number, quality = contest.number, contest.quality
    return [
        Row(number, what, ours, peer, "/s", contest.target, at_most=False),
        Row(number, quality, share, 100.0, "%", contest.quality_target, at_most=False),
    ]


def _kept(folder: Path, side: str) -> Path:
    """Where the first run of a side leaves its vectors."""
    return folder / f"{side}.npz"


def _run(entry: tuple[str, int], folder: Path, models_dir: Path) -> float:
    """Seconds of one pass of a side with a number of threads, alone."""
    side, threads = entry
    vectors = "" if _kept(folder, side).is_file() else _kept(folder, side)
    command = (sys.executable, "-W", "ignore", "-m", "benchmarks.encoder_sides")
    done = subprocess.run(
        [*command, side, str(threads), models_dir, folder, vectors],
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    taken = float(done.stdout.split()[-1])
    print(f"{side}, {threads} thread(s): {taken:.2f} s", file=sys.stderr, flush=True)
    return taken


def _quality(ours: Any, peer: Any) -> float:
    if len(peer["queries"]):
        found, exact = (made["queries"] @ made["items"].T for made in (ours, peer))
        return ndcg(found, exact)
    return neighbour_recall(ours["items"], peer["items"])


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
