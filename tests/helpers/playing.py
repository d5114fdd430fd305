"""What a video on a page does."""

from collections.abc import Sequence

from playwright.sync_api import Page

_NEAR = """([start, within, paused]) => {
  const video = document.querySelector("video");
  return video && video.readyState > 1 && !video.seeking && video.paused === paused
    && video.currentTime >= start - 0.3 && video.currentTime <= start + within;
}"""


def playing_at(page: Page, start_s: float, *, within: float = 1.0, paused: bool = False) -> None:
    """Waits until the one video plays, at most `within` seconds after `start_s`."""
    asked: Sequence[object] = (start_s, within, paused)
    page.wait_for_function(_NEAR, arg=asked)


def current_time(page: Page) -> float:
    """Where the video stands, in seconds."""
    return float(page.evaluate("document.querySelector('video').currentTime"))
