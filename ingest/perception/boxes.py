"""Boxes in a picture: what they share, and whether two lines stand at one place."""

from collections.abc import Sequence

_ONE_PLACE = 0.5
"""Lines that share so much of the smaller one's area stand at one place."""
_AS_HIGH = 0.5
"""Where one is less than half as high as the other, it is a line of its own: small print that comes
where a title was."""


def area(box: Sequence[float]) -> float:
    """The area of a box, [left, top, right, bottom]."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def shared(first: Sequence[float], second: Sequence[float]) -> float:
    """The area that two boxes share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def at_one_place(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether two lines stand where only one can, or one of them is a part of the other."""
    heights = first[3] - first[1], second[3] - second[1]
    if min(heights) < _AS_HIGH * max(heights):
        return False
    return shared(first, second) > _ONE_PLACE * min(area(first), area(second))
