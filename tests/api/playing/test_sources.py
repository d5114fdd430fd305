"""What plays a video: which sources there are of it, in which order, and why."""

import asyncio
import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.playing.sources import sources_of
from database.models import FileStatus, VideoStatus
from database.opening import open_database
from database.videos.read import Library, VideoInfo
from database.videos.records import FileRecord
from database.videos.stored import Store
from database.videos.streams import PictureStream, SoundStream, Streams
from ingest.media.clips import Footage
from ingest.playing.facts import read_streams
from ingest.settings import IngestSettings
from tests.helpers import records
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import serving
from tests.helpers.marked_films import Recipe, write_marked

H264 = PictureStream("h264", "avc1.64001F", (25, 1), 0.0, 1280, 720)
HEVC = PictureStream("hevc", "hev1.1.6.L93.90", (25, 1), 0.0, 1280, 720)
PRORES = PictureStream("prores", None, (25, 1), 0.0, 1280, 720)
AAC = SoundStream("aac", "mp4a.40.2", None, None, 2)
HE_AAC = SoundStream("aac", "mp4a.40.5", None, None, 2)
AC3 = SoundStream("ac3", "ac-3", None, None, 6)
PCM = SoundStream("pcm_s16le", "1", None, None, 2)
MP3 = SoundStream("mp3", "mp3", None, None, 2)
FLAC = SoundStream("flac", "flac", None, None, 2)
OPUS = SoundStream("opus", "opus", None, None, 2)
VP9 = PictureStream("vp9", "vp09.00.31.08", (25, 1), 0.0, 1280, 720)
CONVERTED = "avc1.640020,mp4a.40.2"

VIDEO = VideoInfo(
    id=7, path="/library/film", origin="file://test", title="film",
    status=VideoStatus.DONE, reason=None,
    duration_s=10.0, width_px=640, height_px=360, frame_rate=25.0, container="mov",
    video_codec="h264", audio_codec="aac", language=None, num_scenes=1, content_hash="",
    recorded_at=None, tags=(), ingested_at=datetime(2026, 11, 26, tzinfo=UTC),
)  # fmt: skip


def listed(
    container: str,
    picture: PictureStream | None,
    *sounds: SoundStream,
    clock: tuple[tuple[float, float], ...] | None = None,
) -> list[str]:
    """The sources of a video, each as: kind, sound, codecs, why."""
    video = replace(
        VIDEO,
        container=container,
        video_codec=picture.codec if picture else None,
        audio_codec=sounds[0].codec if sounds else None,
        clock=clock,
    )
    found = sources_of(video, Streams(container, picture, sounds, None))
    return [f"{each.kind} {each.sound} {each.codecs} ({each.reason})" for each in found]


def test_a_file_that_browsers_play_is_there_itself_and_converted_in_case_one_does_not() -> None:
    assert listed("mov", H264, AAC) == [
        "original 0 avc1.64001F,mp4a.40.2 (None)",
        f"converted 0 {CONVERTED} (None)",
    ]
    assert listed("matroska", VP9, OPUS) == [
        "original 0 vp09.00.31.08,opus (None)",  # WebM
        f"converted 0 {CONVERTED} (None)",
    ]


@pytest.mark.parametrize(
    ("container", "sound", "why", "made"),
    [
        ("matroska", AAC, "matroska", "mp4a.40.2"),
        ("mpegts", HE_AAC, "mpegts", "mp4a.40.5"),
        ("avi", MP3, "avi", "mp4a.40.2"),
        ("mov", AC3, "ac3", "mp4a.40.2"),
        ("matroska", AC3, "ac3", "mp4a.40.2"),
        ("mov", PCM, "pcm", "mp4a.40.2"),
    ],
)
def test_a_picture_is_copied_where_the_container_or_the_sound_is_wrong(
    container: str, sound: SoundStream, why: str, made: str
) -> None:
    assert listed(container, H264, sound) == [
        f"original 0 avc1.64001F,{sound.codec_string} (None)",
        f"copied 0 avc1.64001F,{made} ({why})",
        f"converted 0 {CONVERTED} ({why})",
    ]


def test_of_a_file_with_another_picture_first_the_file_is_nothing_to_ask_a_browser_for() -> None:
    second = replace(H264, is_first=False)
    assert listed("mov", second, AAC, AAC) == [
        "original 0 None (not the first picture)",
        "copied 0 avc1.64001F,mp4a.40.2 (not the first picture)",
        "copied 1 avc1.64001F,mp4a.40.2 (not the first picture)",
        f"converted 0 {CONVERTED} (not the first picture)",
        f"converted 1 {CONVERTED} (not the first picture)",
    ]


