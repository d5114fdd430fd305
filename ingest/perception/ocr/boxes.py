"""Boxes in a picture, in any unit: what they share, and whether two lines stand at one place."""

from ingest.scenes.picture import Box

_ONE_PLACE = 0.5
"""Lines that share so much of the smaller one's area stand at one place."""
_AS_HIGH = 0.5
"""Where one is less than half as high as the other, it is a line of its own: small print that comes
where a title was."""


def area(box: Box) -> float:
    """The area of a box, (left, top, right, bottom)."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def shared(first: Box, second: Box) -> float:
    """The area that two boxes share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def touch(first: Box, second: Box) -> bool:
    """Whether two boxes have a point in common, be it on their edges."""
    return (
        first[0] <= second[2]
        and second[0] <= first[2]
        and first[1] <= second[3]
        and second[1] <= first[3]
    )


def at_one_place(first: Box, second: Box) -> bool:
    """Whether two lines stand where only one can, or one of them is a part of the other."""
    heights = first[3] - first[1], second[3] - second[1]
    if min(heights) < _AS_HIGH * max(heights):
        return False
    return shared(first, second) > _ONE_PLACE * min(area(first), area(second))
