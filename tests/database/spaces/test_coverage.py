"""What a space should hold and lacks is asked of the rows, not remembered."""

import pytest

from database.errors import UnknownStoredSpace
from database.server.connection import Database
from database.spaces.coverage import LAST, Coverage, MomentRange
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.space import Input
from tests.helpers import records
from tests.helpers.sql import forget_vectors


@pytest.fixture
def spaces(store: Store, database: Database) -> Spaces:
    """Those of a library with one video."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    return Spaces(database)


def test_moments_that_a_space_should_have_embedded_and_has_not_are_listed(
    spaces: Spaces, database: Database
) -> None:
    assert spaces.moments_missing("minilm-l6", limit=10) == []
    forget_vectors(database)
    texts = spaces.moments_missing("minilm-l6", limit=10)
    assert [moment.text for moment in texts] == ["EXIT", "A train leaves."]
    assert spaces.moments_missing("minilm-l6", limit=1) == texts[:1]
    video = texts[0].video_id
    behind_first = MomentRange((video, texts[0].id), LAST)
    assert spaces.moments_missing("minilm-l6", limit=10, within=behind_first) == texts[1:]
    assert spaces.moments_missing("minilm-l6", limit=10, video_id=video + 1) == []
    (keyframe,) = spaces.moments_missing("imagenet-concepts", limit=10)
    assert keyframe.image_path == records.image_path("a")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_ranges_hold_each_moment_that_a_space_lacks_once(
    size: int, spaces: Spaces, store: Store, database: Database
) -> None:
    for text in ("another film", "a third film"):
        store.save_video(records.video(text), records.file(text))
    assert spaces.ranges_missing("minilm-l6", size) == []
    forget_vectors(database)
    lacking = spaces.moments_missing("minilm-l6", limit=100)
    ranges = spaces.ranges_missing("minilm-l6", size)
    parts = [spaces.moments_missing("minilm-l6", limit=100, within=each) for each in ranges]
    assert [moment for part in parts for moment in part] == lacking
    assert len(lacking) > 3
    assert all(len(part) <= size for part in parts)


def test_a_space_is_complete_when_it_holds_all_moments_of_its_kinds(
    spaces: Spaces, database: Database
) -> None:
    assert spaces.coverage("minilm-l6") == Coverage(2, 2)
    assert spaces.coverage("minilm-l6").complete
    assert [spaces.num_wanted(takes) for takes in Input] == [
        {Input.TEXT: 2, Input.IMAGE: 1}.get(takes, 0) for takes in Input
    ]
    forget_vectors(database)
    assert spaces.coverage("minilm-l6") == Coverage(0, 2)
    assert not spaces.coverage("minilm-l6").complete


def test_a_space_that_the_library_does_not_have_is_named_with_the_command_to_run(
    spaces: Spaces,
) -> None:
    sentence = "has no space clip-b32: fill it with python -m ingest.backfill --spaces clip-b32"
    with pytest.raises(UnknownStoredSpace, match=sentence):
        spaces.coverage("clip-b32")
    with pytest.raises(UnknownStoredSpace, match=sentence):
        spaces.moments_missing("clip-b32", limit=1)
