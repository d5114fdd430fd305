"""Why nothing was found: there are no videos, they are still being read, or nothing matches."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.deps import State
from api.views.answers import count
from api.views.controls import Chip
from api.views.form import PageForm
from database.models import SpaceState
from database.spaces.spaces import Spaces
from search.query.query import Sort

_MAX_DROPS = 8
"""Searches that are tried without one of their filters."""


@dataclass(frozen=True)
class Drop:
    """A filter without which there would be hits."""

    label: str
    url: str
    num_hits: int


@dataclass(frozen=True)
class NothingFound:
    """What an answer without hits says, and what to do."""

    heading: str
    advice: str
    command: str | None = None
    """What to type where the server runs."""
    drops: tuple[Drop, ...] = ()
    """The filters to drop, the one with most hits first."""
    no_videos: bool = False
    """Whether that is the whole reason."""


def no_videos() -> NothingFound:
    """The empty library."""
    return NothingFound(
        "No videos yet",
        "Make a folder of videos searchable, where this server runs:",
        "python -m ingest FOLDER",
        no_videos=True,
    )


def nothing_found(state: State, form: PageForm, chips: Sequence[Chip]) -> NothingFound:
    """The reason for an answer without hits. Raises InvalidQuery, DatabaseError."""
    if state.library.row_counts()["video"] == 0:
        return no_videos()
    if drops := _drops(state, form, chips):
        advice = "Nothing passes all of these filters. There would be hits:"
        return NothingFound("No match", advice, drops=tuple(drops))
    embedded, wanted = _coverage(state)
    if embedded < wanted:
        return NothingFound(
            f"Still indexing: {embedded:,} of {wanted:,} moments",
            "Nothing matches in what is ready. Search again in a while; if nothing is running:",
            "python -m ingest.backfill",
        )
    if form.then:
        return NothingFound("No match", "Try a longer time between the steps, or fewer steps.")
    if '"' in form.q or " -" in form.q:
        return NothingFound("No match", "Try without the quotes, or without what is excluded.")
    return NothingFound("No match", "Try other words, or fewer of them.")


def _drops(state: State, form: PageForm, chips: Sequence[Chip]) -> list[Drop]:
    """The filters without which there are hits; or all of them, if no one alone is in the way."""
    without = [(f"Without “{chip.label}”", chip.form) for chip in chips[:_MAX_DROPS]]
    if form.sort is not Sort.RELEVANCE:  # the only order that has weak matches
        relevant = form.model_copy(update={"sort": Sort.RELEVANCE})
        without.append(("Best first, with weak matches", relevant))
    if len(without) < 2:
        return _counted(state, without)
    bare = PageForm(q=form.q, then=form.then, similar=form.similar, by=form.by, image=form.image)
    return _counted(state, without) or _counted(state, [("Without any filter", bare)])


def _counted(state: State, without: Sequence[tuple[str, PageForm]]) -> list[Drop]:
    counted = [Drop(label, form.url(), count(state, form)) for label, form in without]
    return sorted((drop for drop in counted if drop.num_hits), key=lambda drop: -drop.num_hits)


def _coverage(state: State) -> tuple[int, int]:
    """(embedded, wanted) moments of the spaces in use."""
    spaces = Spaces(state.database)
    used = [key for key, info in spaces.all().items() if info.state is not SpaceState.RETIRED]
    found = [spaces.coverage(key) for key in used]
    return sum(each.embedded for each in found), sum(each.wanted for each in found)
