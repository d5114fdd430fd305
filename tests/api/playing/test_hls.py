"""HLS over HTTP: playlists that are exact, segments that play one after the other, and refusals in
words."""

import contextlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from database.models import FileStatus
from database.opening import open_database
from database.videos.forgetting import keyframe_folder
from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, assert_problem, serving
from tests.helpers.marked_films import Recipe, frames_of, lag_s, sound_of, write_marked
from tests.helpers.records import digest, file, video
from tests.helpers.waiting import wait_until

HEVC, AC3, DAMAGED, GONE, OLD = 1, 2, 3, 4, 5
SECONDS = 7.0
_HEVC = Recipe("libx265", seconds=SECONDS, options={"x265-params": "log-level=error"})


@dataclass(frozen=True)
class Films:
    """A served library of films that browsers do not play."""

    server: Serving
    home: Path

    @property
    def client(self) -> httpx.Client:
        return self.server.client


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    with new_settings(tmp_path_factory.mktemp("films") / "home") as settings:
        _fill(settings)
        with serving(settings) as server:
            yield Films(server, settings.home)


def _fill(settings: IngestSettings) -> None:
    home = settings.home
    hevc = write_marked(home / "hevc.mp4", _HEVC)
    ac3 = write_marked(home / "ac3.mkv", Recipe(sounds=("ac3",), seconds=SECONDS))
    damaged = home / "damaged.mp4"
    damaged.write_bytes(hevc.read_bytes()[:5000])
    with contextlib.closing(open_database(settings)) as database:
        store = Store(database)
        for name, path in (("hevc", hevc), ("ac3", ac3), ("damaged", damaged)):
            store.save_video(replace(video(name), duration_s=SECONDS), _file(path))
        store.save_video(video("gone"), file("/nowhere/gone.mp4"))
        store.save_video(video("old"), _file(write_marked(home / "old.avi", _OLD)))


_OLD = Recipe("mpeg4", ("libmp3lame",), seconds=4.0)


def _file(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)


def got(client: httpx.Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "video/mp4"
    return answer.content


def played(client: httpx.Client, folder: str, names: list[str]) -> BytesIO:
    return BytesIO(b"".join(got(client, f"{folder}/{name}") for name in ["init.mp4", *names]))


def test_a_playlist_says_how_long_each_segment_is(films: Films) -> None:
    answer = films.client.get(f"/videos/{HEVC}/hls/converted/0/index.m3u8")
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert answer.text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI="init.mp4"\n'
        "#EXTINF:2.000000,\n0.m4s\n#EXTINF:2.000000,\n1.m4s\n#EXTINF:2.000000,\n2.m4s\n"
        "#EXTINF:1.000000,\n3.m4s\n#EXT-X-ENDLIST\n"
    )
    assert not (films.home / "segments" / keyframe_folder(digest("hevc"))).exists(), "read for it"


def test_a_converted_film_plays_from_any_segment_on_and_as_a_whole(films: Films) -> None:
    folder = f"/videos/{HEVC}/hls/converted/0"
    later = frames_of(played(films.client, folder, ["2.m4s"]))
    assert [number for _, number in later] == list(range(100, 150))
    names = [f"{number}.m4s" for number in range(4)]
    frames = frames_of(played(films.client, folder, names))
    assert [number for _, number in frames] == list(range(175))
    assert np.allclose([time_s for time_s, _ in frames], np.arange(175) / 25, atol=0.001)
    start_s, heard = sound_of(played(films.client, folder, names))
    assert abs(lag_s(heard[48_000:96_000], start_s + 1.0)) < 0.005


def test_a_copied_film_plays_with_a_sound_that_browsers_know(films: Films) -> None:
    folder = f"/videos/{AC3}/hls/copied/0"
    text = films.client.get(f"{folder}/index.m3u8").text
    names = re.findall(r"^\d+\.m4s$", text, re.MULTILINE)
    lengths_s = [float(each) for each in re.findall(r"#EXTINF:([\d.]+),", text)]
    assert len(names) == len(lengths_s) > 1
    assert sum(lengths_s) == pytest.approx(SECONDS, abs=0.1)
    frames = frames_of(played(films.client, folder, names))
    assert [number for _, number in frames] == list(range(175))
    start_s, heard = sound_of(played(films.client, folder, names))
    assert abs(lag_s(heard[48_000:96_000], start_s + 1.0)) < 0.005


def test_many_segments_may_be_asked_for_at_once(films: Films) -> None:
    names = ["init.mp4", *(f"{number}.m4s" for number in range(2))] * 3
    with ThreadPoolExecutor(len(names)) as threads:
        folder = f"/videos/{OLD}/hls/converted/0"
        answers = list(threads.map(lambda name: films.client.get(f"{folder}/{name}"), names))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 3


