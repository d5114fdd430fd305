"""Partitions and indexes of the spaces, and how vectors come into them."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import sqlalchemy as sa

from database.models import StoredSpace
from embeddings.space import Space

HNSW = "m = 16, ef_construction = 200"
"""Scenes of a video lie close together, and a graph built with pgvector's 64 candidates leads past
whole groups of them: recall 0.77 instead of 0.90 (docs/benchmarks.md)."""
HALF, BITS = "halfvec_ip_ops", "bit_hamming_ops"
"""How indexes of half floats and of bits compare."""


_PART_OF_MEMORY, _LEAST_INDEX_BYTES, _MOST_INDEX_BYTES = 8, 32 * 2**20, 4 * 2**30
_SHARED_MEMORY = Path("/dev/shm")
_MOST_CHARACTERS = 63
"""Of a name in PostgreSQL."""
_STEP = 0.8
"""Between what bits tell apart, in standard deviations of the numbers of a vector."""


def partition_name(key: str) -> str:
    """The table that holds the vectors of a space; safe to stand in SQL."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        raise ValueError(f"a space's key is lower case letters, digits and hyphens, not {key!r}")
    return "embedding_" + key.replace("-", "_")


def index_name(key: str, *, bits: bool = False) -> str:
    """The HNSW index of a space, of half floats or of bits."""
    table = partition_name(key)
    if len(table) > _MOST_CHARACTERS - len("_hnsw"):
        number = hashlib.sha256(key.encode()).hexdigest()[:8]
        table = f"{table[:49]}_{number}"  # another key may begin alike
    return f"{table}_bits" if bits else f"{table}_hnsw"


def create_space(connection: sa.Connection, space: Space) -> None:
    """The row of a space, and its partition: without an index, which slows every row down a
    hundredfold, until it is full (`database/spaces/indexing.py`)."""
    connection.execute(
        sa.insert(StoredSpace).values(
            key=space.key,
            slot=space.slot,
            modality=space.modality.value,
            input=space.input.value,
            dim=space.dim,
            model=space.model,
            revision=space.revision,
            weights_sha256=space.weights.sha256 or "",
        )
    )
    create_partition(connection, space.key, space.dim)


def create_partition(connection: sa.Connection, key: str, dim: int) -> None:
    """The table of the vectors of a space whose row is there."""
    connection.execute(
        sa.text(
            f"CREATE TABLE {partition_name(key)} PARTITION OF embedding "
            f"(CHECK (vector_dims(vector) = {dim})) FOR VALUES IN ('{key}')"
        )
    )


def create_index(connection: sa.Connection, key: str, dim: int, *, bits: bool = False) -> None:
    """The HNSW index of a space that nobody fills yet."""
    connection.execute(sa.text(f"CREATE INDEX {index_sql(key, dim, bits=bits)}"))


def index_sql(key: str, dim: int, *, bits: bool) -> str:
    """The name of the index of a space, and what it is of: what follows CREATE INDEX."""
    indexed = f"{bits_of('vector', dim)}) {BITS}" if bits else f"vector::halfvec({dim})) {HALF}"
    return (
        f"{index_name(key, bits=bits)} ON {partition_name(key)} "
        f"USING hnsw (({indexed}) WITH ({HNSW})"
    )


def bits_of(vector: str, dim: int) -> str:
    """The bits of a halfvec of unit length: bit(3 * dim). Three for each number: whether it is more
    than _STEP standard deviations of such numbers, than 0, than as much below 0. So of two numbers
    as many bits differ as there are steps between them, and more of a vector is left than its
    signs: a million moments need a third of their candidates (docs/benchmarks.md)."""
    step = f"array_fill({_STEP / dim**0.5:.4f}::real, ARRAY[{dim}])::halfvec"
    levels = (f"{vector} - {step}", vector, f"{vector} + {step}")
    quantised = " || ".join(f"binary_quantize({level})" for level in levels)
    return f"({quantised})::bit({3 * dim})"


def index_memory_kb() -> int:
    """What the embedded server may take to build an index: a graph that does not fit is built many
    times more slowly. Parallel workers share it in /dev/shm, which is small in containers."""
    import psutil

    most = [psutil.virtual_memory().total // _PART_OF_MEMORY, _MOST_INDEX_BYTES]
    if _SHARED_MEMORY.is_dir():
        most.append(psutil.disk_usage(str(_SHARED_MEMORY)).free // 2)
    return int(max(min(most), _LEAST_INDEX_BYTES) // 1024)


def drop_space(connection: sa.Connection, key: str) -> None:
    """Removes what `create_space` has made, with all vectors."""
    connection.execute(sa.text(f"DROP TABLE {partition_name(key)}"))
    connection.execute(sa.delete(StoredSpace).where(StoredSpace.key == key))


def copy_vectors(
    connection: psycopg.Connection[Any],
    space: str,
    video_ids: int | Sequence[int],
    moment_ids: Sequence[int],
    vectors: npt.NDArray[np.float32],
    table: str = "embedding",
) -> None:
    """Binary COPY of the vectors, float32 [n, dim], of n moments of one video, or of n."""
    with connection.cursor().copy(
        f"COPY {table} (video_id, moment_id, space, vector) FROM STDIN (FORMAT BINARY)"
    ) as copy:
        copy.write(_COPY_HEADER + _copy_rows(space, video_ids, moment_ids, vectors) + _COPY_TRAILER)


_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"


def _copy_rows(
    space: str,
    video_ids: int | Sequence[int],
    moment_ids: Sequence[int],
    vectors: npt.NDArray[np.float32],
) -> bytes:
    """Rows in PostgreSQL's binary COPY format: the number of fields, then each after its length;
    a halfvec is its dimension, two unused bytes, and big-endian half floats."""
    key, dim = space.encode(), vectors.shape[1]
    rows = np.zeros(
        len(vectors),
        [
            ("num_fields", ">i2"),
            *(("video_bytes", ">i4"), ("video", ">i8")),
            *(("id_bytes", ">i4"), ("id", ">i8")),
            *(("key_bytes", ">i4"), ("key", f"S{len(key)}")),
            *(("vector_bytes", ">i4"), ("dim", ">i2"), ("unused", ">i2"), ("vector", ">f2", dim)),
        ],
    )
    rows["num_fields"], rows["video_bytes"], rows["video"] = 4, 8, video_ids
    rows["id_bytes"], rows["id"] = 8, moment_ids
    rows["key_bytes"], rows["key"] = len(key), key
    rows["vector_bytes"], rows["dim"], rows["vector"] = 4 + 2 * dim, dim, vectors
    return rows.tobytes()
