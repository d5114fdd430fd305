"""Vectors that fit: one space of many moments, by half floats and by bits.

Sizes are 300,000 moments, or those in SCENESEEK_BENCH_MOMENTS ("300000,1000000"). Beyond 300,000
half floats are not built: it takes hours. Vectors and planted scenes are those of
`benchmarks/synthetic.py`, with something said in every scene; queries are texts, and mixed vectors
as `python -m database tune` takes them. Searches are timed by the processor time of the server.
"""

import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from benchmarks.measure import Row
from benchmarks.synthetic import SCENE_S, SCENES_PER_VIDEO, Maker, copy_rows, copy_videos
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import stop_embedded
from database.spaces.indexing import BIT_CANDIDATES, build_index, candidates_for
from database.spaces.partitions import copy_vectors, index_name, partition_name
from database.spaces.spaces import Spaces
from database.spaces.tuning import (
    CANDIDATES,
    NUM_QUERIES,
    Measured,
    measure_kinds,
    mixed_queries,
    named,
)
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest.library.null_statistics import background_queries
from ingest.settings import IngestSettings

TEXT, _ = PROFILES["bundled"].spaces
_MOST_BY_HALF = 300_000
_BATCH = 20_000
_WANTED_RATE, _WANTED_MS, _FAR = 20_000.0, 50.0, 10_000_000


@dataclass(frozen=True)
class _Size:
    """What one size has come to."""

    num: int
    p95_ms: float
    rows: list[Row]


def sizes() -> list[int]:
    """How many moments the libraries have."""
    text = os.environ.get("SCENESEEK_BENCH_MOMENTS", str(_MOST_BY_HALF))
    return sorted(int(size) for size in text.split(","))


def measure(models: Path) -> list[Row]:
    """Rows of every size, and where the power law through the least and the greatest leads."""
    measured = [_measure(models, num) for num in sizes()]
    rows = [row for one in measured for row in one.rows]
    least, greatest = measured[0], measured[-1]
    if greatest.num > least.num:
        power = math.log(greatest.p95_ms / least.p95_ms) / math.log(greatest.num / least.num)
        far_ms = greatest.p95_ms * (_FAR / greatest.num) ** power
        what = f"p95 at {_FAR:,} moments, if it grows on as N^{power:.2f}"
        rows.append(Row("21", what, far_ms, _WANTED_MS, "ms", 1.0))
    return rows


def _measure(models: Path, num: int) -> _Size:
    with tempfile.TemporaryDirectory(prefix="sceneseek-scale-") as name:
        settings = IngestSettings(sceneseek_home=Path(name), database_url=None)
        if models.is_dir():
            settings.models_dir.symlink_to(models)
        database = open_database(settings)
        try:
            return _measure_library(database, Encoders(settings.runtime()), num)
        finally:
            database.close()
            stop_embedded(settings.home)


def _measure_library(database: Database, encoders: Encoders, num: int) -> _Size:
    size = f"{num:,} moments"
    load_s = _load(database, encoders, num)
    built = {bits: _build(database, num, bits=bits) for bits in (True, False)[: 1 + _by_half(num)]}
    rows = [Row("21", f"vectors loaded, {size}", num / load_s, _WANTED_RATE, "rows/s", 1.0, False)]
    if _by_half(num):
        (bits_s, bits_bytes), (half_s, half_bytes) = built[True], built[False]
        rows += [
            Row("21", f"bytes of bits to half floats, {size}", bits_bytes, half_bytes, "B", 0.35),
            Row("21", f"seconds to index them, {size}", bits_s, half_s, "s", 1.0),
        ]
    else:
        bits_s, bits_bytes = built[True]
        print(f"bits of {size}: {bits_s:.0f} s to index, {bits_bytes:.0f} B a moment", flush=True)
    mixed = mixed_queries(Spaces(database).sample_vectors(TEXT.key, NUM_QUERIES))
    texts = [encoders.encode_query(TEXT, text) for text in background_queries()[:NUM_QUERIES]]
    kinds = (*([None] if _by_half(num) else []), *CANDIDATES)
    p95_ms = 0.0
    for name, queries in (("mixed vectors", mixed), ("texts", np.stack(texts))):
        with database.reading() as connection:  # the one of all searches
            clock = _clock_of(connection.scalar(sa.text("SELECT pg_backend_pid()")))
            measured = measure_kinds(database, TEXT.key, queries, kinds, clock)
        _print(f"{size}, {name}", measured)
        wanted = min(candidates_for(num) or BIT_CANDIDATES, CANDIDATES[-1])
        taken = next(one for one in measured if (one.bit_candidates or 0) >= wanted)
        what = f"recall@10 of {named(taken.bit_candidates)}, {size}, {name}"
        rows += [
            Row("21", what, 100 * taken.recall, 100.0, "%", 0.97, at_most=False),
            Row("21", f"p95 of it, {size}, {name}", taken.p95_ms, _WANTED_MS, "ms", 1.0),
        ]
        p95_ms = max(p95_ms, taken.p95_ms)
    return _Size(num, p95_ms, rows)


