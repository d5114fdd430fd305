"""The spaces of a library in plain words, and what to do about each."""

import pytest

from api.spaces import Standing, standings
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.records import file, video
from tests.helpers.sql import execute

CLIP = "clip-b32"


@pytest.fixture
def spaces(store: Store, database: Database) -> Spaces:
    """Of a library with one video, which begins to change to CLIP."""
    store.save_video(video("a"), file("/v/a.mp4"))
    found = Spaces(database)
    found.add([SPACES[CLIP]])
    return found


def commands(standing: Standing) -> list[str]:
    return [step.command for step in standing.steps]


def test_a_space_that_fills_has_a_command_for_each_thing_it_lacks(
    spaces: Spaces, encoders: Encoders
) -> None:
    *searched, clip = standings(spaces, encoders, counted=True)
    assert [(each.state, each.steps) for each in searched] == [("searched", [])] * 2
    assert (clip.info.key, clip.purpose) == (CLIP, "What is shown")
    assert clip.state == "filling, not searched yet"
    assert commands(clip) == [
        f"python -m embeddings pull {CLIP}",
        f"python -m ingest.backfill --spaces {CLIP}",
        f"python -m ingest.backfill --spaces {CLIP} --activate",
    ]
    assert "instead of imagenet-concepts" in clip.steps[-1].purpose


def test_a_space_that_is_retired_can_be_removed(
    spaces: Spaces, database: Database, encoders: Encoders
) -> None:
    execute(database, f"UPDATE space SET state = 'retired' WHERE key = '{CLIP}'")
    *_, clip = standings(spaces, encoders, counted=False)
    assert clip.coverage is None
    assert commands(clip) == [f"python -m ingest.backfill --spaces {CLIP} --drop"]


def test_a_model_that_is_not_known_here_is_not_said_to_be_one_of_the_hub(
    spaces: Spaces, database: Database, encoders: Encoders
) -> None:
    execute(database, f"DELETE FROM coverage WHERE space = '{CLIP}'")
    execute(database, f"UPDATE space SET key = 'my-clip' WHERE key = '{CLIP}'")
    *_, own = standings(spaces, encoders, counted=False)
    assert (own.known, own.weights_here) == (False, False)
    assert "EMBEDDING_MODEL_DIR" in commands(own)[0]
