"""Whether a page that was turned is another slide: most of what was written has been replaced by
other writing, not added to, scrolled, or changed in a line of captions."""

import numpy as np

from ingest.scenes.strokes import Mask, Signs, Strokes
from ingest.scenes.tiles import MIN_CHANGED, tiles, writing

_AT_ONCE_S = 0.6
"""In which most strokes come and go: a slide dissolves into another, while a camera that moves
slowly changes the picture all the time."""
_MIN_REPLACED = 0.3
"""Part of the tiles with writing that have lost it: header, footer and logo of a template stay."""
_MIN_LOST = 0.25
"""Part of a tile's strokes that it has lost, then: by chance a half of two writings is alike."""
_MIN_HEIGHT = 0.1
"""Part of the picture's height over which writing has gone, and over which it has come: a line in
the middle of a picture is less high."""
_CAPTIONS_BELOW, _CAPTIONS_ABOVE = 0.6, 0.25
"""Captions and lower thirds are in the picture's lowest part, or in its highest."""
_MIN_MOVED = 0.6
"""Part of the strokes that are where others were before, all moved up or down by as much: text that
scrolls."""
_MIN_LEFT = 0.25
"""Part of the strokes that is still in the picture then."""


def when_replaced(before: Signs, now: Strokes, changed: Mask) -> float | None:
    """When the writing of a page, of which the strokes `before` were, took the place of another;
    None if it did not. `changed` are the pixels that are settled and not as before.
    """
    times = now.since_s[changed]
    if not len(times):
        return None
    first_s, middle_s, last_s = np.quantile(times, (0.2, 0.5, 0.8)).tolist()
    if last_s - first_s > _AT_ONCE_S or not _is_replaced(before, now.signs, changed):
        return None
    return None if _has_scrolled(before, now.signs) else float(middle_s)


def _is_replaced(before: Signs, now: Signs, changed: Mask) -> bool:
    was, gone = tiles(before != 0), tiles(changed & (before != 0))
    come = tiles(changed & (now != 0))
    written = writing(before)
    lost = written & (gone >= MIN_CHANGED) & (gone >= _MIN_LOST * was)
    if np.count_nonzero(lost) < max(1, _MIN_REPLACED * np.count_nonzero(written)):
        return False
    rows_lost = np.flatnonzero(lost.any(axis=1))
    rows_new = np.flatnonzero((come >= MIN_CHANGED).any(axis=1))
    least_rows = _MIN_HEIGHT * len(was)
    if len(rows_lost) < least_rows or len(rows_new) < least_rows:
        return False
    top, bottom = min(rows_lost[0], rows_new[0]), max(rows_lost[-1], rows_new[-1]) + 1
    return bool(top < _CAPTIONS_BELOW * len(was) and bottom > _CAPTIONS_ABOVE * len(was))


def _has_scrolled(before: Signs, now: Signs) -> bool:
    """Whether the strokes of a picture, signs [h, w], are those of another, moved up or down."""
    above = np.concatenate(([0], np.cumsum(np.count_nonzero(now, axis=1))))
    num_strokes = above[-1]
    least = _MIN_LEFT * num_strokes
    for rows in range(2, len(now)):
        up = before[rows:], now[:-rows], above[-1 - rows]
        down = before[:-rows], now[rows:], num_strokes - above[rows]
        for old, new, num_left in (up, down):
            if num_left >= least and _num_same(old, new) >= _MIN_MOVED * num_left:
                return True
    return False


def _num_same(first: Signs, second: Signs) -> int:
    """How many pixels are strokes of one kind in both pictures."""
    return int(np.count_nonzero((first == second) & (second != 0)))
