"""Searches by similarity in tables of one's own, their indexes, and how vectors come into them.

All take an AsyncSession over psycopg (`postgresql+psycopg://…`) and work in its transaction: the
caller commits. What fails leaves that transaction as it was; of what a search sets, nothing stays.
Tables are called `name` or `schema.name`, and columns, as the catalog has them; their vectors are
`vector` or `halfvec`.

Every function raises UnknownTable and UnknownColumn; DimensionMismatch, or InvalidVector for
numbers that are not finite; ValueRefused for a value that its column does not take; and the other
errors of a database (errors.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from database.errors import OutOfRange, UnknownMetric
from database.tables.catalog import INDEXABLE, WRITABLE, Numbers, find_vector_table
from database.tables.nearest import COSINE, EUCLIDEAN, METRICS, Row, search_nearest
from database.tables.transaction import savepoint
from database.tables.written import write_index, write_vectors
from embeddings.settings import embedding_config


async def cosine_similarity_search(
    db: AsyncSession,
    table: str,
    embedding_column: str,
    query_embedding: Numbers,
    top_k: int | None = None,
    threshold: float | None = None,
    filters: Mapping[str, object] | None = None,
) -> list[Row]:
    """The rows most like a vector, the most similar first: all columns but the vector, and
    `similarity`, its cosine, -1 to 1.

    They are the `top_k` most similar ones, without those below `threshold`; if None, these are
    EMBEDDING_SIMILARITY_TOP_K and EMBEDDING_SIMILARITY_THRESHOLD. `filters` says which value, or
    which values one of (a list), a column must have; None is NULL. Rows are found by an index if
    there is one and EMBEDDING_USE_HNSW_INDEX is true; few that pass the filters are all compared.

    Raises OutOfRange, too, and InvalidVector also for a vector of zeros.
    """
    least = embedding_config.similarity_threshold if threshold is None else threshold
    if not -1 <= least <= 1:
        raise OutOfRange(f"threshold is a cosine, -1 to 1, not {least}")
    return await search_nearest(
        *(db, table, embedding_column, query_embedding, top_k, filters or {}, COSINE),
        is_near=lambda similarity: similarity >= least,
    )


async def euclidean_distance_search(
    db: AsyncSession,
    table: str,
    embedding_column: str,
    query_embedding: Numbers,
    top_k: int | None = None,
    max_distance: float | None = None,
    filters: Mapping[str, object] | None = None,
) -> list[Row]:
    """The rows nearest to a vector, the nearest first: all columns but the vector, and `distance`.

    They are the `top_k` nearest ones, without those beyond `max_distance`; all else is as in
    `cosine_similarity_search`, but a vector of zeros is a point like others.
    """
    most = float("inf") if max_distance is None else max_distance
    if not most >= 0:
        raise OutOfRange(f"max_distance is 0 or more, not {most}")
    return await search_nearest(
        *(db, table, embedding_column, query_embedding, top_k, filters or {}, EUCLIDEAN),
        is_near=lambda distance: distance <= most,
    )


async def create_hnsw_index(
    db: AsyncSession,
    table: str,
    embedding_column: str,
    m: int | None = None,
    ef_construction: int | None = None,
    distance_metric: str = "cosine",
) -> str:
    """The name of an HNSW index for searches by `cosine` or `euclidean` (`l2`) distance.

    One that is there already stays as it is. The table takes no writes from here until the caller
    commits. `m` and `ef_construction`, if None, are EMBEDDING_HNSW_M (16) and
    EMBEDDING_HNSW_EF_CONSTRUCTION (64). Raises UnknownMetric, too.
    """
    options = {
        "m": embedding_config.hnsw_m if m is None else m,
        "ef_construction": (
            embedding_config.hnsw_ef_construction if ef_construction is None else ef_construction
        ),
    }
    return await _create_index(db, table, embedding_column, "hnsw", distance_metric, options)


async def create_ivfflat_index(
    db: AsyncSession,
    table: str,
    embedding_column: str,
    lists: int = 100,
    distance_metric: str = "cosine",
) -> str:
    """The name of an IVFFlat index of `lists` groups of the rows that are there: made before, it
    finds little. Otherwise as `create_hnsw_index`."""
    options = {"lists": lists}
    return await _create_index(db, table, embedding_column, "ivfflat", distance_metric, options)


async def index_embedding(
    db: AsyncSession,
    table: str,
    id_column: str,
    id_value: object,
    embedding_column: str,
    embedding: Numbers,
) -> int:
    """Number of rows with this id, whose vector it now is; if there were none, one has been made.

    Raises NotFound if the table takes no row of an id and a vector alone, InvalidVector for a
    vector of zeros, too, and TransactionConflict if another program makes the row just now.
    """
    async with savepoint(db) as connection:
        own = await find_vector_table(connection, table, embedding_column, WRITABLE)
        vectors = {id_value: embedding}
        return await write_vectors(connection, own, own.column(id_column), vectors)


async def batch_index_embeddings(
    db: AsyncSession,
    table: str,
    id_column: str,
    embedding_column: str,
    embeddings: Mapping[Any, Numbers] | Iterable[tuple[Any, Numbers]],
) -> int:
    """The same for many ids with their vectors, all of them or none, by COPY; of an id that is
    there twice, the last."""
    async with savepoint(db) as connection:
        own = await find_vector_table(connection, table, embedding_column, WRITABLE)
        return await write_vectors(connection, own, own.column(id_column), dict(embeddings))


async def _create_index(
    db: AsyncSession,
    table: str,
    embedding_column: str,
    method: str,
    distance_metric: str,
    options: Mapping[str, int],
) -> str:
    if distance_metric not in METRICS:
        raise UnknownMetric(f"vectors are compared by {' or '.join(METRICS)}")
    async with savepoint(db) as connection:
        own = await find_vector_table(connection, table, embedding_column, INDEXABLE)
        operators = f"{own.type_name}_{METRICS[distance_metric].operators}"
        if f"{method} {operators}" not in own.indexes:
            await write_index(connection, own, method, operators, options)
            own = await find_vector_table(connection, table, embedding_column, INDEXABLE)
        return own.indexes[f"{method} {operators}"]
