"""Clips over HTTP: made when they are asked for, kept for a while, refused in words."""

import contextlib
import io
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from api.playing.clips import Clips
from api.playing.turns import Turns
from api.settings import ApiSettings
from database.models import FileStatus
from database.opening import open_database
from database.videos.records import FileRecord, VideoRecord
from database.videos.stored import Store
from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, assert_problem, serving
from tests.helpers.marked_films import Recipe, frames_of, lag_s, sound_of, write_marked
from tests.helpers.records import file, video
from tests.helpers.waiting import wait_until

FILM, MKV, DAMAGED, GONE, SILENT, LONG = 1, 2, 3, 4, 5, 6
SCENE = 2
"""The second of FILM: [2, 4)."""


@dataclass(frozen=True)
class Films:
    """A served library of films whose frames say their number."""

    serving: Serving
    folder: Path
    """Of the clips that are kept."""
    path: Path
    """Of the first film."""

    @property
    def client(self) -> httpx.Client:
        return self.serving.client


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    with new_settings(tmp_path_factory.mktemp("films") / "home") as settings:
        yield from _served(settings)


def _served(settings: IngestSettings) -> Iterator[Films]:
    home = settings.home
    path = write_marked(home / "film.mp4", Recipe())
    mkv = write_marked(home / "film.mkv", Recipe("mpeg4", ("ac3",)))
    damaged = home / "damaged.mp4"
    damaged.write_bytes(path.read_bytes()[:300])
    silent = write_marked(home / "silent.mp4", Recipe(sounds=()))
    large = Recipe(size=(1920, 1080), seconds=24, options={"preset": "ultrafast"})
    long = write_marked(home / "long.mp4", large)
    with contextlib.closing(open_database(settings)) as database:
        store = Store(database)
        store.save_video(_eight("film", title="Straße: tour"), _file(path))
        store.save_video(_eight("mkv"), _file(mkv))
        store.save_video(_eight("damaged"), _file(damaged))
        store.save_video(_eight("gone"), file("/nowhere/gone.mp4"))
        store.save_video(replace(_eight("silent"), audio_codec=None), _file(silent))
        store.save_video(replace(_eight("long"), duration_s=24.0), _file(long))
    with serving(settings, API_MAX_CLIP_S="23") as server:
        yield Films(server, home / "clips", path)


def _eight(name: str, title: str | None = None) -> VideoRecord:
    return replace(video(name), title=title or name, duration_s=8.0)


def _file(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)


def test_a_clip_has_the_frames_and_the_sound_of_its_part(films: Films) -> None:
    answer = films.client.get(f"/videos/{FILM}/clip.mp4?from_s=3&to_s=5")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert [number for _, number in frames_of(io.BytesIO(answer.content))] == list(range(75, 125))
    start_s, heard = sound_of(io.BytesIO(answer.content))
    assert abs(lag_s(heard[4800:14400], 3.1 + start_s)) < 0.005
    assert answer.headers["x-clip-start-s"] == "3.000"
    assert answer.headers["x-clip-end-s"] == "5.000"
    assert answer.headers["x-clip-starts-earlier-s"] == "0.000"


def test_a_clip_is_named_for_editors_on_every_system(films: Films) -> None:
    answer = films.client.get(f"/videos/{FILM}/clip.mp4?from_s=3&to_s=5")
    named = answer.headers["content-disposition"]
    assert 'filename="Strae tour 00-00-03 to 00-00-05.mp4"' in named
    assert unquote(named.split("filename*=UTF-8''")[1]) == "Straße tour 00-00-03 to 00-00-05.mp4"


def test_a_fast_clip_says_how_much_earlier_it_starts(films: Films) -> None:
    answer = films.client.get(f"/videos/{FILM}/clip.mp4?from_s=3&to_s=5&kind=fast")
    first = frames_of(io.BytesIO(answer.content))[0]
    earlier_s = float(answer.headers["x-clip-starts-earlier-s"])
    assert 0 < earlier_s <= 2
    assert float(answer.headers["x-clip-start-s"]) == 3 - earlier_s
    assert first == (0.0, round((3 - earlier_s) * 25))


@pytest.mark.parametrize(
    ("pad", "first", "after"), [("", 50, 100), ("?pad_s=1", 25, 125), ("?pad_s=60", 0, 200)]
)
def test_a_scene_is_a_clip_with_as_much_around_it_as_is_there(
    films: Films, pad: str, first: int, after: int
) -> None:
    answer = films.client.get(f"/scenes/{SCENE}/clip.mp4{pad}")
    numbers = [number for _, number in frames_of(io.BytesIO(answer.content))]
    assert numbers == list(range(first, after))


def test_a_film_without_sound_has_clips_without_sound(films: Films) -> None:
    answer = films.client.get(f"/videos/{SILENT}/clip.mp4?from_s=0&to_s=1")
    assert len(frames_of(io.BytesIO(answer.content))) == 25


def test_a_clip_is_kept_and_read_in_parts(films: Films) -> None:
    address = f"/videos/{FILM}/clip.mp4?from_s=6&to_s=6.5"
    whole = films.client.get(address)
    (kept,) = (path for path in films.folder.glob("*/*") if "-6000-6500-" in path.name)
    made = (kept / "clip.mp4").stat()
    part = films.client.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    same = films.client.get(address, headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.headers["etag"]) == (304, whole.headers["etag"])
    head = films.client.head(address)
    assert head.headers["content-length"] == str(len(whole.content))
    again = (kept / "clip.mp4").stat()
    assert (again.st_ino, again.st_mtime_ns) == (made.st_ino, made.st_mtime_ns)