def test_a_picture_that_few_browsers_play_is_converted() -> None:
    assert listed("mov", HEVC, AAC) == [
        "original 0 hev1.1.6.L93.90,mp4a.40.2 (None)",
        f"converted 0 {CONVERTED} (hevc)",
    ]
    high_10 = replace(H264, codec_string="avc1.6E0028")
    assert listed("mov", high_10, AAC)[-1] == f"converted 0 {CONVERTED} (h264 high 10)"


def test_a_picture_that_some_browsers_play_is_copied_for_them_beside_a_sound_that_none_does() -> (
    None
):
    assert listed("matroska", HEVC, AC3) == [
        "original 0 hev1.1.6.L93.90,ac-3 (None)",
        "copied 0 hvc1.1.6.L93.90,mp4a.40.2 (ac3)",
        f"converted 0 {CONVERTED} (hevc)",
    ]


def test_what_no_browser_plays_has_no_codecs_and_is_converted() -> None:
    assert listed("mov", PRORES, PCM) == [
        "original 0 None (None)",
        f"converted 0 {CONVERTED} (prores)",
    ]


def test_a_second_sound_track_can_be_chosen_though_the_file_plays() -> None:
    assert listed("mov", H264, AAC, AC3, HE_AAC) == [
        "original 0 avc1.64001F,mp4a.40.2 (None)",
        "copied 1 avc1.64001F,mp4a.40.2 (second sound track)",
        "copied 2 avc1.64001F,mp4a.40.5 (sound track 3)",
        f"converted 0 {CONVERTED} (None)",
        f"converted 1 {CONVERTED} (second sound track)",
        f"converted 2 {CONVERTED} (sound track 3)",
    ]


def test_a_file_whose_clock_starts_again_is_converted_and_never_copied() -> None:
    clock = ((0.0, 0.0), (4.0, 0.0))
    assert listed("mpegts", H264, AAC, clock=clock) == [
        "original 0 avc1.64001F,mp4a.40.2 (None)",
        f"converted 0 {CONVERTED} (time stamps)",
    ]
    begins_late = ((0.0, 36_000.0),)
    assert [each.split()[0] for each in listed("mpegts", H264, AAC, clock=begins_late)] == [
        "original",
        "copied",
        "converted",
    ]


def test_a_silent_film_has_no_sound_in_its_segments() -> None:
    assert listed("avi", H264) == [
        "original 0 avc1.64001F (None)",
        "copied 0 avc1.64001F (avi)",
        "converted 0 avc1.640020 (avi)",
    ]


@pytest.mark.parametrize(
    ("container", "sound", "codecs", "why"),
    [
        ("mp3", MP3, "mp3", None),
        ("wav", PCM, "1", None),
        ("flac", FLAC, "", None),  # browsers deny FLAC whose type names the codec, too
        ("ac3", AC3, "ac-3", "ac3"),
        ("asf", replace(AC3, codec="wmav2", codec_string=None), None, "wmav2"),
    ],
)
def test_a_recording_of_sound_alone_plays_or_is_converted(
    container: str, sound: SoundStream, codecs: str | None, why: str | None
) -> None:
    assert listed(container, None, sound) == [
        f"original 0 {codecs} (None)",
        f"converted 0 mp4a.40.2 ({why})",
    ]


FILMS = {
    "plain.mp4": Recipe(seconds=4),
    "hevc.mp4": Recipe(seconds=4, picture="libx265", options={"x265-params": "log-level=none"}),
    "prores.mov": Recipe(seconds=4, picture="prores_ks", pixel_format="yuv422p10le"),
    "two.mkv": Recipe(seconds=4, sounds=("ac3", "aac"), languages=("deu", "eng")),
    "sound.m4a": Recipe(seconds=4, picture=None),
}


