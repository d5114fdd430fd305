"""When the words of a query are said in a sentence."""

from bisect import bisect_right

from database.queries.hits import MomentInfo

LEAD_S = 0.2
"""Playing begins so much before a word: recognised times may be late by as much, and a word whose
first sound is cut off is not understood."""


def said_s(moment: MomentInfo) -> float | None:
    """When the query's words begin in speech: those that stand closest together, if some are said
    more than once. None without such words, and where it is not known when they are said."""
    if not moment.marks or not moment.words:
        return None
    firsts = [first for first, _start_s, _end_s in moment.words]
    place = moment.marks[_first_of_closest(moment)][0]
    time_s = moment.words[max(bisect_right(firsts, place) - 1, 0)][1]
    # A sentence that goes on over a cut may have words outside its scene.
    return time_s if moment.start_s <= time_s < moment.end_s else None


def _first_of_closest(moment: MomentInfo) -> int:
    """The number of the mark that begins the shortest stretch of a text with every lexeme of the
    query that it has; the first of all where it is not known which is which."""
    places = [first for first, _end in moment.marks]
    latest: dict[str, int] = {}
    best = 0, float("inf")
    for number, lexeme in enumerate(moment.mark_lexemes):
        latest[lexeme] = number
        if len(latest) == len(moment.matched):
            first = min(latest.values())
            best = min(best, (first, places[number] - places[first]), key=lambda found: found[1])
    return int(best[0])
