"""A space is filled without its index, which is built once, while others go on."""

import pytest
import sqlalchemy as sa

from database.errors import SpaceBusy, UnknownStoredSpace
from database.models import SpaceState
from database.server.connection import Database
from database.spaces.spaces import SWITCH_LOCK, Spaces
from database.videos.stored import Store
from embeddings.registry.spaces import SPACES
from tests.helpers import records
from tests.helpers.sql import execute, rows

OLD, NEW = "imagenet-concepts", "imagenet-labels"


@pytest.fixture
def spaces(store: Store, database: Database) -> Spaces:
    """Those of a library with one video, and one more that is full and not searched."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    made = Spaces(database)
    made.add([SPACES[NEW]])
    (keyframe,) = made.moments_missing(NEW, limit=10)
    made.save_vectors(NEW, {keyframe.id: records.unit_vector(5, SPACES[NEW].dim)})
    return made


def test_a_space_has_its_index_once_it_is_searched(spaces: Spaces) -> None:
    assert not spaces.lacks_index(OLD)
    assert spaces.lacks_index(NEW)
    spaces.activate(NEW)
    assert not spaces.lacks_index(NEW)


def test_an_index_whose_build_was_cut_off_is_built_again(
    spaces: Spaces, database: Database
) -> None:
    spaces.activate(NEW)
    execute(
        database,
        "UPDATE pg_index SET indisvalid = false "
        "WHERE indexrelid = 'embedding_imagenet_labels_hnsw'::regclass",
    )
    assert spaces.lacks_index(NEW)
    spaces.activate(NEW)
    assert not spaces.lacks_index(NEW)


def test_videos_are_stored_while_a_space_is_indexed(spaces: Spaces, database: Database) -> None:
    with database.lock_connection() as storing:
        storing.execute(sa.text("SELECT pg_advisory_lock_shared(:lock)"), {"lock": SWITCH_LOCK})
        spaces.index(NEW)
    assert not spaces.lacks_index(NEW)


def test_a_space_that_was_searched_keeps_its_index_when_it_fills_again(spaces: Spaces) -> None:
    spaces.activate(NEW)
    spaces.add([SPACES[OLD]])
    assert spaces.all()[OLD].state is SpaceState.FILLING
    assert not spaces.lacks_index(OLD)


def test_a_switch_that_is_taken_back_indexes_what_lost_its_index(
    spaces: Spaces, database: Database
) -> None:
    spaces.activate(NEW)
    execute(database, "DROP INDEX embedding_imagenet_concepts_hnsw")
    assert spaces.rollback(NEW) == [OLD]
    assert not spaces.lacks_index(OLD)


def test_a_space_is_not_indexed_while_it_is_filled(spaces: Spaces, database: Database) -> None:
    with spaces.filling(NEW), pytest.raises(SpaceBusy, match="is being filled"):
        spaces.activate(NEW)
    assert rows(database, "SELECT key FROM space WHERE state = 'active' ORDER BY key") == [
        (OLD,),
        ("minilm-l6",),
    ]


def test_the_index_of_a_space_that_is_not_there_is_not_asked_for(spaces: Spaces) -> None:
    with pytest.raises(UnknownStoredSpace):
        spaces.lacks_index("clip-b32")
