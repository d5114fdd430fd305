"""Where writing stands in a picture, from the detector's maps of how likely each pixel is text."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ingest.perception.ocr.boxes import shared, touch
from ingest.scenes.picture import Box

Cells = tuple[int, int, int, int]
"""A box, half open, in cells of CELL_PX of the picture in which lines are looked for."""
Span = tuple[float, float]
"""From, to."""
Likely = npt.NDArray[np.float32]
"""How likely each pixel is text, of 1: float32 [H, W]."""
Corners = npt.NDArray[np.float32]
"""Four points (x, y) clockwise from the top left: float32 [4, 2]."""

CELL_PX = 32
"""The detector takes pictures whose sides are multiples of this."""
_LIKELY = 0.3
"""What a pixel of a line is at least; with _MIN_MEAN and _GROWN the setting of the authors."""
_MIN_MEAN = 0.5
"""What a line is at least on the average."""
_GROWN = 1.6
"""The detector marks the core of a line: what is missing on each side is its area times this,
divided by its perimeter."""
_MIN_SIDE_PX = 3
_GLIMPSED = 0.05
"""What a pixel of the small picture is at least where lines are looked for: text that is too small
to be made out there is still a little likely."""
_MARGIN = 3
"""Pixels of the small picture around what was glimpsed."""
_EDGE_PX = 3
"""A line whose core is so near to the edge of an area goes on outside: of 60 pictures of screens,
slides and photographs, only of a terminal of small letters, where lines were cut."""
_MAX_PART = 0.7
"""Areas that are together more than this part of the picture cost as much as the whole."""
_PROSE = 10.0
"""A line so many times wider than high is of sentences: columns of them are read one after the
other, while pairs of shorter ones, as in credits and tables, are read row by row."""


@dataclass(frozen=True)
class Place:
    """A place in a picture that the detector takes for a line of writing."""

    corners: Corners
    """In [0, 1] of the picture."""
    box: Box
    """The upright box around it."""
    width_to_height: float
    score: float


def _square(side_px: int) -> npt.NDArray[np.uint8]:
    return np.ones((side_px, side_px), np.uint8)


def strips_across(places: Sequence[Box], rows: int, columns: int) -> list[Cells]:
    """Rectangles as wide as the picture around places in it, with a cell above and below."""
    strips = [
        (0, max(0, int(top * rows) - 1), columns, min(rows, int(np.ceil(bottom * rows)) + 1))
        for _, top, _, bottom in places
    ]
    return _merged(strips, rows, columns)


def areas_of_writing(
    glimpse: Likely, rows: int, columns: int, within: Sequence[Box] | None = None
) -> list[Cells]:
    """Rectangles that hold all that may be writing, by the map of the small picture.

    Of what does not touch `within` nothing; of what does, the whole width, since a line that
    changed at its end is read from its beginning, and a cell above and below.
    """
    near = cv2.dilate((glimpse > _GLIMPSED).astype(np.uint8), _square(2 * _MARGIN + 1))
    mask = cv2.resize(near * 255, (columns, rows), interpolation=cv2.INTER_AREA) > 0
    num_parts, _, parts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas: list[Cells] = []
    for left, top, width, height, _ in parts[1:num_parts].tolist():
        area = (left, top, left + width, top + height)
        if within is None:
            areas.append(area)
            continue
        for box in within:
            changed = (box[0] * columns, box[1] * rows, box[2] * columns, box[3] * rows)
            if touch(area, changed):
                upper, lower = int(changed[1]) - 1, int(np.ceil(changed[3])) + 1
                areas.append((left, max(top, upper), left + width, min(top + height, lower)))
    return _merged(areas, rows, columns)


def places_in(likely: Likely, area: Cells, rows: int, columns: int) -> list[Place]:
    """The lines in the map of an area, which has a pixel for each of the area's cells' pixels."""
    mask = cv2.dilate((likely > _LIKELY).astype(np.uint8), _square(2))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    places = []
    for contour in contours:
        middle, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < _MIN_SIDE_PX:
            continue
        score = _mean_inside(likely, cv2.boxPoints((middle, (width, height), angle)))
        if score < _MIN_MEAN:
            continue
        grown = width * height * _GROWN / (width + height)
        corners = cv2.boxPoints((middle, (width + grown, height + grown), angle))
        places.append(
            _place(
                _clockwise(corners) + np.array(area[:2], np.float32) * CELL_PX, score, rows, columns
            )
        )
    return places


def is_cut(likely: Likely, area: Cells, rows: int, columns: int, *, sides_only: bool) -> bool:
    """Whether a line in the map of an area goes on beyond an edge that is not the picture's;
    `sides_only`: beyond the left or the right one.
    """
    left, top, right, bottom = area
    edges = [(left > 0, likely[:, :_EDGE_PX]), (right < columns, likely[:, -_EDGE_PX:])]
    if not sides_only:
        edges += [(top > 0, likely[:_EDGE_PX]), (bottom < rows, likely[-_EDGE_PX:])]
    return any(is_inside and bool((edge > _LIKELY).any()) for is_inside, edge in edges)


def _place(corners: Corners, score: float, rows: int, columns: int) -> Place:
    """A place by its corners in pixels of the picture in which lines are looked for."""
    sides = np.array((columns * CELL_PX, rows * CELL_PX), np.float32)
    placed: Corners = np.clip(corners / sides, 0, 1).astype(np.float32)
    left, top, right, bottom = (
        round(float(value), 4) for value in (*placed.min(axis=0), *placed.max(axis=0))
    )
    width = np.linalg.norm(corners[1] - corners[0])
    height = np.linalg.norm(corners[3] - corners[0])
    return Place(placed, (left, top, right, bottom), float(width / height), score)


def in_order(places: Sequence[Place]) -> list[Place]:
    """The order of reading: row by row from the top, each from the left, and columns of sentences
    one after the other.
    """
    ordered: list[Place] = []
    block: list[list[Place]] = []
    columns: list[Span] = []
    for row in _rows(places):
        spans = [(place.box[0], place.box[2]) for place in row]
        joined = _joined([*columns, *spans])
        if len(joined) < max(len(columns), len(row)):
            ordered += _block_in_order(block, columns)
            block, joined = [], spans
        block.append(row)
        columns = joined
    return ordered + _block_in_order(block, columns)


def _block_in_order(block: list[list[Place]], columns: Sequence[Span]) -> list[Place]:
    """Rows that stand in the same columns, read by columns where these are of sentences."""
    places = [place for row in block for place in row]
    by_column = [
        [place for place in places if left <= place.box[0] <= right] for left, right in columns
    ]
    if len(block) > 1 and all(_is_prose(column) for column in by_column):
        return [place for column in by_column for place in column]
    return places


def _is_prose(column: Sequence[Place]) -> bool:
    return float(np.median([place.width_to_height for place in column])) >= _PROSE


def _rows(places: Sequence[Place]) -> list[list[Place]]:
    """Places side by side, from the left; the rows from the top."""
    rows: list[list[Place]] = []
    for place in sorted(places, key=lambda place: place.box[1] + place.box[3]):
        _, top, _, bottom = place.box
        if rows:
            _, row_top, _, row_bottom = rows[-1][0].box
            apart = (top + bottom - row_top - row_bottom) / 2
            if apart < min(bottom - top, row_bottom - row_top) / 2:
                rows[-1].append(place)
                continue
        rows.append([place])
    return [sorted(row, key=lambda place: place.box[0]) for row in rows]


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Spans from left to right, those that overlap made one."""
    joined: list[Span] = []
    for left, right in sorted(spans):
        if joined and left < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(right, joined[-1][1]))
        else:
            joined.append((left, right))
    return joined


