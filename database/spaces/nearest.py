"""The SQL of the nearest vectors of a space: along its index of half floats, along that of bits
with the nearest of these compared exactly, or all compared.

Bits say between which steps a vector's numbers lie: of two vectors the fewer differ, the nearer
they are. They take three sixteenths of the room of half floats; in which order the nearest come,
the vectors themselves say.
"""

from database.spaces.partitions import bits_of, partition_name


def nearest_sql(
    key: str,
    dim: int,
    name: str,
    num: int,
    *,
    candidates: int | None,
    exact: bool = False,
    only: str = "",
) -> str:
    """A statement that answers `video_id`, `moment_id` and `raw`, the inner product, of the `num`
    vectors nearest to the parameter `name`, best first: a halfvec.

    With `candidates`, so many of the nearest by their bits are compared. `only` joins `e`, the rows
    of the space, or says which of them are meant.
    """
    distance = distance_sql(dim, name)
    found = f"{partition_name(key)} e"
    answer = f"SELECT e.video_id, e.moment_id, -{distance} AS raw"
    if exact:
        # An index knows no such sum: without statistics the planner walks it for a comparison of
        # all, too, and finds a part.
        return f"{answer} FROM {found} {only} ORDER BY {distance} + 0 LIMIT {num}"
    if candidates is None:
        return f"{answer} FROM {found} {only} ORDER BY {distance} LIMIT {num}"
    given = f"CAST(:{name} AS halfvec({dim}))"
    return f"""
        WITH near AS MATERIALIZED (
            SELECT e.video_id, e.moment_id, e.vector FROM {found} {only}
            ORDER BY {bits_of("e.vector", dim)} <~> {bits_of(given, dim)}
            LIMIT {max(candidates, num)})
        {answer} FROM near e ORDER BY {distance} LIMIT {num}"""


def distance_sql(dim: int, name: str) -> str:
    """The negative inner product of `e.vector` and the parameter `name`."""
    return f"(e.vector::halfvec({dim}) <#> CAST(:{name} AS halfvec({dim})))"
