"""The order in which lines of Arabic and other scripts from right to left are read."""

import re
import unicodedata

_KINDS = {"R": "R", "AL": "R", "L": "L", "EN": "L", "AN": "L"}
"""By Unicode's classes: letters from right to left; letters and numbers from left to right."""
_PIECE = re.compile(r"L(?:[^R]*L)?|.", re.DOTALL)
"""Numbers and words of other scripts keep their order within such a line."""


def logical_order(seen: str) -> str:
    """The characters of a line in the order of reading, from that in which they stand from the
    left; a line without letters from right to left is as it was.
    """
    kinds = "".join(_KINDS.get(unicodedata.bidirectional(character), " ") for character in seen)
    if "R" not in kinds:
        return seen
    pieces = [piece.span() for piece in _PIECE.finditer(kinds)]
    return "".join(seen[first:end] for first, end in reversed(pieces))
