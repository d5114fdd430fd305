"""The names of partitions stand in SQL as they are: nothing but a plain key becomes one; and the
bits of a vector."""

import pytest
import sqlalchemy as sa

from database.server.connection import Database
from database.spaces.partitions import bits_of, index_name, partition_name


def test_a_partition_is_named_for_its_space() -> None:
    assert partition_name("clip-b32") == "embedding_clip_b32"


def test_keys_that_begin_alike_have_indexes_of_different_names_however_long_they_are() -> None:
    keys = [f"descriptions-{'a' * 38}-{end}" for end in "xy"]
    names = {index_name(key) for key in keys}
    assert len(names) == 2
    assert max(map(len, (*names, *map(partition_name, keys)))) <= 63
    assert index_name("clip-b32") == "embedding_clip_b32_hnsw"


@pytest.mark.parametrize("key", ["", "Clip", "a b", "a_b", "-a", "a-", "x; DROP TABLE video", "ä"])
def test_a_key_that_is_no_plain_word_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="lower case letters, digits and hyphens"):
        partition_name(key)


def test_of_two_numbers_as_many_bits_differ_as_there_are_steps_between_them(
    database: Database,
) -> None:
    """Of four numbers of unit length the steps are at 0.4, 0 and -0.4."""
    given = "'[0.6,0.2,-0.2,-0.6]'::halfvec(4)"
    with database.reading() as connection:
        bits = connection.scalar(sa.text(f"SELECT {bits_of(given, 4)}::text"))
    assert bits == "1000" + "1100" + "1110"
    levels = ["".join(levels) for levels in zip(bits[:4], bits[4:8], bits[8:], strict=True)]
    assert levels == ["111", "011", "001", "000"]
