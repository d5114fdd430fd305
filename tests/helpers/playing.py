"""What a video on a page does, by notes that the page itself takes: who looks from outside comes
too late on a slow machine."""

from playwright.sync_api import Page

TAKE_NOTES = """
  window.began = [];
  let asked = 0;
  for (const name of ["keydown", "pointerdown", "popstate"]) {
    addEventListener(name, () => {
      window.began = [];
      asked = performance.now();
    }, true);
  }
  addEventListener("playing", ({ target }) => {
    window.began.push({ at: target.currentTime, took: performance.now() - asked });
  }, true);
"""
"""A script for every page: where a video has begun to play since the last key, click or Back."""
_BEGAN = """([start, within]) =>
  window.began.find(({ at }) => at >= start - 0.3 && at <= start + within)?.took"""
_STANDS = """([start, within]) => {
  const video = document.querySelector("video");
  return video && video.readyState > 1 && !video.seeking && video.paused
    && video.currentTime >= start - 0.3 && video.currentTime <= start + within;
}"""


def playing_at(page: Page, start_s: float, *, within: float = 1.0) -> float:
    """Waits until the one video has begun to play, at most `within` seconds after `start_s`; the
    milliseconds since the key or click that it was asked with."""
    began = page.wait_for_function(_BEGAN, arg=[start_s, within])
    return float(began.json_value())


def paused_at(page: Page, start_s: float, *, within: float = 1.0) -> None:
    """Waits until the one video stands, at most `within` seconds after `start_s`."""
    page.wait_for_function(_STANDS, arg=[start_s, within])


def current_time(page: Page) -> float:
    """Where the video stands, in seconds."""
    return float(page.evaluate("document.querySelector('video').currentTime"))
