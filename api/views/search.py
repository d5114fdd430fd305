"""The page of a search: the form, and below it what was found, or why nothing was."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from api.deps import State
from api.errors import in_words
from api.views.about import about, missing
from api.views.answers import find, find_alike, find_sequence
from api.views.cards import Card, SequenceCard, cards, sequence_cards
from api.views.controls import (
    DURATIONS_S,
    KEPT,
    KIND_NAMES,
    MODE_NAMES,
    SORT_NAMES,
    WITHIN_S,
    Controls,
    span,
)
from api.views.empty import NothingFound, no_videos, nothing_found
from api.views.form import PAGE_HITS, PageForm, read_form
from api.views.gone import without_gone
from api.views.landing import Landing
from api.views.languages import language_name
from api.web.rendering import page
from database.errors import NotFound
from database.queries.listing import Summary
from search.errors import InvalidQuery
from search.query.query import MAX_LIMIT, MODES

_MORE_HITS = 48
"""Hits that come at once when the end of the list is near."""
_CHOICES = {
    "modes": MODE_NAMES,
    "weights": MODES,
    "sorts": SORT_NAMES,
    "kinds": KIND_NAMES,
    "durations_s": DURATIONS_S,
    "withins_s": WITHIN_S,
    "kept_names": KEPT,
    "language_name": language_name,
    "span": span,
}
"""What the controls offer in every library."""


@dataclass(frozen=True)
class Found:
    """What the list of hits shows, whether of single scenes or of sequences."""

    cards: list[Card] | list[SequenceCard]
    is_sequence: bool
    confident: bool
    reasons: tuple[str, ...]
    total: int
    num_weak: int
    took_ms: float
    next_url: str | None = None
    """Of the hits after these, for the script; None after the last."""
    more_url: str | None = None
    """Of a page with these hits and more, without a script."""
    searched: Summary | None = None
    """The library, if all of it was searched and no hit is sure."""
    vision: float | None = None
    """The weight of what is shown that the hits were fused with; None for sequences."""


async def search_page(state: State, request: Request) -> HTMLResponse:
    """The page of a URL, or, for the page's own script, the part below its form. Raises Busy,
    QueueFull, ClientGone, DatabaseError."""
    shown, lanes = _Shown(state, "x-fragment" in request.headers), state.lanes
    try:
        form = read_form(request)
    except ValidationError as error:
        of_query = PageForm(q=request.query_params.get("q", "")[:1000])
        problem = in_words(error)
        return await lanes.pages.run(request, lambda: shown.refused(of_query, problem))
    if not form.asks:
        return await lanes.lists.run(request, lambda: shown.landing(form))
    found = await lanes.searches.run(request, lambda: _search(state, form, shown))
    if isinstance(found, HTMLResponse):
        return found
    return await lanes.pages.run(request, found)


def _search(
    state: State, form: PageForm, shown: "_Shown"
) -> HTMLResponse | Callable[[], HTMLResponse]:
    """The page that refuses a form; or what is left to do once the search has been made."""
    try:
        form, gone = without_gone(state, form)
    except NotFound as error:
        return shown.refused(form, str(error), status=404)
    try:
        return partial(_answer, state, form, gone, _find(state, form), shown)
    except (InvalidQuery, NotFound) as error:
        return shown.refused_for(form, error)


def _answer(
    state: State, form: PageForm, gone: tuple[str, ...], found: Found, shown: "_Shown"
) -> HTMLResponse:
    """The page of what was found."""
    if shown.fragment and form.cursor:
        return page("_hits.html", form=form, found=found)
    try:
        controls = Controls.of(state, form, found.vision)
        empty = None
        if not found.cards:
            degraded = bool(found.reasons)
            empty = nothing_found(state, form, controls.chips, degraded=degraded)
    except (InvalidQuery, NotFound) as error:
        return shown.refused_for(form, error)
    reasons = (*gone, *found.reasons)
    is_doubtful = not (found.confident or empty)
    searched_all = not (controls.chips or reasons)
    searched = state.facts.summary() if is_doubtful and searched_all else None
    found = replace(found, reasons=reasons, searched=searched)
    return shown.answer(form, controls, found, empty)


def _find(state: State, form: PageForm) -> Found:
    if form.alike:
        return _alike(state, form)
    return _sequence(state, form) if form.then else _hits(state, form)


def _hits(state: State, form: PageForm) -> Found:
    answer = find(state, form)
    return Found(
        cards=cards(answer.hits, form),
        is_sequence=False,
        confident=answer.confident,
        reasons=answer.reasons,
        total=answer.total,
        num_weak=answer.num_weak,
        took_ms=answer.took_ms,
        next_url=form.url(cursor=answer.next, limit=_MORE_HITS) if answer.next else None,
        more_url=form.url(shown=len(answer.hits) + form.limit) if answer.next else None,
        vision=answer.ranking.weights.vision,
    )


def _alike(state: State, form: PageForm) -> Found:
    """Scenes that were folded into a hit: there is no doubt that they are asked for."""
    started = time.perf_counter()
    hits = find_alike(state, form)
    return Found(
        cards=cards(hits, form),
        is_sequence=False,
        confident=True,
        reasons=(),
        total=len(hits),
        num_weak=sum(hit.weak for hit in hits),
        took_ms=(time.perf_counter() - started) * 1000,
    )


def _sequence(state: State, form: PageForm) -> Found:
    answer = find_sequence(state, form)
    num_asked = max(form.limit, form.shown)
    has_more = num_asked < min(answer.total, MAX_LIMIT)
    return Found(
        cards=sequence_cards(answer),
        is_sequence=True,
        confident=answer.confident,
        reasons=answer.reasons,
        total=answer.total,
        num_weak=answer.num_weak,
        took_ms=answer.took_ms,
        more_url=form.url(shown=num_asked + PAGE_HITS) if has_more else None,
    )


@dataclass(frozen=True)
class _Shown:
    """What one load of the page shows: all of it, or a fragment."""

    state: State
    fragment: bool

    def answer(
        self, form: PageForm, controls: Controls, found: Found, empty: NothingFound | None
    ) -> HTMLResponse:
        return self._page(form, controls, found=found, empty=empty)

    def landing(self, form: PageForm) -> HTMLResponse:
        """Without a question: the newest videos, to begin with."""
        landing = Landing.of(self.state)
        empty = None if landing.videos else no_videos(self.state)
        return self._page(form, self._controls(form), landing=landing, empty=empty)

    def refused_for(self, form: PageForm, error: InvalidQuery | NotFound) -> HTMLResponse:
        """The question without what of it is not there, and why it cannot be answered."""
        if isinstance(error, InvalidQuery):
            return self.refused(form, str(error))
        there = form.model_copy(update={"image": None})
        return self.refused(there, missing(form, error), status=404)

    def refused(self, form: PageForm, why: str, status: int = 422) -> HTMLResponse:
        """The question, and why it cannot be answered."""
        return self._page(form, self._controls(form), status=status, problem=why)

    def _controls(self, form: PageForm) -> Controls:
        return Controls.of(self.state, form, None)

    def _page(
        self,
        form: PageForm,
        controls: Controls,
        *,
        status: int = 200,
        found: Found | None = None,
        landing: Landing | None = None,
        empty: NothingFound | None = None,
        problem: str | None = None,
    ) -> HTMLResponse:
        return page(
            "_answer.html" if self.fragment else "search.html",
            status,
            form=form,
            controls=controls,
            about=about(self.state, form),
            choices=_CHOICES,
            facets=None if self.fragment else self.state.facts.facets(),
            found=found,
            landing=landing,
            empty=empty,
            problem=problem,
        )
