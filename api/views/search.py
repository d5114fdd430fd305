"""The page of a search: the form, and below it what was found, or why nothing was."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from api.deps import State
from api.errors import in_words
from api.views.about import about, missing
from api.views.answers import find, find_sequence
from api.views.cards import cards, sequence_cards
from api.views.controls import Controls
from api.views.empty import NothingFound, nothing_found
from api.views.form import PageForm, read_form
from api.web.rendering import page
from database.errors import NotFound
from search.errors import InvalidQuery

_RECENT = 12


@dataclass(frozen=True)
class Found:
    """What the list of hits shows, whether of single scenes or of sequences."""

    cards: list[object]
    is_sequence: bool
    confident: bool
    reasons: tuple[str, ...]
    total: int
    took_ms: float
    next_url: str | None
    """Of the hits after these, for the script; None after the last."""
    more_url: str | None
    """Of a page with these hits and more, without a script."""
    vision: float | None
    """The weight of what is shown that the hits were fused with; None for sequences."""


def search_page(state: State, request: Request) -> HTMLResponse:
    """The page of a URL, or, for the page's own script, the part below its form."""
    fragment = "x-fragment" in request.headers
    template = "_answer.html" if fragment else "search.html"
    try:
        form = read_form(request)
    except ValidationError as error:
        q = request.query_params.get("q", "")[:1000]
        return _refused(state, template, PageForm(q=q), in_words(error))
    if not form.asks:
        return _library(state, template, form)
    try:
        with state.turns.turn():
            found = _sequence(state, form) if form.then else _hits(state, form)
            empty = None if found.cards else nothing_found(state, form)
    except InvalidQuery as error:
        return _refused(state, template, form, str(error))
    except NotFound as error:
        return _refused(state, template, form, missing(form, error), status=404)
    if fragment and form.cursor:
        template = "_hits.html"
    return _shown(state, template, form, found=found, empty=empty)


def _hits(state: State, form: PageForm) -> Found:
    answer = find(state, form)
    first = answer.first
    next_url = form.url(cursor=answer.next) if answer.next else None
    return Found(
        cards=list(cards(answer.hits, form.q)),
        is_sequence=False,
        confident=first.confident,
        reasons=first.reasons,
        total=first.total,
        took_ms=first.took_ms,
        next_url=next_url,
        more_url=form.url(shown=len(answer.hits) + form.limit) if answer.next else None,
        vision=first.ranking.weights.vision,
    )


def _sequence(state: State, form: PageForm) -> Found:
    answer = find_sequence(state, form)
    return Found(
        cards=list(sequence_cards(answer)),
        is_sequence=True,
        confident=answer.confident,
        reasons=answer.reasons,
        total=answer.total,
        took_ms=answer.took_ms,
        next_url=None,
        more_url=None,
        vision=None,
    )


def _library(state: State, template: str, form: PageForm) -> HTMLResponse:
    """Without a question: the newest videos, to begin with."""
    recent = state.library.recent_videos(_RECENT)
    empty = None if recent else nothing_found(state, form)
    return _shown(state, template, form, recent=recent, empty=empty)


def _refused(
    state: State, template: str, form: PageForm, why: str, status: int = 422
) -> HTMLResponse:
    return _shown(state, template, form, status=status, problem=why)


def _shown(
    state: State,
    template: str,
    form: PageForm,
    *,
    status: int = 200,
    found: Found | None = None,
    recent: object = (),
    empty: NothingFound | None = None,
    problem: str | None = None,
) -> HTMLResponse:
    controls = Controls.of(form, found.vision if found else None)
    return page(
        template,
        status,
        form=form,
        controls=controls,
        about=about(state, form),
        found=found,
        recent=recent,
        empty=empty,
        problem=problem,
    )