def test_what_a_browser_has_is_not_sent_again(films: Films) -> None:
    folder = f"/videos/{HEVC}/hls/converted/0"
    for name in ("index.m3u8", "init.mp4", "1.m4s"):
        answer = films.client.get(f"{folder}/{name}")
        head = films.client.head(f"{folder}/{name}")
        assert head.headers["content-length"] == str(len(answer.content))
        assert answer.headers["cache-control"].startswith("private, ")
        etag = {"If-None-Match": answer.headers["etag"]}
        assert films.client.get(f"{folder}/{name}", headers=etag).status_code == 304
    assert digest("hevc") in answer.headers["etag"]
    part = films.client.get(f"{folder}/1.m4s", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, answer.content[4:8])


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        (f"{HEVC}/hls/converted/0/4.m4s", 404, "video 1 has 4 segments: index.m3u8 names them"),
        (f"{HEVC}/hls/converted/1/index.m3u8", 404, "video 1 has no sound track 1"),
        (f"{HEVC}/hls/other/0/index.m3u8", 422, "kind"),
        (f"{HEVC}/hls/converted/-1/index.m3u8", 422, "sound"),
        (f"{HEVC}/hls/converted/0/-1.m4s", 422, "number"),
        (f"{HEVC}/hls/converted/0/{'9' * 5000}.m4s", 422, "number"),
        (f"{HEVC}/hls/converted/0/0.m4s?at=1", 422, "no parameter 'at'"),
        (f"{OLD}/hls/copied/0/index.m3u8", 404, "video 5 cannot be copied: .*mpeg4"),
        (f"{OLD}/hls/copied/0/0.m4s", 404, "video 5 cannot be copied: .*mpeg4"),
        (f"{DAMAGED}/hls/copied/0/index.m3u8", 404, "video 3 cannot be copied: .*damaged"),
        (f"{DAMAGED}/hls/converted/0/0.m4s", 404, "video 3 cannot be converted: .*damaged"),
        (f"{DAMAGED}/hls/converted/0/init.mp4", 404, "video 3 cannot be converted: .*damaged"),
        (f"{GONE}/hls/converted/0/0.m4s", 404, "ingest its folder again"),
        ("99/hls/converted/0/index.m3u8", 404, "there is no video 99"),
    ],
)
def test_what_cannot_be_had_is_refused_in_words(
    films: Films, address: str, status: int, why: str
) -> None:
    for _ in range(2):
        assert re.search(why, assert_problem(films.client.get(f"/videos/{address}"), status))


@given(*[st.text(max_size=12) | st.integers()] * 4)
@hypothesis(max_examples=60, deadline=None)
def test_no_address_is_a_fault_of_the_server(
    films: Films, video_id: object, kind: object, sound: object, name: object
) -> None:
    parts = [quote(str(each), "") for each in (video_id, "hls", kind, sound, name)]
    assert films.client.get(f"/videos/{'/'.join(parts)}").status_code in (200, 404, 405, 422)


def test_a_kept_segment_plays_when_its_file_has_gone(settings: IngestSettings) -> None:
    _fill(settings)
    with serving(settings) as server:
        folder = f"/videos/{OLD}/hls/converted/0"
        segment = got(server.client, f"{folder}/0.m4s")
        (settings.home / "old.avi").unlink()
        assert got(server.client, f"{folder}/0.m4s") == segment
        server.client.delete(f"/videos/{OLD}").raise_for_status()
        assert not (settings.home / "segments" / keyframe_folder(digest("old"))).exists()
        assert server.client.get(f"{folder}/0.m4s").status_code == 404


def test_a_kept_segment_of_a_film_outside_the_media_roots_is_not_answered(
    settings: IngestSettings, tmp_path: Path
) -> None:
    _fill(settings)
    folder = f"/videos/{OLD}/hls/converted/0"
    with serving(settings) as server:
        got(server.client, f"{folder}/0.m4s")
    other = tmp_path / "other"
    other.mkdir()
    with serving(settings, API_MEDIA_ROOTS=str(other)) as server:
        for name in ("index.m3u8", "init.mp4", "0.m4s"):
            why = assert_problem(server.client.get(f"{folder}/{name}"), 404)
            assert "outside the folders that this server may read" in why
    (settings.home / "old.avi").unlink()
    with serving(settings, API_MEDIA_ROOTS=str(other)) as server:
        assert_problem(server.client.get(f"{folder}/0.m4s"), 404)
    with serving(settings, API_MEDIA_ROOTS=str(settings.home)) as server:
        got(server.client, f"{folder}/0.m4s")


def test_a_segment_that_a_browser_has_is_not_made_again_when_it_was_evicted(films: Films) -> None:
    folder = f"/videos/{HEVC}/hls/converted/0"
    etag = films.client.get(f"{folder}/2.m4s").headers["etag"]
    stored = films.home / "segments" / keyframe_folder(digest("hevc")) / "v1-converted-0-480"
    wait_until((stored / "3.m4s").exists)  # made ahead
    (stored / "2.m4s").unlink()
    answer = films.client.get(f"{folder}/2.m4s", headers={"If-None-Match": f'"a", W/{etag}'})
    assert (answer.status_code, answer.headers["etag"]) == (304, etag)
    assert not (stored / "2.m4s").exists()
    assert films.client.get(f"{folder}/9.m4s", headers={"If-None-Match": "*"}).status_code == 404
    assert got(films.client, f"{folder}/2.m4s")


def test_a_server_ends_soon_while_it_converts(settings: IngestSettings, tmp_path: Path) -> None:
    slow = Recipe(
        *("libx264", (), 40.0),
        size=(1280, 720),
        iframe_every=1000,  # so that all of it is decoded for its end
        options={"preset": "ultrafast"},
    )
    path = write_marked(tmp_path / "slow.mp4", slow)
    with contextlib.closing(open_database(settings)) as database:
        Store(database).save_video(replace(video("slow"), duration_s=40.0), _file(path))
    with serving(settings) as server, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(server.client.get, "/videos/1/hls/converted/0/19.m4s")
        own = psutil.Process(server.process.pid)
        wait_until(lambda: len(own.children(recursive=True)) > 2)
        children = own.children(recursive=True)
        began_s = time.monotonic()
        assert "Traceback" not in server.stop()
        assert time.monotonic() - began_s < 15  # less than it waits for a segment
        assert asked.result().status_code == 503
        _, left = psutil.wait_procs(children, 5)
        assert not left
