"""Why nothing was found: there are no videos, they are still being read, or nothing matches."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.deps import State
from api.views.answers import count
from api.views.controls import Chip
from api.views.form import PageForm
from api.web.rendering import counted, host
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
    under_way: bool = False
    """Whether there are jobs to make the first ones searchable."""


def no_videos(state: State) -> NothingFound:
    """The empty library, and whether it is to stay so. Raises DatabaseError."""
    if begun := state.facts.under_way():
        job = begun.job
        if begun.lacks_worker:
            return NothingFound(
                "The first videos wait to be made searchable",
                f"No worker runs on {host(job.origin)}, so nothing goes on. Start one there:",
                "python -m ingest.worker",
                no_videos=True,
                under_way=True,
            )
        num = f"{job.num_ended:,} of {counted(job.num_files, 'file')}" if job.num_files else ""
        heading = ", ".join(filter(None, ("The first videos are being made searchable", num)))
        return NothingFound(
            heading, "Each is found as soon as it is done.", no_videos=True, under_way=True
        )
    return NothingFound(
        "No videos yet",
        "Make a folder of videos searchable, where this server runs:",
        "python -m ingest FOLDER",
        no_videos=True,
    )


def nothing_found(
    state: State, form: PageForm, chips: Sequence[Chip], *, degraded: bool
) -> NothingFound:
    """The reason for an answer without hits; vectors are counted only where it is `degraded`.
    Raises InvalidQuery, NotFound, Busy, DatabaseError."""
    if state.library.is_empty():
        return no_videos(state)
    if drops := _drops(state, form, chips):
        if not chips:
            advice = "In this order only sure hits are listed, and there are none. With weak ones:"
            return NothingFound("No confident match", advice, drops=tuple(drops))
        advice = "Nothing passes all of these filters. There would be hits:"
        return NothingFound("No match", advice, drops=tuple(drops))
    if degraded and not (coverage := state.facts.coverage()).complete:
        return NothingFound(
            f"Still indexing: {coverage.embedded:,} of {coverage.wanted:,} moments",
            "Nothing matches in what is ready. Search again in a while; if nothing is running:",
            "python -m ingest.backfill",
        )
    return NothingFound("No match", _advice(form))


def _advice(form: PageForm) -> str:
    if form.then:
        return "Try a longer time between the steps, or fewer steps."
    if not form.q.strip():
        return "There is nothing else here that could be compared."
    if '"' in form.q or " -" in form.q:
        return "Try without the quotes, or without what is excluded."
    return "Try other words, or fewer of them."


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
    drops = []
    for label, form in without:
        if num_hits := count(state, form):
            drops.append(Drop(label, form.url(), num_hits))
    return sorted(drops, key=lambda drop: -drop.num_hits)
