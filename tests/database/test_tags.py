"""Tags of any script: what is kept, what counts as the same, and what cannot be shown."""

import unicodedata

import pytest

from database.errors import InvalidTag
from database.queries.filters import Filters
from database.queries.listing import Listing, VideoLists
from database.server.connection import Database
from database.tags import Tags
from database.videos.facets import read_facets
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.sql import execute


@pytest.fixture
def tags(database: Database) -> Tags:
    return Tags(database)


def save(store: Store, title: str) -> int:
    made = records.video(title)
    store.save_video(made, records.file(f"/films/{title}.mp4"))
    stored = store.find_video_by_content(made.content_hash)
    assert stored is not None
    return stored.id


def having(database: Database, *tags: str) -> list[str]:
    page = VideoLists(database).page(Listing(tags=tags), limit=10)
    return sorted(listed.video.title for listed in page.videos)


@pytest.mark.parametrize(
    "name",
    [
        "施工现场",
        "現場のカメラ",
        "공사 현장",
        "سلامة الموقع",
        "ניסיון",
        "монтаж",
        "निर्माण स्थल",
        "ความปลอดภัย",
        "ប្រាសាទ",
        "Grüße",
        "می\u200cخواهم",
        "👩\u200d🚀",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\U0001fae9",
        "50 % #1 & <b>",
    ],
)
def test_a_tag_may_be_of_any_script(
    store: Store, database: Database, tags: Tags, name: str
) -> None:
    assert tags.put(save(store, "a"), [name]) == [name]
    save(store, "b")
    assert having(database, name) == ["a"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "\u200d",
        "x\u200c",
        "a\u202eb",
        "a\u2066b",
        "a\x07b",
        "\ufe0f",
        "a\ue000",
        "\uffff",
        "a\U0001ffff",
    ],
)
def test_a_tag_that_cannot_be_shown_is_refused(store: Store, tags: Tags, name: str) -> None:
    video_id = save(store, "a")
    if not name:
        assert tags.put(video_id, [name]) == []
        return
    with pytest.raises(InvalidTag, match="cannot be shown"):
        tags.put(video_id, [name])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (unicodedata.normalize("NFD", "Déjà vu"), "Déjà vu"),
        (unicodedata.normalize("NFD", "공사 현장"), "공사 현장"),
        ("\u200fسلامة\u200f", "سلامة"),
        ("ប្រាសាទ\u200bបុរាណ", "ប្រាសាទបុរាណ"),
        ("\ufeff site\u00ad  visit ", "site visit"),
        ("　施工　现场　", "施工 现场"),
    ],
)
def test_what_nobody_sees_is_no_part_of_a_tag(
    store: Store, database: Database, tags: Tags, typed: str, kept: str
) -> None:
    assert tags.put(save(store, "a"), [typed, kept]) == [kept]
    assert having(database, typed) == having(database, kept) == ["a"]
    assert Filters(tags=(typed,)).tags == (kept,)


def test_a_long_tag_is_measured_in_nfc() -> None:
    name = "각" * 60
    assert Filters(tags=(unicodedata.normalize("NFD", name),)).tags == (name,)
    with pytest.raises(ValueError, match="60"):
        Filters(tags=(name + "각",))


def test_tags_that_differ_in_capitals_are_one(store: Store, database: Database, tags: Tags) -> None:
    first, second, third = (save(store, title) for title in ("a", "b", "c"))
    assert tags.put(first, ["Übung", "übung", "site"]) == ["site", "Übung"]
    tags.put(second, ["ÜBUNG", "Монтаж"])
    tags.put(third, ["Übung"])
    assert having(database, "übung") == ["a", "b", "c"]
    assert having(database, "übung", "Site") == ["a"]
    assert having(database, "монтаж", "МОНТАЖ") == ["b"]
    assert read_facets(database).tags == (("Übung", 3), ("site", 1), ("Монтаж", 1))


def test_a_tag_of_before_that_is_not_in_nfc_is_found(store: Store, database: Database) -> None:
    save(store, "a")
    execute(
        database, f"INSERT INTO tag SELECT id, '{unicodedata.normalize('NFD', 'café')}' FROM video"
    )
    execute(database, "INSERT INTO tag SELECT id, 'CAFÉ' FROM video")
    assert having(database, "café") == ["a"]
    assert [count for _, count in read_facets(database).tags] == [1]
