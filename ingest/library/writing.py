"""On-screen text as moments: lines that come and go together, in the scenes in which they stand."""

from collections.abc import Iterator, Sequence

from database.models import MomentKind
from database.videos.records import MomentRecord
from ingest.perception.lines import Line
from ingest.scenes.scene import Scene, scene_of, scenes_over
from ingest.scenes.thumbnails import MIN_SHOT_S

_TOGETHER_S = 0.5
"""Lines that come and go within so short a time are of one text: slides fade in line by line."""
_MANY_SCENES = 12
"""What stands through more is a mark of the recording, as a channel's logo is: it is told once."""


def standing_texts(lines: Sequence[Line], scenes: Sequence[Scene]) -> Iterator[MomentRecord]:
    """The moments of lines that stand still, which are in the order in which they were read."""
    for group in _together(lines):
        start_s = min(line.start_s for line in group)
        end_s = max(line.end_s for line in group)
        for position in _scenes_of(start_s, end_s, scenes):
            scene = scenes[position]
            yield MomentRecord(
                scene=position,
                kind=MomentKind.OCR,
                start_s=max(scene.start_s, start_s),
                end_s=min(scene.end_s, end_s),
                text="\n".join(line.text for line in group),
                boxes=[line.box for line in group],
            )


def _scenes_of(start_s: float, end_s: float, scenes: Sequence[Scene]) -> Sequence[int]:
    """Where a text that stands over [start_s, end_s) is told: in every scene of which it is more
    than a flash, or in the one that has most of it.
    """
    positions = [
        position
        for position in scenes_over(scenes, start_s, end_s)
        if min(end_s, scenes[position].end_s) - max(start_s, scenes[position].start_s) >= MIN_SHOT_S
    ]
    if not positions:
        return [scene_of(scenes, start_s, end_s)]
    return positions[:1] if len(positions) > _MANY_SCENES else positions


def _together(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines that come and go together, in groups, in the order in which they come; those of a
    group in the order in which they were read.
    """
    groups: list[list[tuple[int, Line]]] = []
    for number, line in sorted(enumerate(lines), key=lambda numbered: numbered[1].start_s):
        while groups and line.start_s - groups[0][0][1].start_s > _TOGETHER_S:
            yield _read_in_order(groups.pop(0))
        for group in groups:
            if abs(group[0][1].end_s - line.end_s) <= _TOGETHER_S:
                group.append((number, line))
                break
        else:
            groups.append([(number, line)])
    for group in groups:
        yield _read_in_order(group)


def _read_in_order(group: list[tuple[int, Line]]) -> list[Line]:
    return [line for _, line in sorted(group, key=lambda numbered: numbered[0])]
