"""When a hit is one of the labelled answers."""

from pathlib import Path

from search.evaluation.labelled import Target
from search.results.hits import SearchHit

_LONG_S = 30.0
"""Of a longer video, the whole is no moment."""


def matches(hit: SearchHit, target: Target, tolerance_s: float) -> bool:
    """Whether a hit is a target: it lies in its file and overlaps it, within the tolerance, by
    more than half of the shorter of the two. The whole of a video is one only if the target is
    most of it."""
    path = Path(hit.video.path).as_posix()
    if path != target.file and not path.endswith("/" + target.file):
        return False
    start_s, end_s = target.start - tolerance_s, target.end + tolerance_s
    overlap_s = min(hit.end_s, end_s) - max(hit.start_s, start_s)
    if hit.end_s - hit.start_s >= hit.video.duration_s - tolerance_s > _LONG_S:
        return overlap_s > 0.5 * hit.video.duration_s
    return overlap_s > 0.5 * min(hit.end_s - hit.start_s, end_s - start_s)