def _merged(areas: Sequence[Cells], rows: int, columns: int) -> list[Cells]:
    """Rectangles of which none overlap, or the whole picture where they are most of it."""
    apart: list[Cells] = []
    for area in areas:
        while met := [other for other in apart if shared(area, other)]:
            apart = [other for other in apart if other not in met]
            area = _around([area, *met])  # noqa: PLW2901
        apart.append(area)
    num_cells = sum((right - left) * (bottom - top) for left, top, right, bottom in apart)
    return [(0, 0, columns, rows)] if num_cells > _MAX_PART * rows * columns else apart


def _around(areas: Sequence[Cells]) -> Cells:
    """The least rectangle that holds all of some."""
    lefts, tops, rights, bottoms = zip(*areas, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _mean_inside(likely: Likely, corners: Corners) -> float:
    """The mean of a map inside four corners."""
    left, top, width, height = cv2.boundingRect(corners)
    left, top = max(left, 0), max(top, 0)
    part = likely[top : top + height, left : left + width]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])


def _clockwise(corners: Corners) -> Corners:
    """Four corners from the top left one on."""
    by_column = corners[np.argsort(corners[:, 0])]
    top_left, bottom_left = by_column[:2][np.argsort(by_column[:2, 1])]
    top_right, bottom_right = by_column[2:][np.argsort(by_column[2:, 1])]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)
