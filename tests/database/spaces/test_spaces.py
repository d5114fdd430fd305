"""A space fills in the shadow, is searched once it is complete, and can be taken back."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from database.errors import (
    SpaceBusy,
    SpaceIncomplete,
    SpaceInUse,
    SpaceMismatch,
    UnknownStoredSpace,
)
from database.models import MomentKind, SpaceState
from database.server.connection import Database
from database.spaces.coverage import Coverage
from database.spaces.spaces import SWITCH_LOCK, Spaces, require_same
from database.videos.records import MomentRecord
from database.videos.stored import Store
from embeddings.registry.spaces import SPACES
from tests.helpers import records
from tests.helpers.sql import execute, rows

OLD, NEW = "imagenet-concepts", "imagenet-labels"


@pytest.fixture
def spaces(store: Store, database: Database) -> Spaces:
    """Those of a library with one video, and one more that has yet to be filled."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    made = Spaces(database)
    made.add([SPACES[NEW]])
    return made


def states(spaces: Spaces) -> tuple[SpaceState, SpaceState]:
    """Of the old space and of the new one."""
    infos = spaces.all()
    return infos[OLD].state, infos[NEW].state


def fill(spaces: Spaces) -> None:
    (keyframe,) = spaces.moments_missing(NEW, limit=10)
    spaces.save_vectors(NEW, {keyframe.id: records.unit_vector(5, SPACES[NEW].dim)})


def test_a_space_is_active_only_once_it_is_complete(spaces: Spaces) -> None:
    assert states(spaces) == (SpaceState.ACTIVE, SpaceState.FILLING)
    with pytest.raises(SpaceIncomplete, match="imagenet-labels holds 0 of 1 moments: complete it"):
        spaces.activate(NEW)
    fill(spaces)
    spaces.activate(NEW)
    assert states(spaces) == (SpaceState.RETIRED, SpaceState.ACTIVE)


def test_a_space_whose_videos_were_not_all_counted_is_not_complete(
    spaces: Spaces, database: Database
) -> None:
    fill(spaces)
    execute(database, "DELETE FROM coverage WHERE space = 'imagenet-labels'")  # a run was cut off
    assert not spaces.is_complete(NEW)
    with pytest.raises(SpaceIncomplete):
        spaces.activate(NEW)
    spaces.add([SPACES[NEW]])
    assert spaces.coverage(NEW) == Coverage(1, 1)
    assert spaces.is_complete(NEW)
    spaces.activate(NEW)


