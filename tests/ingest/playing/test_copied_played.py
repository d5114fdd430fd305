"""Copied segments in Chromium, by a playlist and through MediaSource: the right picture at the
moment that is asked for, and a sound."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from api.playing.playlists import copied_playlist
from ingest.playing.facts import read_streams
from ingest.playing.fmp4 import split
from tests.helpers.browser import chromium
from tests.helpers.marked_films import Recipe, frames_of, write_marked
from tests.helpers.segments import copied, footage_of, joined, laid_out, silenced

_FILMS = {
    "ac3.mkv": (Recipe(sounds=("ac3",), seconds=6), 0),
    "aac.ts": (Recipe(seconds=6), 0),
    "eac3.mov": (Recipe(sounds=("eac3",), seconds=6, turned=90), 0),
    "simple.avi": (Recipe(sounds=("ac3",), seconds=6, options={"bf": "0"}), 0),
    "two.mkv": (Recipe(sounds=("aac", "ac3"), seconds=6), 1),
    "vp9.mkv": (Recipe("libvpx-vp9", ("ac3",), seconds=6, options={"deadline": "realtime"}), 0),
}
_PAGE = b"<!doctype html><title>.</title><link rel=icon href=data:,><video muted></video>"
_SEEN = """async (at) => {
  const video = document.querySelector("video");
  const frame = () => new Promise((resolve) => video.requestVideoFrameCallback(
    (_, { mediaTime }) => resolve(mediaTime)));
  let time = null;
  for (const end = performance.now() + 5000; performance.now() < end;) {
    const gone = new Promise((resolve) => {
      video.addEventListener("seeked", resolve, { once: true });
    });
    const shown = frame();
    video.currentTime = at;
    await gone;
    time = await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 1000, time))]);
    if (Math.abs(time - at) < 0.05) break;  // else a picture of before the seek came late
  }
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const drawn = canvas.getContext("2d");
  if (video.videoHeight > video.videoWidth) {  // turned by 90 degrees
    drawn.translate(0, 180);
    drawn.rotate(-Math.PI / 2);
    drawn.drawImage(video, 0, 0, 180, 320);
  } else {
    drawn.drawImage(video, 0, 0, 320, 180);
  }
  let number = 0;
  for (let bit = 0; bit < 12; bit += 1) {
    const [red] = drawn.getImageData(Math.round((bit + 0.5) * 320 / 12), 45, 1, 1).data;
    number += red > 125 ? 1 << bit : 0;
  }
  return { time, number, size: [video.videoWidth, video.videoHeight] };
}"""
_BY_PLAYLIST = """async () => {
  const video = document.querySelector("video");
  video.src = "index.m3u8";
  await new Promise((resolve, reject) => {
    video.oncanplay = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
}"""
_THROUGH_MEDIA_SOURCE = """async ({ codecs, order, end }) => {
  const video = document.querySelector("video");
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((resolve) => { source.onsourceopen = resolve; });
  source.duration = end;
  const buffer = source.addSourceBuffer(`video/mp4; codecs="${codecs}"`);
  for (const name of ["init.mp4", ...order.map((number) => `${number}.m4s`)]) {
    const bytes = await (await fetch(name)).arrayBuffer();
    await new Promise((resolve, reject) => {
      buffer.onupdateend = resolve;
      buffer.onerror = () => reject(new Error(name));
      buffer.appendBuffer(bytes);
    });
  }
  const ranges = [];
  for (let n = 0; n < video.buffered.length; n += 1) {
    ranges.push([video.buffered.start(n), video.buffered.end(n)]);
  }
  return ranges;
}"""
_HEARD = """async () => {
  const video = document.querySelector("video");
  video.currentTime = 0;
  video.playbackRate = 4;
  await video.play();
  await new Promise((resolve) => { video.onended = resolve; });
  return { bytes: video.webkitAudioDecodedByteCount, dropped: video.error };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


class _Site:
    """A server of one film, as a playlist and its segments."""

    def __init__(self, path: Path, sound: int) -> None:
        streams = read_streams(footage_of(path), lambda _part: None)
        assert streams.picture is not None
        self.codecs = f"{streams.picture.codec_string},mp4a.40.2"
        self.layout = laid_out(path, sound)
        segments = copied(path, self.layout, sound)
        self.first_s = frames_of(joined(segments))[0][0]
        self.files = {"": _PAGE, "index.m3u8": copied_playlist(self.layout).encode()}
        self.files["init.mp4"] = split(segments[0])[0]
        self.files |= {f"{number}.m4s": split(each)[1] for number, each in enumerate(segments)}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path[1:]
                body = site.files[name]
                kind = {"": "text/html", "index.m3u8": "application/vnd.apple.mpegurl"}
                self.send_response(200)
                self.send_header("Content-Type", kind.get(name, "video/mp4"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture(params=sorted(_FILMS))
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_Site]:
    """A server of each film."""
    recipe, sound = _FILMS[request.param]
    running = _Site(write_marked(tmp_path / request.param, recipe), sound)
    yield running
    running.server.shutdown()
    running.server.server_close()


def test_a_playlist_plays(browser: Browser, site: _Site) -> None:
    page = browser.new_page()
    page.goto(site.url)
    page.evaluate(_BY_PLAYLIST)
    for at_s in (4.5, 1.0, 0.0, site.layout.starts_s[-1]):
        _shows_the_right_picture(page, site, at_s)
    assert page.evaluate(_HEARD)["bytes"] > 10_000
    page.close()


def test_media_source_plays(browser: Browser, site: _Site) -> None:
    page = browser.new_page()
    page.goto(site.url)
    numbers = [*range(len(site.layout.starts_s))]
    order = [numbers[-1], *numbers[:-1]]  # after a seek, those before follow
    ranges = page.evaluate(
        _THROUGH_MEDIA_SOURCE,
        {"codecs": site.codecs, "order": order, "end": site.layout.end_s},
    )
    assert len(ranges) == 1, "there is a hole at a border"
    assert ranges[0] == pytest.approx([site.first_s, site.layout.end_s], abs=0.08)
    for at_s in (4.5, 1.0, site.first_s, site.layout.starts_s[-1]):
        _shows_the_right_picture(page, site, at_s)
    page.close()


def test_a_sound_that_begins_late_does_not_hold_up_the_picture(
    browser: Browser, tmp_path: Path
) -> None:
    whole = write_marked(tmp_path / "whole.mkv", Recipe(seconds=6))
    site = _Site(silenced(whole, tmp_path / "late.mkv", 0.0, 2.5), 0)
    page = browser.new_page()
    page.goto(site.url)
    page.evaluate(_BY_PLAYLIST)
    assert page.evaluate(_HEARD)["bytes"] > 10_000
    page.close()
    site.server.shutdown()
    site.server.server_close()


def _shows_the_right_picture(page: Page, site: _Site, at_s: float) -> None:
    seen = page.evaluate(_SEEN, at_s + 0.001)
    assert seen["number"] == pytest.approx((seen["time"] - site.first_s) * 25, abs=0.1)
    assert seen["time"] == pytest.approx(max(at_s, site.first_s), abs=0.05)
