"""Partitions and indexes of the spaces."""

import re

import sqlalchemy as sa

from database.models import StoredSpace
from embeddings.space import Space
from embeddings.spaces import SPACES


def partition_name(key: str) -> str:
    """The table that holds the vectors of a space; safe to stand in SQL."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        raise ValueError(f"a space's key is lower case letters, digits and hyphens, not {key!r}")
    return "embedding_" + key.replace("-", "_")


def ensure_spaces(engine: sa.Engine) -> None:
    """A row, a partition and an HNSW index for every space of the registry."""
    with engine.begin() as connection:
        if not _missing(connection):
            return
        connection.execute(sa.text("LOCK TABLE space IN EXCLUSIVE MODE"))
        for key in _missing(connection):
            _create(connection, SPACES[key])


def _missing(connection: sa.Connection) -> list[str]:
    return sorted(SPACES.keys() - set(connection.scalars(sa.select(StoredSpace.key))))


def _create(connection: sa.Connection, space: Space) -> None:
    table = partition_name(space.key)
    connection.execute(
        sa.insert(StoredSpace).values(
            key=space.key,
            modality=space.modality.value,
            dim=space.dim,
            model=space.model,
            revision=space.revision,
            weights_sha256=space.weights.sha256,
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
