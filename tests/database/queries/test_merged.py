"""What each shard is asked for, so that the answers together are those of one database."""

from math import comb

import pytest

from database.queries.merged import depth_of_each


def chance_of_more(depth: int, num_parts: int, most: int) -> float:
    """That one part has more than `most` of the `depth` best, each of which lies anywhere."""
    ways = ((num_parts - 1) ** (depth - k) * comb(depth, k) for k in range(most + 1, depth + 1))
    return sum(ways) / num_parts**depth


@pytest.mark.parametrize("num_parts", [2, 3, 10, 100])
@pytest.mark.parametrize("depth", [10, 60, 300])
def test_a_shard_has_hardly_ever_more_of_the_best_than_it_is_asked_for(
    depth: int, num_parts: int
) -> None:
    each = depth_of_each(depth, num_parts)
    assert each <= depth
    assert num_parts * chance_of_more(depth, num_parts, each) < 0.006


def test_a_shard_is_asked_for_a_part_of_what_one_database_is_asked_for() -> None:
    assert [depth_of_each(60, num) for num in (1, 2, 3, 10)] == [60, 41, 31, 15]
