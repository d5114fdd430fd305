"""Lists of videos: narrowed, in four orders, page by page."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from pydantic import ValidationError

from database.errors import NotFound
from database.models import VideoStatus
from database.queries.listing import ListedVideo, Listing, VideoLists, VideoSort
from database.server.connection import Database
from database.tags import Tags
from database.videos.records import VideoRecord
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.sql import execute, rows

TITLES = ("Übung 2", "crew", "über uns", r"50% off_sale\now", "محاضرة")


def save(store: Store, made: VideoRecord) -> int:
    store.save_video(made, records.file(f"/films/{made.title}.mp4"))
    stored = store.find_video_by_content(made.content_hash)
    assert stored is not None
    return stored.id


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    """Videos by their titles: each a second longer and a day later than the one before; the last
    has neither a date nor pictures."""
    found = {}
    for number, title in enumerate(TITLES):
        is_last = number == len(TITLES) - 1
        at = None if is_last else datetime(2024, 5, 1 + number, tzinfo=UTC)
        made = replace(records.video(title), recorded_at=at, duration_s=4.0 + number)
        if is_last:
            made = replace(made, moments=made.moments[1:])
        found[title] = save(store, made)
    return found


@pytest.fixture
def lists(database: Database) -> VideoLists:
    return VideoLists(database)


def titles(lists: VideoLists, **asked: object) -> list[str]:
    """Of all videos of a list, read in pages of two."""
    found: list[ListedVideo] = []
    after = None
    while True:
        page = lists.page(Listing.model_validate(asked), limit=2, after=after)
        found += page.videos
        after = page.next
        if after is None:
            assert page.total == len(found)
            return [listed.video.title for listed in found]


@pytest.mark.usefixtures("ids")
def test_videos_come_in_the_order_that_is_asked_for_and_pages_join(lists: VideoLists) -> None:
    last_first = list(reversed(TITLES))
    assert titles(lists) == last_first
    assert titles(lists, sort=VideoSort.DURATION) == last_first
    assert titles(lists, sort=VideoSort.DATE) == [*last_first[1:], last_first[0]]
    by_title = [TITLES[3], "crew", "über uns", "Übung 2", "محاضرة"]
    assert titles(lists, sort=VideoSort.TITLE) == by_title


@pytest.mark.parametrize("sort", VideoSort)
def test_videos_that_are_equal_in_the_order_come_once_each(
    store: Store, lists: VideoLists, database: Database, sort: VideoSort
) -> None:
    for name in "abcde":
        save(store, replace(records.video(name), recorded_at=None))
    execute(database, "UPDATE video SET title = 'same', ingested_at = '2024-05-01'")
    ids = []
    after = None
    while True:
        page = lists.page(Listing(sort=sort), limit=2, after=after)
        ids += [listed.video.id for listed in page.videos]
        after = page.next
        if after is None:
            break
    assert len(ids) == len(set(ids)) == 5
    assert all((one < other) == (sort is VideoSort.TITLE) for one, other in pairwise(ids))


def test_words_are_looked_for_in_title_path_and_tags_whatever_their_case(
    ids: dict[str, int], lists: VideoLists, database: Database
) -> None:
    Tags(database).put(ids["crew"], ["Night shift"])
    assert titles(lists, q="ÜB", sort=VideoSort.TITLE) == ["über uns", "Übung 2"]
    assert titles(lists, q="CREW.MP4") == ["crew"]
    assert titles(lists, q="night  crew") == ["crew"]
    assert titles(lists, q="night uns") == []
    assert titles(lists, q="محاضرة") == ["محاضرة"]
    for special in ("50%", "_", "\\", r"e\N"):  # no wildcards, and nothing escaped
        assert titles(lists, q=special) == [TITLES[3]]


@pytest.mark.parametrize("q", ["\x00", "\ud800", "a b c d e f g h i", "a" * 201])
def test_words_that_cannot_be_looked_for_are_refused(q: str) -> None:
    with pytest.raises(ValidationError):
        Listing(q=q)


def test_a_list_is_narrowed_by_state_and_tags(
    ids: dict[str, int], lists: VideoLists, database: Database, store: Store
) -> None:
    cut_off = replace(records.video("cut"), status=VideoStatus.PARTIAL, reason="only 1 s")
    save(store, cut_off)
    Tags(database).put(ids["crew"], ["night", "drill"])
    Tags(database).put(ids["über uns"], ["night"])
    assert titles(lists, status="partial") == ["cut"]
    assert titles(lists, tags=["night"]) == ["über uns", "crew"]
    assert titles(lists, tags=["night", " drill "]) == ["crew"]
    assert titles(lists, status="partial", tags=["night"]) == []


@pytest.mark.usefixtures("ids")
def test_a_still_stands_for_each_video_that_has_pictures(
    lists: VideoLists, database: Database, store: Store
) -> None:
    save(store, records.looking("long", 6, [1], 1))
    early = records.looking("early", 9, [1], 2)
    save(store, replace(early, moments=early.moments[:2]))
    stills = {v.video.title: v.still_scene_id for v in lists.page(Listing(), limit=10).videos}
    assert stills["محاضرة"] is None
    scene = "SELECT title, position FROM scene JOIN video ON video.id = video_id WHERE scene.id = "
    assert rows(database, f"{scene} {stills['long']}") == [("long", 2)]
    assert rows(database, f"{scene} {stills['early']}") == [("early", 0)]


def test_what_follows_a_video_that_has_gone_is_not_guessed(
    ids: dict[str, int], lists: VideoLists
) -> None:
    with pytest.raises(NotFound, match="begin the list anew"):
        lists.page(Listing(), limit=2, after=max(ids.values()) + 1)


def test_the_library_is_summed_up(ids: dict[str, int], lists: VideoLists, store: Store) -> None:
    assert lists.summary().num_videos == len(ids)
    before = lists.summary()
    save(store, replace(records.video("cut"), status=VideoStatus.PARTIAL, reason="only 1 s"))
    after = lists.summary()
    assert (after.num_partial - before.num_partial, after.num_scenes - before.num_scenes) == (1, 2)
    assert after.num_moments - before.num_moments == 3
    assert after.duration_s - before.duration_s == 4.0
    assert after.last_ingested_at is not None
    assert before.last_ingested_at is not None
    assert after.last_ingested_at > before.last_ingested_at


@pytest.mark.usefixtures("ids")
def test_moments_that_are_too_many_to_count_are_estimated(
    lists: VideoLists, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    exact = lists.summary()
    assert exact.counts_all
    store.analyse()
    monkeypatch.setattr("database.queries.listing._MOMENTS_COUNTED", 3)
    about = lists.summary()
    assert (about.counts_all, about.num_moments) == (False, exact.num_moments)


def test_an_empty_library_has_an_empty_list(lists: VideoLists) -> None:
    page = lists.page(Listing(), limit=2)
    assert (page.videos, page.total, page.next) == ((), 0, None)
    assert lists.summary().last_ingested_at is None


def test_names_are_found_in_either_form_of_unicode(store: Store, lists: VideoLists) -> None:
    typed, on_disk = "Pâté", unicodedata.normalize("NFD", "Pâté")
    save(store, records.video(on_disk))
    save(store, records.video(f"{typed} 2"))
    for word in (typed, on_disk, typed.upper()):
        assert titles(lists, q=word) == [f"{typed} 2", on_disk]
    assert titles(lists, q="Pate") == []