def test_a_space_that_is_new_is_counted_as_another_of_its_input_was(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.spaces.coverage._AT_ONCE", 2)
    for name in "abcde":
        store.save_video(records.video(name), records.file(f"/v/{name}.mp4"))
    spaces = Spaces(database)
    execute(database, "UPDATE coverage SET wanted = 7 WHERE space = 'imagenet-concepts'")
    spaces.add([SPACES[NEW], SPACES["videomae-b"]])
    counted = "SELECT wanted, embedded, count(*) FROM coverage WHERE space = '{}' GROUP BY 1, 2"
    assert rows(database, counted.format(NEW)) == [(7, 0, 5)]
    assert rows(database, counted.format("videomae-b")) == [(0, 0, 5)]


def test_nobody_who_stores_a_video_waits_for_spaces_that_are_there(
    spaces: Spaces, database: Database
) -> None:
    with database.lock_connection() as storing:
        storing.execute(sa.text("SELECT pg_advisory_lock_shared(:lock)"), {"lock": SWITCH_LOCK})
        spaces.add([SPACES[NEW], SPACES[OLD]])


def test_a_switch_is_taken_back_and_forth(spaces: Spaces) -> None:
    fill(spaces)
    spaces.activate(NEW)
    assert spaces.rollback(NEW) == [OLD]
    assert states(spaces) == (SpaceState.ACTIVE, SpaceState.RETIRED)
    assert spaces.rollback(OLD) == [NEW]
    with pytest.raises(SpaceInUse, match="imagenet-concepts is not searched"):
        spaces.rollback(OLD)
    with pytest.raises(UnknownStoredSpace, match="no space was active before in the slot text"):
        spaces.rollback("minilm-l6")


def test_a_retired_space_fills_again_when_it_is_added_again(spaces: Spaces) -> None:
    fill(spaces)
    spaces.activate(NEW)
    spaces.add([SPACES[OLD]])
    assert states(spaces) == (SpaceState.FILLING, SpaceState.ACTIVE)


def test_several_spaces_switch_all_or_none(spaces: Spaces) -> None:
    fill(spaces)
    with pytest.raises(UnknownStoredSpace):
        spaces.activate(NEW, "clip-b32")
    assert states(spaces) == (SpaceState.ACTIVE, SpaceState.FILLING)


def test_a_dropped_space_is_gone_with_its_vectors(spaces: Spaces) -> None:
    fill(spaces)
    spaces.drop(NEW)
    assert NEW not in spaces.all()
    spaces.add([SPACES[NEW]])
    assert spaces.coverage(NEW) == Coverage(0, 1)


def test_the_searched_space_of_a_slot_that_is_never_empty_stays(spaces: Spaces) -> None:
    with pytest.raises(SpaceInUse, match="make another space of its slot active first"):
        spaces.drop(OLD)


def test_one_process_at_a_time_fills_a_space_and_nobody_drops_it_meanwhile(spaces: Spaces) -> None:
    with spaces.filling(NEW):
        with pytest.raises(SpaceBusy, match="is being filled by another process"):
            spaces.filling(NEW).__enter__()
        with pytest.raises(SpaceBusy, match="is being filled by another process"):
            spaces.drop(NEW)
        with spaces.filling(OLD):
            pass
    with spaces.filling(NEW):
        pass


def test_vectors_that_are_there_or_whose_moments_are_gone_are_left_out(spaces: Spaces) -> None:
    (keyframe,) = spaces.moments_missing(NEW, limit=10)
    fill(spaces)
    other = records.unit_vector(6, SPACES[NEW].dim)
    spaces.save_vectors(NEW, {keyframe.id: other, 10**9: other})
    assert spaces.coverage(NEW) == Coverage(1, 1)
    (vector,) = spaces.sample_vectors(NEW, 10)
    np.testing.assert_allclose(vector, records.unit_vector(5, SPACES[NEW].dim), atol=1e-3)


@pytest.mark.parametrize("changed", [{"dim": 7}, {"revision": "another"}])
def test_a_key_that_stands_for_another_model_is_refused(
    changed: dict[str, Any], spaces: Spaces
) -> None:
    stored = spaces.all()[NEW]
    require_same(stored, SPACES[NEW])
    with pytest.raises(SpaceMismatch, match="holds vectors of imagenet-labels of another model"):
        require_same(replace(stored, **changed), SPACES[NEW])


def test_null_statistics_are_kept_with_their_space(spaces: Spaces) -> None:
    assert spaces.all()[NEW].null_statistics is None
    spaces.save_null_statistics(NEW, {"mean": 0.0, "std": 0.05})
    assert spaces.all()[NEW].null_statistics == {"mean": 0.0, "std": 0.05}


def test_a_sample_of_vectors_is_spread_over_all_of_them(store: Store, database: Database) -> None:
    moments = tuple(
        MomentRecord(
            0, MomentKind.SPEECH, 0.0, 1.0, "x", vectors={"minilm-l6": records.unit_vector(i)}
        )
        for i in range(100)
    )
    store.save_video(replace(records.video("a"), moments=moments), records.file("/v/a.mp4"))
    assert Spaces(database).sample_vectors("minilm-l6", 1000).shape == (100, 384)
    sample = Spaces(database).sample_vectors("minilm-l6", 10)
    assert sample.shape == (10, 384)
    nearest = [int(np.argmax([v @ records.unit_vector(i) for i in range(100)])) for v in sample]
    assert len(set(nearest)) == 10
    assert max(nearest) - min(nearest) >= 80
    assert Spaces(database).sample_vectors("imagenet-concepts", 10).shape == (0, 0)


def test_a_large_space_is_sampled_by_pages_and_always_the_same(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.spaces.vectors._NUMBERED", 1000)
    moments = tuple(
        MomentRecord(
            0, MomentKind.SPEECH, 0.0, 1.0, "x", vectors={"minilm-l6": records.unit_vector(i)}
        )
        for i in range(2000)
    )
    store.save_video(replace(records.video("a"), moments=moments), records.file("/v/a.mp4"))
    sample = Spaces(database).sample_vectors("minilm-l6", 100)
    assert 50 <= len(sample) <= 100
    np.testing.assert_array_equal(sample, Spaces(database).sample_vectors("minilm-l6", 100))
    all_of_them = np.stack([records.unit_vector(i) for i in range(2000)])
    nearest = np.argmax(sample @ all_of_them.T, axis=1)
    assert len(set(nearest)) == len(sample)
    assert np.ptp(nearest) > 1500


def test_whether_a_space_holds_anything_is_known(spaces: Spaces) -> None:
    assert spaces.is_empty(NEW)
    fill(spaces)
    assert not spaces.is_empty(NEW)
