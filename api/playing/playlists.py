"""Playlists: how players of HLS are told where each segment of a film begins (RFC 8216)."""

import math
from collections.abc import Sequence
from itertools import pairwise

from ingest.playing.converted import SEGMENT_S, num_segments
from ingest.playing.layout import Layout
from ingest.playing.store import INIT

MEDIA_TYPE = "application/vnd.apple.mpegurl"


def converted_playlist(duration_s: float) -> str:
    """Of a converted film: a segment for every SEGMENT_S."""
    starts_s = [number * SEGMENT_S for number in range(num_segments(duration_s))]
    return _playlist(starts_s, duration_s)


def copied_playlist(layout: Layout) -> str:
    """Of a copied film: a segment for every start of its layout."""
    return _playlist(layout.starts_s, layout.end_s)


def _playlist(starts_s: Sequence[float], end_s: float) -> str:
    lengths_s = [after - before for before, after in pairwise((*starts_s, end_s))]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{math.ceil(max(lengths_s))}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{INIT}"',
    ]
    for number, length_s in enumerate(lengths_s):
        lines += [f"#EXTINF:{length_s:.6f},", f"{number}.m4s"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])
