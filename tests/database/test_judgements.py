"""What people say of hits is kept by content and time, and outlives an ingest."""

import numpy as np
import pytest

from database.errors import NotFound
from database.judgements import Judged, Judgements
from database.server.connection import Database
from database.videos.contents import Contents
from database.videos.read import Library
from database.videos.stored import Store
from search.query.query import MAX_QUERY_CHARACTERS
from tests.helpers import records


@pytest.fixture
def judgements(database: Database) -> Judgements:
    return Judgements(database)


def scene_ids(store: Store, database: Database, path: str = "/v/a.mp4") -> list[int]:
    """Those of the video that is stored under this path."""
    store.save_video(records.video("a"), records.file(path))
    (video,) = Library(database).list_videos(limit=1)
    return [scene.id for scene in Contents(database).scenes(video.id)]


def test_a_scene_is_right_or_wrong_as_was_said_last(
    judgements: Judgements, store: Store, database: Database
) -> None:
    first, second = scene_ids(store, database)
    judgements.save("trains", right=[first], wrong=[second])
    judgements.save("trains", right=[second], wrong=[])
    judgements.save("exit", right=[first], wrong=[first])
    assert judgements.all() == [
        Judged("exit", "/v/a.mp4", 0.0, 2.0, True),
        Judged("trains", "/v/a.mp4", 0.0, 2.0, True),
        Judged("trains", "/v/a.mp4", 2.0, 4.0, True),
    ]


def test_what_was_said_of_a_scene_for_a_query_can_be_taken_back(
    judgements: Judgements, store: Store, database: Database
) -> None:
    first, second = scene_ids(store, database)
    judgements.save("trains", right=[first], wrong=[second])
    judgements.save("exit", right=[first], wrong=[])
    judgements.forget("trains", first)
    judgements.forget("trains", first)
    assert judgements.all() == [
        Judged("exit", "/v/a.mp4", 0.0, 2.0, True),
        Judged("trains", "/v/a.mp4", 2.0, 4.0, False),
    ]
    with pytest.raises(NotFound, match="there is no scene 999"):
        judgements.forget("trains", 999)


def test_what_is_said_for_a_query_of_any_length_is_kept(
    judgements: Judgements, store: Store, database: Database
) -> None:
    first, second = scene_ids(store, database)
    letters = np.random.default_rng(1).integers(0x1F300, 0x1F600, MAX_QUERY_CHARACTERS)
    query = "".join(map(chr, letters))  # 4,000 bytes, which cannot be compressed
    other = query[:-1] + "."
    judgements.save(query, right=[first], wrong=[])
    judgements.save(query, right=[], wrong=[first])
    judgements.save(other, right=[second], wrong=[])
    assert [(said.query, said.relevant) for said in judgements.all()] == [
        (other, True),
        (query, False),
    ]
    judgements.forget(query, first)
    assert [said.query for said in judgements.all()] == [other]


def test_of_a_scene_that_does_not_exist_nothing_is_kept(
    judgements: Judgements, store: Store, database: Database
) -> None:
    first, _ = scene_ids(store, database)
    with pytest.raises(NotFound, match="there is no scene 999"):
        judgements.save("trains", right=[first], wrong=[999])
    assert judgements.all() == []


def test_what_was_said_is_there_again_when_the_content_comes_back(
    judgements: Judgements, store: Store, database: Database
) -> None:
    first, _ = scene_ids(store, database)
    judgements.save("trains", right=[first], wrong=[])
    store.save_video(records.video("other"), records.file("/v/a.mp4"))
    assert judgements.all() == []
    store.save_video(records.video("a"), records.file("/v/b.mp4"))
    assert judgements.all() == [Judged("trains", "/v/b.mp4", 0.0, 2.0, True)]
