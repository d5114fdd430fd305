"""The names of partitions stand in SQL as they are: nothing but a plain key becomes one."""

import pytest

from database.spaces.partitions import partition_name


def test_a_partition_is_named_for_its_space() -> None:
    assert partition_name("clip-b32") == "embedding_clip_b32"


@pytest.mark.parametrize("key", ["", "Clip", "a b", "a_b", "-a", "a-", "x; DROP TABLE video", "ä"])
def test_a_key_that_is_no_plain_word_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="lower case letters, digits and hyphens"):
        partition_name(key)
