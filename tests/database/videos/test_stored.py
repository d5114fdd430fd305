"""Videos go into the store whole or not at all, and leave it when no path leads to them."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from database.errors import ClaimLost, SpacesChanged, ValueRefused
from database.models import FileStatus
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.tags import Tags
from database.videos.contents import Contents
from database.videos.read import Library
from database.videos.records import FileRecord
from database.videos.removal import Removal
from database.videos.stored import KnownFile, Store
from tests.helpers import records
from tests.helpers.commands import ROOT, environment
from tests.helpers.sql import rows

EMPTY = {"video": 0, "scene": 0, "moment": 0, "embedding": 0}
ONE = {"video": 1, "scene": 2, "moment": 3, "embedding": 3}


def counts(database: Database) -> dict[str, int]:
    return Library(database).row_counts()


def test_a_saved_video_is_found_by_content_id_and_path(store: Store, database: Database) -> None:
    video_id = store.save_video(records.video("a"), records.file("/v/a.mp4"))
    assert counts(database) == ONE
    found = store.find_video_by_content(records.digest("a"))
    assert found is not None
    assert (found.id, found.again) == (video_id, False)
    assert (found.status, found.num_scenes, found.num_moments) == (FileStatus.DONE, 2, 3)
    file = records.file("/v/a.mp4", video_id=found.id)
    assert store.find_files(["/v/a.mp4", "/v/b.mp4"]) == {
        "/v/a.mp4": KnownFile(file, found, is_missing=False)
    }
    assert store.places_of(found.id, 10) == [file]


def test_corrections_clock_and_tracks_are_stored_with_a_video(
    store: Store, database: Database
) -> None:
    made = records.commented("a")
    store.save_video(made, records.file("/v/a.mp4"))
    store.save_video(records.video("b"), records.file("/v/b.mp4"))
    a, b = Library(database).list_videos(limit=2)
    assert (a.notes, a.clock) == (made.notes, made.clock)
    assert (b.notes, b.clock) == ((), None)
    tracks = "SELECT kind, track FROM moment JOIN scene ON scene.id = scene_id ORDER BY moment.id"
    assert rows(database, tracks) == [
        *(("keyframe", None), ("ocr", None), ("speech", None), ("speech", records.COMMENTARY)),
        *(("keyframe", None), ("ocr", None), ("speech", None)),
    ]
    heard = [(spoken.start_s, spoken.track) for spoken in Contents(database).spoken(a.id)]
    assert heard == [(2.5, None), (2.75, records.COMMENTARY)]


_SORT_IN = "SELECT gin_clean_pending_list('moment_tsv_idx')"
_NUM_PENDING_PAGES = 64 // 8


def test_words_are_sorted_into_their_index_while_videos_are_stored(
    store: Store, database: Database
) -> None:
    """Each search reads all of the list of those that are not."""
    for number in range(40):
        words = " ".join(f"word{number}of{each}" for each in range(300))
        name = f"{number:x}"
        store.save_video(records.video(name, text=words), records.file(f"/v/{number}.mp4"))
    ((num_pages,),) = rows(database, _SORT_IN)
    assert num_pages <= _NUM_PENDING_PAGES


def test_the_last_words_are_sorted_in_at_the_end(store: Store, database: Database) -> None:
    store.save_video(records.video("a", text="A train leaves."), records.file("/v/a.mp4"))
    store.analyse()
    assert rows(database, _SORT_IN) == [(0,)]


def test_what_is_not_there_is_not_found(store: Store) -> None:
    assert store.find_video_by_content(records.digest("a")) is None
    assert store.find_files(["/v/a.mp4"]) == {}


def test_the_views_show_each_embedding_with_its_scene(store: Store, database: Database) -> None:
    store.save_video(records.video("a", text="A train leaves."), records.file("/v/a.mp4"))
    seen = rows(
        database,
        "SELECT position, keyframe_path, embedding_model, title, visual_embeddings.kind, "
        "visual_embeddings.start_s, visual_embeddings.end_s, vector_dims(embedding) "
        "FROM visual_embeddings "
        "JOIN scene ON scene.id = scene_id JOIN video ON video.id = visual_embeddings.video_id "
        "JOIN moment ON moment.id = moment_id",
    )
    assert seen == [
        (0, records.image_path("a"), "imagenet-concepts", "a", "keyframe", 1.0, 1.0, 384)
    ]
    said = rows(
        database,
        "SELECT position, text, embedding_model FROM text_embeddings "
        "JOIN scene ON scene.id = scene_id ORDER BY position",
    )
    assert said == [(0, "EXIT", "minilm-l6"), (1, "A train leaves.", "minilm-l6")]


def test_vectors_come_back_as_they_went_in(store: Store, database: Database) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    ((scene_id,),) = rows(database, "SELECT id FROM scene WHERE position = 1")
    assert isinstance(scene_id, int)
    (vector,) = Library(database).vectors_of([scene_id], "minilm-l6")[scene_id]
    np.testing.assert_allclose(vector, records.unit_vector(3), atol=1e-3)


def test_a_video_whose_path_has_new_content_stays_until_it_is_removed(
    store: Store, database: Database
) -> None:
    store.save_video(records.video("old"), records.file("/v/a.mp4"))
    store.save_video(records.video("new"), records.file("/v/a.mp4"))
    removal = Removal(database)
    assert removal.orphans() == [records.digest("old")]
    assert store.find_video_by_content(records.digest("old")) is not None
    assert removal.remove_orphan(records.digest("old"))
    assert not removal.remove_orphan(records.digest("new"))
    assert counts(database) == ONE
    assert store.find_video_by_content(records.digest("old")) is None


def test_a_video_that_another_path_leads_to_stays(store: Store, database: Database) -> None:
    store.save_video(records.video("old"), records.file("/v/a.mp4"))
    old = store.find_video_by_content(records.digest("old"))
    assert old is not None
    store.save_file(records.file("/v/copy.mp4", video_id=old.id))
    store.save_video(records.video("new"), records.file("/v/a.mp4"))
    assert counts(database) == {table: 2 * n for table, n in ONE.items()}
    assert [place.path for place in store.places_of(old.id, 10)] == ["/v/copy.mp4"]
    assert Removal(database).orphans() == []


def test_a_path_that_became_unreadable_leads_to_no_video(store: Store, database: Database) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    failed = FileRecord("/v/a.mp4", 5, 6, FileStatus.FAILED, "damaged")
    store.save_file(failed)
    assert store.find_files(["/v/a.mp4"]) == {"/v/a.mp4": KnownFile(failed, None, is_missing=False)}
    assert Removal(database).remove_orphan(records.digest("a"))
    assert counts(database) == EMPTY


@pytest.mark.parametrize(
    ("space", "vector", "error"),
    [
        ("minilm-l6", records.unit_vector(1, dim=383), ValueError),
        ("minilm-l6", np.full(384, np.nan, np.float32), ValueRefused),
        ("minilm-l6", np.full(384, np.inf, np.float32), ValueRefused),
        ("no-such-space", records.unit_vector(1), psycopg.errors.CheckViolation),
    ],
    ids=["dimension", "not a number", "infinite", "space"],
)
def test_a_bad_vector_leaves_no_row_at_all(
    space: str, vector: np.ndarray, error: type[Exception], store: Store, database: Database
) -> None:
    bad = records.with_vector(records.video("a"), space, vector)
    with pytest.raises(error):
        store.save_video(bad, records.file("/v/a.mp4"))
    assert counts(database) == EMPTY
    assert store.find_files(["/v/a.mp4"]) == {}


def test_the_same_content_is_stored_once_and_made_anew_under_its_id(
    store: Store, database: Database
) -> None:
    first = store.save_video(records.video("a"), records.file("/v/a.mp4"))
    Tags(database).put(first, ["rail"])
    anew = replace(records.video("a", text="A train arrives."), title="anew")
    assert store.save_video(anew, records.file("/v/b.mp4")) == first
    assert counts(database) == ONE
    (video,) = Library(database).list_videos(limit=10)
    assert (video.title, video.tags) == ("anew", ("rail",))
    assert [spoken.text for spoken in Contents(database).spoken(first)] == ["A train arrives."]
    assert [place.path for place in store.places_of(first, 10)] == ["/v/a.mp4", "/v/b.mp4"]


def test_a_content_that_another_process_has_stored_meanwhile_stays_as_it_is(
    store: Store, database: Database
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"), only_new=True)
    late = replace(records.video("a", text="A train arrives."), title="late")
    with pytest.raises(ClaimLost, match="late was stored by another process"):
        store.save_video(late, records.file("/v/b.mp4"), only_new=True)
    assert counts(database) == ONE
    (video,) = Library(database).list_videos(limit=10)
    assert video.title == "a"
    assert store.find_files(["/v/b.mp4"]) == {}


def test_a_new_content_inherits_the_tags_of_its_path_and_no_other_does(
    store: Store, database: Database
) -> None:
    tags = Tags(database)
    old = store.save_video(records.video("old"), records.file("/v/a.mp4"))
    other = store.save_video(records.video("other"), records.file("/v/b.mp4"))
    tags.put(old, ["rail"])
    tags.put(other, ["sea"])
    store.save_file(FileRecord("/v/a.mp4", 5, 6, FileStatus.FAILED, "damaged"))
    store.save_file(records.file("/v/a.mp4", video_id=other))
    store.save_video(records.video("new"), records.file("/v/a.mp4"))
    told = {video.title: video.tags for video in Library(database).list_videos(limit=10)}
    assert told == {"old": ("rail",), "other": ("sea",), "new": ("sea",)}


def test_tags_wait_for_the_next_content_while_a_path_is_unreadable(
    store: Store, database: Database
) -> None:
    old = store.save_video(records.video("old"), records.file("/v/a.mp4"))
    Tags(database).put(old, ["rail"])
    for reason in ("damaged", "still damaged"):
        store.save_file(FileRecord("/v/a.mp4", 5, 6, FileStatus.FAILED, reason))
    Removal(database).remove_orphan(records.digest("old"))
    store.save_video(records.video("new"), records.file("/v/a.mp4"))
    (video,) = Library(database).list_videos(limit=10)
    assert (video.title, video.tags) == ("new", ("rail",))


@pytest.mark.parametrize("text", ["'; DROP TABLE video; --", "<script>", "%s {} :words", "🚂\\"])
def test_what_is_said_and_written_is_only_data(text: str, store: Store, database: Database) -> None:
    store.save_video(
        replace(records.video("a", text=text), title=text), records.file(f"/v/{text}.mp4")
    )
    (video,) = Library(database).list_videos(limit=10)
    assert (video.title, video.path) == (text, f"/v/{text}.mp4")
    assert [spoken.text for spoken in Contents(database).spoken(video.id)] == [text]


def test_forgotten_paths_are_gone(store: Store) -> None:
    store.save_file(FileRecord("/v/a.mp4", 1, 2, FileStatus.FAILED, "damaged"))
    store.forget_files(["/v/a.mp4", "/v/never.mp4"])
    store.forget_files([])
    assert store.find_files(["/v/a.mp4"]) == {}


def test_a_second_claim_of_a_content_waits_for_the_first(store: Store) -> None:
    order: list[str] = []

    def claim_second() -> None:
        with store.claim(records.digest("a"), lambda: order.append("waits")):
            order.append("second")

    second = threading.Thread(target=claim_second)
    with store.claim(records.digest("a")):
        second.start()
        wait_until(lambda: "waits" in order)
        order.append("first ends")
    second.join(10)
    assert order.index("waits") < order.index("first ends") < order.index("second")


def test_claims_of_different_contents_do_not_wait(store: Store) -> None:
    with store.claim(records.digest("a")), store.claim(records.digest("b"), fail):
        pass


def test_what_happens_while_waiting_can_end_the_wait(store: Store) -> None:
    with (
        store.claim(records.digest("a")),
        pytest.raises(InterruptedError),
        store.claim(records.digest("a"), fail),
    ):
        pass


def test_a_claim_ends_with_its_process(store: Store, settings: DatabaseSettings) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_CLAIM, records.digest("a")],
        env=environment(settings),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"claimed\n"
        holder.kill()
        holder.wait()
    started = time.monotonic()
    with store.claim(records.digest("a")):
        assert time.monotonic() - started < 5


HOLD_CLAIM = """
import sys, time
from database.opening import open_database
from database.settings import DatabaseSettings
from database.tags import Tags
from embeddings.cli import read_settings
from database.videos.stored import Store
with Store(open_database(read_settings(DatabaseSettings))).claim(sys.argv[1]):
    print("claimed", flush=True)
    time.sleep(60)
"""


def fail() -> None:
    raise InterruptedError


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_video_that_lacks_an_active_space_is_sent_back(store: Store, database: Database) -> None:
    before_the_switch = replace(records.video("a"), spaces=("minilm-l6",))
    with pytest.raises(SpacesChanged, match="imagenet-concepts became active"):
        store.save_video(before_the_switch, records.file("/v/a.mp4"))
    assert Library(database).row_counts() == EMPTY


def test_vectors_of_a_space_that_was_dropped_meanwhile_are_left_out(
    store: Store, database: Database
) -> None:
    made = records.with_vector(records.video("a"), "gone", records.unit_vector(1))
    keys = (*made.spaces, "gone")
    store.save_video(replace(made, spaces=keys), records.file("/v/a.mp4"))
    assert Library(database).row_counts() == {**ONE, "embedding": 2}
