"""What a browser cannot play: how soon a picture of it is seen, and how fast it is converted."""

import math
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import av

from benchmarks.measure import Row
from benchmarks.media import HD, hevc
from benchmarks.page import browser_page
from benchmarks.sample_library import SampleLibrary, sample_library
from benchmarks.servers import running
from database.videos.forgetting import SEGMENTS
from ingest.media.clips import Footage
from ingest.playing.converted import SEGMENT_S, convert

MAX_PICTURE_S, MIN_SPEED = 3.0, 2.0
_TIMES = 5
_LINES = 480
_NUM_SEGMENTS = 8
"""Of each run of a conversion."""
_APART_S = 2.0
"""Between the moments of two runs, which need other segments."""
_FIRST_PICTURE = """() => new Promise(resolve => {
  const video = document.querySelector("video");
  const look = () => {
    if (!video.videoWidth || video.readyState < 2) return setTimeout(look, 5);
    video.requestVideoFrameCallback(() => resolve(performance.now() / 1000));
    video.play();
  };
  look();
})"""
"""From when the page was asked for; a video without a picture is none yet."""


def measure(folder: Path, models: Path) -> list[Row]:
    """Rows of a 720p HEVC film: its first picture at moments about its middle, and the speed of
    its conversion, each with the load that it was seen under."""
    film = hevc(folder / "hevc.mp4")
    with sample_library(folder / "playing", models, film) as library:
        return [*speeds(film), _picture(film, library)]


def _picture(film: Path, library: SampleLibrary) -> Row:
    middle_s = _duration_s(film) / 2
    taken_s = []
    with running(library.server, 2) as server:
        for number in range(_TIMES):
            shutil.rmtree(library.settings.home / SEGMENTS, ignore_errors=True)
            at_s = middle_s + (number - _TIMES // 2) * _APART_S
            with browser_page(f"http://127.0.0.1:{server.port}") as page:
                page.goto(f"/watch/1?t={at_s}&end={at_s + 4}", wait_until="commit")
                page.wait_for_selector("moment-player video", state="attached")
                taken_s.append(float(page.evaluate(_FIRST_PICTURE)))
    what = f"first picture of 720p HEVC {_told(taken_s)}"
    return Row("19", what, statistics.median(taken_s), MAX_PICTURE_S, "s", 1.0)


def speeds(film: Path) -> list[Row]:
    """How many seconds of a film are converted in one of a clock, and of a processor: the latter
    tells where a machine has other work."""
    runs = [_converted(film) for _ in range(_TIMES)]
    rows = []
    for of_what, values in zip(("clock", "processor"), zip(*runs, strict=True), strict=True):
        what = f"720p HEVC at {_LINES} lines, seconds of film in one of a {of_what} {_told(values)}"
        target = Row("19", what, statistics.median(values), MIN_SPEED, "×", 1.0, at_most=False)
        rows.append(target)
    return rows


def _converted(film: Path) -> tuple[float, float]:
    """Seconds of film, from the middle on, for each second of a clock, and of a processor."""
    duration_s = _duration_s(film)
    first = int(duration_s / 2 / SEGMENT_S)
    footage = Footage(film, None, math.prod(HD))
    began = (time.perf_counter(), time.process_time())
    segments = convert(footage, 0, _LINES, duration_s, first, lambda _part: None)
    num_made = len([*islice(segments, _NUM_SEGMENTS)])
    took = (time.perf_counter() - began[0], time.process_time() - began[1])
    return num_made * SEGMENT_S / took[0], num_made * SEGMENT_S / took[1]


def _duration_s(film: Path) -> float:
    with av.open(str(film)) as container:
        return (container.duration or 0) / 1e6


def _told(values: Sequence[float]) -> str:
    """The runs behind a median, and the load of the machine in the last minute."""
    load = os.getloadavg()[0]
    return (
        f"(median of {len(values)}: {min(values):.2f} to {max(values):.2f}; load {load:.1f} on "
        f"{os.cpu_count()} cores)"
    )