def _clock_of(pid: int | None) -> Callable[[], float]:
    """The processor time of a process, in seconds, as Linux counts it: other work on the machine
    does not change it."""
    counted = Path(f"/proc/{pid}/schedstat")
    return lambda: int(counted.read_text().split()[0]) / 1e9


def _by_half(num: int) -> bool:
    return num <= _MOST_BY_HALF


def _print(title: str, measured: tuple[Measured, ...]) -> None:
    for one in measured:
        print(
            f"{title}: {named(one.bit_candidates)}: recall@10 {one.recall:.4f}, "
            f"p50 {one.p50_ms:.2f} ms, p95 {one.p95_ms:.2f} ms",
            flush=True,
        )


def _load(database: Database, encoders: Encoders, num: int) -> float:
    """Fills an empty library, TEXT without its index: the seconds that its vectors took."""
    made = Maker(encoders, num, np.random.default_rng(1))
    taken_s = 0.0
    with database.connection() as connection:
        connection.execute(f"DROP INDEX {index_name(TEXT.key)}")
        copy_videos(connection, num)
        for start in range(0, num, _BATCH):
            scenes = range(start, min(start + _BATCH, num))
            videos = [scene // SCENES_PER_VIDEO + 1 for scene in scenes]
            ids = [scene + 1 for scene in scenes]
            begins = [scene % SCENES_PER_VIDEO * SCENE_S for scene in scenes]
            places = zip(ids, videos, scenes, begins, strict=True)
            copy_rows(
                connection,
                "scene (id, video_id, position, start_s, end_s)",
                ((n, v, s % SCENES_PER_VIDEO, at, at + SCENE_S) for n, v, s, at in places),
            )
            copy_rows(
                connection,
                "moment (video_id, id, scene_id, kind, start_s, end_s, text, language)",
                (
                    (v, n, n, "speech", at + 1, at + 5, f"moment {n}", "en")
                    for n, v, at in zip(ids, videos, begins, strict=True)
                ),
            )
            vectors = made.text_vectors(scenes)
            began = time.perf_counter()
            copy_vectors(connection, TEXT.key, videos, ids, vectors)
            taken_s += time.perf_counter() - began
        connection.execute(
            "INSERT INTO coverage (video_id, space, wanted, embedded) "
            "SELECT video_id, space, count(*), count(*) FROM embedding GROUP BY video_id, space"
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as analysing:
        analysing.execute(sa.text("SET statement_timeout = 0"))
        analysing.execute(sa.text(f"VACUUM ANALYZE {partition_name(TEXT.key)}"))
    return taken_s


def _build(database: Database, num: int, *, bits: bool) -> tuple[float, float]:
    """The seconds that the index takes, and its bytes for each moment."""
    began = time.perf_counter()
    with database.lock_connection() as connection:
        build_index(connection, TEXT.key, TEXT.dim, bits=bits, embedded=True)
    taken_s = time.perf_counter() - began
    with database.connection() as own:
        name = index_name(TEXT.key, bits=bits)
        row = own.execute("SELECT pg_relation_size(%s::regclass)", [name]).fetchone()
    assert row is not None
    print(f"{name}: {num:,} moments, {taken_s:.0f} s, {row[0] / num:.0f} B each", flush=True)
    return taken_s, row[0] / num
