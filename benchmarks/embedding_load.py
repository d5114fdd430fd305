"""What the embedding servers are asked, the same for all, and the check of what they answer."""

import base64
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from benchmarks.infinity import MODEL
from benchmarks.load import Answer, at_once, in_turn, post
from benchmarks.measure import percentile
from benchmarks.servers import Contender
from benchmarks.texts import queries, sentences
from embeddings.encoder import Vectors
from embeddings.encoders.minilm import SentenceEncoder
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime

NUM_CLIENTS = 32
LOAD_S = 10.0
NUM_TEXTS = 2000
NUM_HITS = 200
NUM_WARM_UP = 128
CHECKED = 100
"""Answers of each load that are compared with the library's."""
_QUERIES_PER_S = 2000
"""More than any server answers."""


class WrongAnswer(AssertionError):
    """A server answered with an error, or with vectors that are not the model's."""


@dataclass(frozen=True)
class Figures:
    """What one run of a server measured."""

    requests_per_s: float
    """Of 32 clients with single texts, none of them asked before."""
    p50_ms: float
    p99_ms: float
    texts_per_s: float
    """Of one client with 2,000 in one request."""
    hit_ms: float
    """Median for a text asked just before, by one client: a hit, where there is a cache."""

    def __str__(self) -> str:
        return (
            f"{self.requests_per_s:.0f} requests/s, p50 {self.p50_ms:.1f} ms, "
            f"p99 {self.p99_ms:.1f} ms; {self.texts_per_s:.0f} texts/s; "
            f"the same text again {self.hit_ms:.2f} ms"
        )


class Load:
    """The requests, made beforehand, in base64 as openai-python wants it."""

    def __init__(
        self, runtime: Runtime, load_s: float = LOAD_S, num_texts: int = NUM_TEXTS
    ) -> None:
        self._load_s = load_s
        self._queries = queries(NUM_WARM_UP + int(_QUERIES_PER_S * load_s))
        self._texts = sentences(num_texts)
        self._library = SentenceEncoder(SPACES[MODEL], runtime)

    def run(self, port: int, server: Contender) -> Figures:
        """Measures one server. Raises WrongAnswer."""
        requests = [post(server.path, _body(query)) for query in self._queries]
        many = [post(server.path, _body(self._texts))]
        at_once(port, requests[:NUM_WARM_UP], NUM_CLIENTS)
        started = time.perf_counter()
        singles = at_once(port, requests[NUM_WARM_UP:], NUM_CLIENTS, self._load_s)
        took_s = time.perf_counter() - started
        batch = in_turn(port, many)[0]
        again = in_turn(port, [requests[0]] * (NUM_HITS + 1))[1:]
        self._check_singles(singles, server)
        self._check(batch, self._texts, server)
        times = [1000 * answer.seconds for _number, answer in singles]
        return Figures(
            requests_per_s=len(singles) / took_s,
            p50_ms=percentile(times, 0.5),
            p99_ms=percentile(times, 0.99),
            texts_per_s=len(self._texts) / batch.seconds,
            hit_ms=statistics.median(1000 * answer.seconds for answer in again),
        )

    def _check_singles(self, singles: Sequence[tuple[int, Answer]], server: Contender) -> None:
        failed = [answer for _number, answer in singles if answer.status != 200]
        if failed:
            raise WrongAnswer(f"{server.name} answered {failed[0].head!r} {failed[0].body[:500]!r}")
        for number, answer in islice(singles, 0, None, -(-len(singles) // CHECKED)):
            self._check(answer, [self._queries[NUM_WARM_UP + number]], server)

    def _check(self, answer: Answer, texts: Sequence[str], server: Contender) -> None:
        """Every vector of a small answer, a hundred of a large one."""
        if answer.status != 200:
            raise WrongAnswer(f"{server.name} answered {answer.head!r} {answer.body[:500]!r}")
        vectors = vectors_of(json.loads(answer.body))
        if len(vectors) != len(texts):
            raise WrongAnswer(f"{server.name} answered {len(vectors)} vectors to {len(texts)}")
        step = -(-len(texts) // CHECKED)
        expected = self._library.encode_items(texts[::step])
        worst = float(np.abs(vectors[::step] - expected).max())
        if not worst <= server.tolerance:
            raise WrongAnswer(f"{server.name} differs from the library by {worst:.2g}")


def vectors_of(document: dict[str, list[dict[str, object]]]) -> Vectors:
    """The vectors of an answer in base64, by their index: float32 [n, dim]."""
    items = sorted(document["data"], key=lambda item: int(str(item["index"])))
    return np.stack(
        [np.frombuffer(base64.b64decode(str(item["embedding"])), "<f4") for item in items]
    )


def _body(texts: str | list[str]) -> dict[str, object]:
    return {"input": texts, "model": MODEL, "encoding_format": "base64"}
