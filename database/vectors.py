"""Partitions and indexes of the spaces."""

import re
from collections.abc import Iterable

import sqlalchemy as sa

from database.models import StoredSpace
from embeddings.space import Space


def partition_name(key: str) -> str:
    """The table that holds the vectors of a space; safe to stand in SQL."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        raise ValueError(f"a space's key is lower case letters, digits and hyphens, not {key!r}")
    return "embedding_" + key.replace("-", "_")


def ensure_spaces(engine: sa.Engine, spaces: Iterable[Space]) -> None:
    """A row, a partition and an HNSW index for each of these spaces."""
    with engine.begin() as connection:
        if not _missing(connection, spaces):
            return
        connection.execute(sa.text("LOCK TABLE space IN EXCLUSIVE MODE"))
        for space in _missing(connection, spaces):
            _create(connection, space)


def _missing(connection: sa.Connection, spaces: Iterable[Space]) -> list[Space]:
    present = set(connection.scalars(sa.select(StoredSpace.key)))
    return [space for space in spaces if space.key not in present]


def _create(connection: sa.Connection, space: Space) -> None:
    table = partition_name(space.key)
    connection.execute(
        sa.insert(StoredSpace).values(
            key=space.key,
            modality=space.modality.value,
            dim=space.dim,
            model=space.model,
            revision=space.revision,
            weights_sha256=space.weights.sha256 or "",
        )
    )
    connection.execute(
        sa.text(
            f"CREATE TABLE {table} PARTITION OF embedding "
            f"(CHECK (vector_dims(vector) = {space.dim})) FOR VALUES IN ('{space.key}')"
        )
    )
    connection.execute(
        sa.text(
            f"CREATE INDEX {table}_hnsw ON {table} "
            f"USING hnsw ((vector::halfvec({space.dim})) halfvec_ip_ops)"
        )
    )
