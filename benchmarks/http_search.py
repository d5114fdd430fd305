"""Target 9: searches over HTTP against a raw prepared HNSW statement and one query encode."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from benchmarks.measure import Row, percentile, seconds
from database.server.connection import Database
from embeddings.encoder import Vectors
from embeddings.encoders.minilm import SentenceEncoder
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from ingest.library.null_statistics import background_queries
from ingest.settings import IngestSettings

NUM_QUERIES = 200
_RAW = (
    "SELECT moment_id FROM embedding_minilm_l6 "
    "ORDER BY vector::halfvec(384) <#> %s::halfvec(384) LIMIT 10"
)


def http_rows(settings: IngestSettings, database: Database, size: str) -> list[Row]:
    """Rows of target 9, over a library of the bundled spaces."""
    encoder = SentenceEncoder(SPACES["minilm-l6"], Runtime(settings.models_dir))
    queries = [f"{query}, number {i}" for i, query in enumerate(background_queries())]
    queries = queries[:NUM_QUERIES]
    encode_ms = percentile(_timed(lambda query: encoder.encode_queries([query]), queries), 0.95)
    raw_ms = _raw_ms(database, list(encoder.encode_queries(queries)))
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "api", "--port", str(port)],
        env={**os.environ, "SCENESEEK_HOME": str(settings.home)},
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            _wait_until_ready(client)

            def ask(route: str) -> Callable[[str], object]:
                return lambda q: client.get(route, params={"q": q}).raise_for_status()

            text_new = _timed(ask("/search/quick"), queries)
            text_again = _timed(ask("/search/quick"), queries)
            other = [f"{query} again" for query in queries]
            all_new = _timed(ask("/search/multimodal/quick"), other)
            all_again = _timed(ask("/search/multimodal/quick"), other)
    finally:
        server.terminate()
        server.wait()
    floor_ms = raw_ms + encode_ms
    return [
        _row(f"text search, query not cached, {size}", text_new, floor_ms, 1.5),
        _row(f"text search, query cached, {size}", text_again, raw_ms, 1.5),
        _row(f"multimodal search (3 legs), not cached, {size}", all_new, floor_ms, 3.0),
        _row(f"multimodal search (3 legs), cached, {size}", all_again, raw_ms, 3.0),
    ]


def _row(what: str, times: Sequence[float], floor_ms: float, target: float) -> Row:
    name = f"HTTP p95 (p50 {percentile(times, 0.5):.1f} ms), {what}"
    return Row("9", name, percentile(times, 0.95), floor_ms, "ms", target)


def _timed(work: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    for query in background_queries()[-20:]:
        work(query)
    return [seconds(work, query) * 1000 for query in queries]


def _raw_ms(database: Database, vectors: Sequence[Vectors]) -> float:
    literals = ["[" + ",".join(map(str, vector.tolist())) + "]" for vector in vectors]
    with database.connection() as connection:

        def run(literal: str) -> object:
            return connection.execute(_RAW, (literal,), prepare=True).fetchall()

        run(literals[0])
        return percentile([seconds(run, literal) * 1000 for literal in literals], 0.95)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(client: httpx.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the API did not become ready")