def test_a_clip_that_is_kept_goes_with_the_file(films: Films) -> None:
    address = f"/videos/{FILM}/clip.mp4?from_s=7&to_s=7.5"
    assert films.client.get(address).status_code == 200
    away = films.path.rename(films.path.with_suffix(".away"))
    try:
        assert "ingest its folder again" in assert_problem(films.client.get(address), 404)
    finally:
        away.rename(films.path)
    assert films.client.get(address).status_code == 200


def test_a_zip_has_no_longer_clips_than_others(films: Films) -> None:
    part = {"video_id": LONG, "start_s": 0.0, "end_s": 24.0}
    answer = films.client.post("/exports", json={"format": "zip", "selections": [part]})
    assert "the 23 s that API_MAX_CLIP_S allows" in assert_problem(answer, 404)


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        (f"/videos/{FILM}/clip.mp4?from_s=5&to_s=3", 422, "to_s is to be later than from_s"),
        (f"/videos/{FILM}/clip.mp4?from_s=5", 422, "to_s"),
        (f"/videos/{FILM}/clip.mp4?from_s=-1&to_s=3", 422, "from_s"),
        (f"/videos/{FILM}/clip.mp4?from_s=nan&to_s=3", 422, "from_s"),
        (f"/videos/{FILM}/clip.mp4?from_s=1&to_s=9", 422, "is 8.000 s long: to_s is at most"),
        (f"/videos/{FILM}/clip.mp4?from_s=8.1&to_s=8.2", 422, "begin before that"),
        (f"/videos/{FILM}/clip.mp4?from_s=1&to_s=2&sound=3", 422, "no sound track 3"),
        (f"/videos/{SILENT}/clip.mp4?from_s=1&to_s=2&sound=0", 422, "has no sound: leave out"),
        (f"/videos/{FILM}/clip.mp4?from_s=1&to_s=2&way=fast", 422, "no parameter 'way'"),
        (f"/videos/{FILM}/clip.mp4?from_s=1&to_s=2&kind=best", 422, "kind"),
        (f"/videos/{MKV}/clip.mp4?from_s=1&to_s=2&kind=fast", 422, "mpeg4: ask for an exact clip"),
        (f"/videos/{DAMAGED}/clip.mp4?from_s=1&to_s=2", 404, "damaged or cut off"),
        (f"/videos/{GONE}/clip.mp4?from_s=1&to_s=2", 404, "ingest its folder again"),
        (f"/videos/{LONG}/clip.mp4?from_s=0&to_s=24", 422, "the 23 s that API_MAX_CLIP_S allows"),
        ("/videos/99/clip.mp4?from_s=1&to_s=2", 404, "there is no video 99"),
        ("/scenes/999/clip.mp4", 404, "there is no scene 999"),
        (f"/scenes/{SCENE}/clip.mp4?pad_s=61", 422, "pad_s"),
    ],
)
def test_what_cannot_be_had_is_refused_in_words(
    films: Films, address: str, status: int, why: str
) -> None:
    assert re.search(why, assert_problem(films.client.get(address), status))


def test_a_clip_that_nobody_waits_for_ends_and_the_next_has_its_turn(films: Films) -> None:
    with ThreadPoolExecutor(2) as threads:
        for start_s in (1, 2):
            address = f"/videos/{LONG}/clip.mp4?from_s={start_s}&to_s=24"
            threads.submit(_give_up_soon, films.client.base_url.join(address))
        time.sleep(0.5)
        third = films.client.get(f"/videos/{FILM}/clip.mp4?from_s=1.5&to_s=2")
    if third.status_code == 503:  # both turns were taken for as long as it waited
        assert third.headers["retry-after"] == "2"
    deadline_s = time.monotonic() + 15
    while third.status_code == 503 and time.monotonic() < deadline_s:
        time.sleep(0.5)
        third = films.client.get(f"/videos/{FILM}/clip.mp4?from_s=1.5&to_s=2")
    assert third.status_code == 200
    wait_until(lambda: not [*films.folder.glob("*/*-24000-exact*")])  # ended at its next step


def _give_up_soon(address: httpx.URL) -> None:
    with contextlib.suppress(httpx.ReadTimeout):
        httpx.get(address, timeout=1.0)


def test_who_asks_for_the_same_clip_at_once_shares_it(films: Films) -> None:
    address = f"/videos/{FILM}/clip.mp4?from_s=0.5&to_s=7.5"
    with ThreadPoolExecutor(4) as threads:
        answers = [each.result() for each in [threads.submit(films.client.get, address)] * 4]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_a_second_server_of_a_home_removes_nothing_that_another_is_at_work_on(
    tmp_path: Path,
) -> None:
    made = tmp_path / "clips" / "v1"
    for name in ("at work.part", "kept", "left.part", "old"):
        (made / name).mkdir(parents=True)
    for name in ("left.part", "old"):
        os.utime(made / name, (time.time() - 7200, time.time() - 7200))
    Clips(ApiSettings(sceneseek_home=tmp_path), Turns(lambda: None)).sweep()
    assert {path.name for path in made.iterdir()} == {"at work.part", "kept"}
