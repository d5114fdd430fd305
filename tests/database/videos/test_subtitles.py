"""The subtitles of a video are replaced as a whole, and nothing else of it."""

from dataclasses import replace

import pytest

from database.errors import SpacesChanged
from database.models import MomentKind
from database.server.connection import Database
from database.videos.read import Library
from database.videos.records import MomentRecord, Sidecar, Subtitles
from database.videos.removal import Removal
from database.videos.stored import Store
from database.videos.subtitles import SubtitleStore
from tests.helpers import records
from tests.helpers.sql import rows

GERMAN = Subtitles("German", "de", "/v/a.de.srt", ((0.5, 1.5, "Ein Zug fährt ab."),))
WITHIN = Subtitles(None, None, None, ((1.0, 2.0, "A train leaves."),))
SPACES = ("minilm-l6", "imagenet-concepts")
LINE = MomentRecord(
    scene=1,
    kind=MomentKind.SUBTITLE,
    start_s=2.5,
    end_s=3.0,
    text="Ein Zug fährt ab.",
    language="de",
    track="German",
    vectors={"minilm-l6": records.unit_vector(3)},
)
KINDS = "SELECT kind, count(*) FROM moment GROUP BY kind ORDER BY kind"


@pytest.fixture
def video_id(store: Store) -> int:
    """Of a video with a track within it, of which a line is a moment."""
    made = records.video("a")
    made = replace(made, subtitles=(WITHIN,), moments=(*made.moments, replace(LINE, language=None)))
    store.save_video(made, records.file("/v/a.mp4"))
    found = store.find_video_by_content(records.digest("a"))
    assert found is not None
    return found.id


def test_a_video_is_stored_with_its_tracks(video_id: int, database: Database) -> None:
    subtitles = SubtitleStore(database)
    assert subtitles.tracks(video_id) == [WITHIN]
    around = subtitles.surroundings(video_id)
    assert around.scenes == ((0.0, 2.0), (2.0, 4.0))
    assert [text for _start_s, _end_s, text in around.spoken] == ["A train leaves."]


def test_only_subtitles_notes_and_the_outcome_of_the_file_are_replaced(
    video_id: int, database: Database, store: Store
) -> None:
    before = rows(database, KINDS)
    sidecar = Sidecar("a.de.srt", 99, 2**62 + 1)
    file = replace(records.file("/v/a.mp4", video_id=video_id), sidecars=(sidecar,))
    subtitles = SubtitleStore(database)
    subtitles.replace(video_id, [WITHIN, GERMAN], [LINE], ["a note"], file, SPACES)
    assert subtitles.tracks(video_id) == [WITHIN, replace(GERMAN, origin=database.origin)]
    assert rows(database, KINDS) == before
    assert rows(database, "SELECT language, track FROM moment WHERE kind = 'subtitle'") == [
        ("de", "German")
    ]
    assert Library(database).get_video(video_id).notes == ("a note",)
    assert [(own.path, own.sidecars) for own in subtitles.places(video_id, 9)] == [
        ("/v/a.mp4", (sidecar,))
    ]
    known = store.find_files(["/v/a.mp4"])["/v/a.mp4"]
    assert known.file.sidecars == (sidecar,)
    subtitles.replace(video_id, [], [], [], records.file("/v/a.mp4", video_id=video_id), SPACES)
    assert subtitles.tracks(video_id) == []
    assert rows(database, "SELECT id FROM moment WHERE kind = 'subtitle'") == []


def test_one_track_is_read_without_the_lines_of_others(video_id: int, database: Database) -> None:
    subtitles = SubtitleStore(database)
    file = records.file("/v/a.mp4", video_id=video_id)
    subtitles.replace(video_id, [WITHIN, GERMAN], [], [], file, SPACES)
    headers = [(each.name, each.path, each.num_lines) for each in subtitles.headers(video_id)]
    assert headers == [(each.name, each.path, len(each.lines)) for each in (WITHIN, GERMAN)]
    assert subtitles.lines(video_id, 1) == list(GERMAN.lines)
    assert subtitles.lines(video_id, 2) == []


def test_without_the_vectors_of_an_active_space_nothing_is_replaced(
    video_id: int, database: Database
) -> None:
    subtitles = SubtitleStore(database)
    file = records.file("/v/a.mp4", video_id=video_id)
    with pytest.raises(SpacesChanged):
        subtitles.replace(video_id, [], [], [], file, SPACES[1:])
    assert subtitles.tracks(video_id) == [WITHIN]


def test_tracks_go_with_their_video(video_id: int, database: Database, store: Store) -> None:
    store.save_file(replace(records.file("/v/a.mp4"), video_id=None))
    assert Removal(database).remove_orphan(records.digest("a"))
    assert rows(database, "SELECT video_id FROM subtitle_track") == []
    assert SubtitleStore(database).tracks(video_id) == []
