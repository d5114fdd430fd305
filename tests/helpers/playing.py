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


_NUMBER = """() => {
  const video = document.querySelector("video");
  if (!video?.videoWidth || video.readyState < 2 || video.seeking) return null;
  const { videoWidth: width, videoHeight: height } = video;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.drawImage(video, 0, 0);
  const isTurned = height > width;
  let number = 0;
  for (let bit = 0; bit < 12; bit++) {
    const along = (bit + 0.5) / 12;
    const [x, y] = isTurned ? [0.75 * width, along * height] : [along * width, 0.25 * height];
    if (brush.getImageData(x, y, 1, 1).data[0] > 125) number += 2 ** bit;
  }
  return number + 1;
}"""


def number_shown(page: Page) -> int:
    """Waits for a picture of a film of marked_films; its number. One that is turned lies as it does
    by 90 degrees."""
    return int(page.wait_for_function(_NUMBER).json_value()) - 1


def without_media_source(page: Page) -> None:
    """From here on the browser plays HLS by itself alone, as those of phones do."""
    page.add_init_script("delete window.MediaSource;")


def refuse_segments(page: Page, status: int = 404, **headers: str) -> None:
    """From here on the server makes nothing for browsers to play, and says so."""
    page.route(
        "**/hls/**",
        lambda route: route.fulfill(
            status=status, headers=headers, json={"detail": "no film is converted today"}
        ),
    )