@pytest.fixture(scope="module")
def films(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, IngestSettings, dict[str, int]]]:
    """A served library: each film as a new ingest stores it, under its name, and as one of before
    0016 did, under old-NAME; a film that is gone and one that is damaged, of before."""
    with new_settings(tmp_path_factory.mktemp("sources") / "home") as settings:
        ids = {}
        with contextlib.closing(open_database(settings)) as database:
            store = Store(database)
            for name, recipe in FILMS.items():
                path = write_marked(settings.home / name, recipe)
                old = settings.home / f"old-{name}"
                os.link(path, old)
                record = replace(
                    records.video(name),
                    container="matroska" if path.suffix == ".mkv" else "mov",
                    video_codec=recipe.picture and "h264",
                )
                streams = read_streams(Footage(path, None, 10**8), lambda _part: None)
                ids[name] = store.save_video(replace(record, streams=streams), _file(path))
                older = replace(record, content_hash=records.digest(old.name))
                ids[old.name] = store.save_video(older, _file(old))
            damaged = settings.home / "damaged.mp4"
            damaged.write_bytes((settings.home / "plain.mp4").read_bytes()[:300])
            ids["damaged"] = store.save_video(
                replace(records.video("damaged"), video_codec="hevc"), _file(damaged)
            )
            gone = replace(records.video("gone"), audio_codec="ac3")
            ids["gone"] = store.save_video(gone, records.file("/nowhere/gone.mp4"))
        with serving(settings) as server:
            yield server.client, settings, ids


def _file(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)


Films = tuple[httpx.Client, IngestSettings, dict[str, int]]
OWN = ("sources", "sources_reason", "sounds", "rate", "timecode")


def told(films: Films, name: str) -> dict[str, Any]:
    """What the server says of the playing of a film, without its id."""
    client, _settings, ids = films
    answer = client.get(f"/videos/{ids[name]}")
    assert answer.status_code == 200, answer.text
    shown = {key: answer.json()[key] for key in OWN}
    for source in shown["sources"]:
        assert source["url"].startswith(f"/videos/{ids[name]}/")
        source["url"] = source["url"].removeprefix(f"/videos/{ids[name]}/")
    return shown


def test_a_video_is_shown_with_what_plays_it(films: Films) -> None:
    shown = told(films, "two.mkv")
    assert [(each["kind"], each["url"], each["reason"]) for each in shown["sources"]] == [
        ("original", "stream", None),
        ("copied", "hls/copied/0/index.m3u8", "ac3"),
        ("copied", "hls/copied/1/index.m3u8", "second sound track"),
        ("converted", "hls/converted/0/index.m3u8", "ac3"),
        ("converted", "hls/converted/1/index.m3u8", "second sound track"),
    ]
    assert [each["type"] for each in shown["sources"][:2]] == [
        "video/x-matroska",
        "application/vnd.apple.mpegurl",
    ]
    assert [(each["codec"], each["language"]) for each in shown["sounds"]] == [
        ("ac3", "deu"),
        ("aac", "eng"),
    ]
    assert (shown["rate"], shown["sources_reason"]) == ([25, 1], None)


@pytest.mark.parametrize("name", FILMS)
def test_a_video_of_before_streams_were_kept_is_shown_as_if_it_were_ingested_now(
    films: Films, name: str
) -> None:
    _client, settings, ids = films
    assert told(films, f"old-{name}") == told(films, name)
    with contextlib.closing(open_database(settings)) as database:
        kept = Library(database).get_video(ids[f"old-{name}"]).streams
        assert kept is not None
        assert kept == Library(database).get_video(ids[name]).streams
    assert told(films, f"old-{name}") == told(films, name)  # what was kept


@pytest.mark.parametrize(
    ("name", "why", "sources"),
    [
        ("gone", "ingest its folder again", [("original", None), ("converted", "ac3")]),
        (
            "damaged",
            "could not be read: the file is damaged or cut off",
            [("original", None), ("converted", "hevc")],
        ),
    ],
)
def test_of_a_file_that_is_gone_or_damaged_what_the_library_knows_is_told_and_why_no_more(
    films: Films, name: str, why: str, sources: list[tuple[str, str | None]]
) -> None:
    _client, settings, ids = films
    shown = told(films, name)
    assert [(each["kind"], each["reason"]) for each in shown["sources"]] == sources
    assert shown["sources"][0]["codecs"] is None
    assert re.search(why, shown["sources_reason"])
    with contextlib.closing(open_database(settings)) as database:
        assert Library(database).get_video(ids[name]).streams is None


def test_many_who_ask_at_once_for_a_video_of_before_all_get_it(films: Films) -> None:
    client, settings, ids = films
    with contextlib.closing(open_database(settings)) as database, database.session() as session:
        session.execute(sa.text("UPDATE video SET streams = NULL"))

    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as many:
            asked = (many.get(f"/videos/{ids['plain.mp4']}") for _ in range(8))
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [200] * 8
