"""On-screen text as moments: lines that come and go together, in the scenes in which they stand."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from database.models import MomentKind
from database.videos.records import MomentRecord
from ingest.perception.writing.lines import Line
from ingest.scenes.scene import Scene, scene_of, scenes_over
from ingest.scenes.thumbnails import MIN_SHOT_S

_TOGETHER_S = 0.5
"""Lines that come and go within so short a time are of one text: slides fade in line by line."""
_MANY_PICTURES = 12
"""What stands through more is a mark of the recording, as a channel's logo is: it is told once, for
all of its time."""


@dataclass(frozen=True)
class _Piece:
    """A line as far as it stands in one scene; a mark of the recording in full."""

    number: int
    """Its place in the order of reading."""
    line: Line
    start_s: float
    end_s: float


def standing_texts(
    lines: Sequence[Line], scenes: Sequence[Scene], pictures: Sequence[Scene]
) -> Iterator[MomentRecord]:
    """The moments of lines that stand still, which are in the order in which they were read.

    `pictures` are the scenes of the pictures alone, which no pauses of speech cut.
    """
    by_reach = defaultdict(list)
    for number, line in enumerate(lines):
        positions = _scenes_of(line, scenes)
        is_mark = len(_scenes_of(line, pictures)) > _MANY_PICTURES
        for position in positions[:1] if is_mark else positions:
            scene = scenes[position]
            start_s = max(scene.start_s, line.start_s)
            end_s = line.end_s if is_mark else min(scene.end_s, line.end_s)
            by_reach[position, positions[0], positions[-1]].append(
                _Piece(number, line, start_s, max(start_s, end_s))
            )
    for (position, _, _), pieces in sorted(by_reach.items()):
        for group in _together(pieces):
            yield MomentRecord(
                scene=position,
                kind=MomentKind.OCR,
                start_s=min(piece.start_s for piece in group),
                end_s=max(piece.end_s for piece in group),
                text="\n".join(piece.line.text for piece in group),
                boxes=[list(piece.line.box) for piece in group],
            )


def _scenes_of(line: Line, scenes: Sequence[Scene]) -> Sequence[int]:
    """The scenes of which a line shows more than a flash, or else the one that has most of it."""
    positions = []
    for position in scenes_over(scenes, line.start_s, line.end_s):
        scene = scenes[position]
        if min(line.end_s, scene.end_s) - max(line.start_s, scene.start_s) >= MIN_SHOT_S:
            positions.append(position)
    return positions or [scene_of(scenes, line.start_s, line.end_s)]


def _together(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces that come and go together, in groups, in the order in which they come; those of a
    group in the order of reading.
    """
    groups: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.start_s):
        while groups and piece.start_s - groups[0][0].start_s > _TOGETHER_S:
            yield sorted(groups.pop(0), key=lambda piece: piece.number)
        own = next((g for g in groups if abs(g[0].end_s - piece.end_s) <= _TOGETHER_S), None)
        if own is None:
            groups.append([piece])
        else:
            own.append(piece)
    for group in groups:
        yield sorted(group, key=lambda piece: piece.number)
