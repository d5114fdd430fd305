"""On-screen text as moments: lines that come and go together, in the scenes in which they stand."""

from collections.abc import Iterator, Sequence

from database.models import MomentKind
from database.videos.records import MomentRecord
from ingest.perception.screen_text import Line
from ingest.scenes.scene import Scene, scenes_over
from ingest.scenes.thumbnails import MIN_SHOT_S

_TOGETHER_S = 0.5
"""Lines that come and go within so short a time are of one text: slides fade in line by line."""


def standing_texts(lines: Sequence[Line], scenes: Sequence[Scene]) -> Iterator[MomentRecord]:
    """The moments of lines that stand still, which are in the order in which they were read."""
    for group in _together(lines):
        start_s = min(line.start_s for line in group)
        end_s = max(line.end_s for line in group)
        for position in scenes_over(scenes, start_s, end_s):
            scene = scenes[position]
            first_s, last_s = max(scene.start_s, start_s), min(scene.end_s, end_s)
            is_whole = scene.start_s <= start_s and end_s <= scene.end_s
            if is_whole or last_s - first_s >= MIN_SHOT_S:
                yield MomentRecord(
                    scene=position,
                    kind=MomentKind.OCR,
                    start_s=first_s,
                    end_s=last_s,
                    text="\n".join(line.text for line in group),
                    boxes=[line.box for line in group],
                )


def _together(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines that come and go together, in groups, in the order in which they come."""
    groups: list[list[Line]] = []
    for line in lines:
        while groups and line.start_s - groups[0][0].start_s > _TOGETHER_S:
            yield groups.pop(0)
        own = next((g for g in groups if abs(g[0].end_s - line.end_s) <= _TOGETHER_S), None)
        if own is None:
            groups.append([line])
        else:
            own.append(line)
    yield from groups
