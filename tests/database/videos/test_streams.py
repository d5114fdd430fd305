"""What is played of a video is kept with it, whenever it is found out."""

from dataclasses import replace

from database.server.connection import Database
from database.videos.read import Library
from database.videos.stored import Store
from database.videos.streams import PictureStream, SoundStream, Streams
from tests.helpers import records

FILM = Streams(
    container="matroska",
    picture=PictureStream("hevc", "hvc1.1.6.L93.B0", (30_000, 1001), 0.021, 1280, 720),
    sounds=(
        SoundStream("ac3", "ac-3", "deu", None, 6),
        SoundStream("aac", "mp4a.40.2", None, 'said "so" – später', 2),
    ),
    timecode="01:00:00;00",
)
RECORDING = Streams("wav", None, (SoundStream("pcm_s16le", None, None, None, 1),), None)


def test_the_streams_of_a_video_come_back_as_they_were_stored(
    database: Database, store: Store
) -> None:
    for number, streams in enumerate((FILM, RECORDING, None)):
        record = replace(records.video(f"v{number}"), streams=streams)
        video_id = store.save_video(record, records.file(f"/v/{number}.mp4"))
        assert Library(database).get_video(video_id).streams == streams


def test_streams_that_are_found_later_are_kept_from_then_on(
    database: Database, store: Store
) -> None:
    first = store.save_video(records.video("a"), records.file("/v/a.mp4"))
    second = store.save_video(records.video("b"), records.file("/v/b.mp4"))
    store.set_streams(first, FILM)
    assert Library(database).get_video(first).streams == FILM
    assert Library(database).get_video(second).streams is None


def test_a_video_that_was_forgotten_meanwhile_stays_so(database: Database, store: Store) -> None:
    store.set_streams(1_000_000, FILM)
    assert Library(database).row_counts()["video"] == 0
