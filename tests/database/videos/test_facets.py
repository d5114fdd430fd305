"""A library at a glance."""

from database.models import MomentKind
from database.server.connection import Database
from database.tags import Tags
from database.videos.facets import first_texts, read_facets
from database.videos.read import Library
from database.videos.stored import Store
from tests.helpers.records import file, talk, unit_vector, video


def save(store: Store, database: Database) -> dict[str, int]:
    """Three videos; their ids by title."""
    sentences = ["So.", "The crew is drilling."]
    for made in (
        video("first", "A train leaves."),
        video("zweites", "Ein Zug.", language="de"),
        talk("heard", sentences, [unit_vector(1), unit_vector(2)]),
    ):
        store.save_video(made, file(f"/library/{made.title}.mp4"))
    return {each.title: each.id for each in Library(database).list_videos(limit=10)}


def test_facets_count_videos_the_most_frequent_first(store: Store, database: Database) -> None:
    assert read_facets(database).languages == ()
    ids = save(store, database)
    Tags(database).put(ids["first"], ["a", "b"])
    Tags(database).put(ids["zweites"], ["b"])
    facets = read_facets(database)
    assert facets.languages == (("en", 2), ("de", 1))
    assert facets.tags == (("b", 2), ("a", 1))


def test_videos_begin_with_words(store: Store, database: Database) -> None:
    ids = save(store, database)
    assert first_texts(database, [ids["heard"], ids["first"], ids["zweites"]]) == [
        (MomentKind.SPEECH, "The crew is drilling."),  # "So." is too short to ask for
        (MomentKind.SPEECH, "A train leaves."),
        (MomentKind.SPEECH, "Ein Zug."),
    ]


def test_of_a_long_recording_only_the_beginning_is_read_for_its_words(
    store: Store, database: Database
) -> None:
    for name, num_silent in (("at once", 0), ("late", 60)):
        made = talk(
            name,
            [".."] * num_silent + ["The crew is drilling."],
            [unit_vector(1)] * (num_silent + 1),
        )
        store.save_video(made, file(f"/library/{name}.mp4"))
    ids = [each.id for each in Library(database).list_videos(limit=10)]
    assert len(first_texts(database, ids)) == 1
