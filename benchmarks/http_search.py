"""Target 9: searches over HTTP against a raw prepared HNSW statement and one query encode."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg

from benchmarks.measure import Row, percentile, seconds
from database.server.connection import Database
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
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "api", "--no-worker", "--port", str(port)],
        env={**os.environ, "SCENESEEK_HOME": str(settings.home)},
        cwd=Path(__file__).resolve().parent.parent,
    )
    encoder = SentenceEncoder(SPACES["minilm-l6"], Runtime(settings.models_dir))
    try:
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
            database.connection() as connection,
        ):
            _wait_until_ready(client)
            rows = []
            for name, route, target in (
                ("text search", "/search/quick", 2.0),
                ("multimodal search (3 legs)", "/search/multimodal/quick", 2.5),
            ):
                times = _times(encoder, connection, client, route)
                rows += times.rows(f"{name}, {size}", target)
            return rows
    finally:
        server.terminate()
        server.wait()


@dataclass
class _Times:
    """Milliseconds of each query: what the floor is made of, and what people wait for."""

    encode: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)

    def rows(self, what: str, target: float) -> list[Row]:
        """Of a new query against the floor, and of one that is cached against 2 ms."""
        of_new = [
            Row(
                "9",
                f"HTTP p{part}, {what}, query not cached",
                percentile(self.new, part / 100),
                percentile(self.encode, part / 100) + percentile(self.raw, part / 100),
                "ms",
                target,
            )
            for part in (50, 95)
        ]
        return [
            *of_new,
            Row("9", f"HTTP p50, {what}, cached", percentile(self.again, 0.5), 2.0, "ms", 1.0),
        ]


def _times(
    encoder: SentenceEncoder,
    connection: psycopg.Connection[Any],
    client: httpx.Client,
    route: str,
) -> _Times:
    """In turn, so that other work on the machine is in all of them alike."""
    bank = background_queries()
    times = _Times()

    def timed(into: list[float], work: Callable[[], object]) -> None:
        into.append(seconds(work) * 1000)

    def ask(query: str) -> object:
        return client.get(route, params={"q": query}).raise_for_status()

    for query in bank[-20:]:
        ask(query)
    for number in range(NUM_QUERIES):
        query = f"{bank[number % len(bank)]}, number {number}"
        timed(times.encode, partial(encoder.encode_queries, [query]))
        vector = encoder.encode_queries([query])[0].tolist()
        literal = "[" + ",".join(map(str, vector)) + "]"
        if not times.raw:
            _raw(connection, literal)
        timed(times.raw, partial(_raw, connection, literal))
        timed(times.new, partial(ask, query))
        timed(times.again, partial(ask, query))
    return times


def _raw(connection: psycopg.Connection[Any], literal: str) -> object:
    return connection.execute(_RAW, (literal,), prepare=True).fetchall()


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
