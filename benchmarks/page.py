"""Target 23: what the page takes in a browser: a search until it is painted, a hit until it plays,
and the frames while a thousand hits are scrolled."""

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.many_scenes import MANY_HITS, QUERY
from benchmarks.measure import Row
from benchmarks.sample_library import sample_library
from benchmarks.servers import running

MAX_PAINT_MS, MAX_PLAY_MS, MAX_FRAME_MS = 300.0, 500.0, 100.0
_QUERIES = ("a cup of coffee", "train", "42 Nm", "potatoes", "orchestra", "north gate", "granite")

_PAINT = """query => new Promise(resolve => {
  const box = document.querySelector("input[name=q]");
  box.value = query;
  const begun = performance.now();
  const painted = () => setTimeout(() => resolve(performance.now() - begun));
  addEventListener("answered", () => requestAnimationFrame(painted), { once: true });
  box.form.requestSubmit();
})"""
_PLAY = """() => new Promise(resolve => {
  const begun = performance.now();
  const shown = (event) =>
    event.target.requestVideoFrameCallback(() => resolve(performance.now() - begun));
  addEventListener("playing", shown, { capture: true, once: true });
  document.querySelector(".hit[data-video]").click();
})"""
_NOTE_FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  requestAnimationFrame(function next(now) {
    window.frames.push(now - last);
    last = now;
    requestAnimationFrame(next);
  });
}"""
_AT_END = """() => !document.querySelector(".next")
  && scrollY + innerHeight >= document.scrollingElement.scrollHeight - 2"""


def measure(folder: Path, models: Path) -> list[Row]:
    """Rows of target 23: over the sample, and with many scenes beside it."""
    with (
        sample_library(folder / "page", models) as library,
        running(library.server, 2) as server,
    ):
        origin = f"http://127.0.0.1:{server.port}"
        with browser_page(origin) as page:
            rows = [_painting(page), _playing(page)]
        library.add_many(folder)
        with browser_page(origin) as page:
            rows.append(_scrolling(page))
    return rows


def paint_ms(page: Page, query: str) -> float:
    """From a search until its hits are painted, on a page that is open."""
    return float(page.evaluate(_PAINT, query))


def play_ms(page: Page) -> float:
    """From a click on the first hit until a picture of it is shown."""
    return float(page.evaluate(_PLAY))


def scroll_to_end(page: Page) -> list[float]:
    """The hits scrolled by the wheel until no more come; milliseconds of every frame."""
    page.evaluate(_NOTE_FRAMES)
    page.mouse.move(600, 500)
    while not page.evaluate(_AT_END):
        page.mouse.wheel(0, 800)
    frames: list[float] = page.evaluate("frames")
    return frames


@contextmanager
def browser_page(origin: str) -> Iterator[Page]:
    """A page over a server in Debian's Chromium, until the end of the block."""
    program = shutil.which("chromium")
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=program, args=args)
        yield browser.new_page(base_url=origin, viewport={"width": 1280, "height": 800})
        browser.close()


def _painting(page: Page) -> Row:
    page.goto("/")
    paint_ms(page, QUERY)
    ours = statistics.median(paint_ms(page, query) for query in _QUERIES)
    what = "search to paint, query not cached, the sample (median of 7)"
    return Row("23", what, ours, MAX_PAINT_MS, "ms", 1.0)


def _playing(page: Page) -> Row:
    times = []
    for query in _QUERIES:
        page.goto(f"/?q={query}")
        times.append(play_ms(page))
    what = "click on a hit to its first picture, the sample (median of 7)"
    return Row("23", what, statistics.median(times), MAX_PLAY_MS, "ms", 1.0)


def _scrolling(page: Page) -> Row:
    page.goto(MANY_HITS)
    frames = scroll_to_end(page)
    num_hits = page.locator(".hit").count()
    what = f"slowest of {len(frames)} frames while {num_hits:,} hits are scrolled with the wheel"
    return Row("23", what, max(frames), MAX_FRAME_MS, "ms", 1.0)
