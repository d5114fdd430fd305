"""The answer to what the page's form asks: one search, whatever its form."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.deps import State
from api.views.form import PageForm
from search.query.query import MAX_LIMIT, Shape, make_query
from search.results.hits import SearchAnswer, SearchHit, SequenceAnswer
from search.sequences import search_sequence


@dataclass(frozen=True)
class PageAnswer:
    """The hits of one load of the page, and what holds for the whole answer."""

    first: SearchAnswer
    """The first page of it, whose facts hold for all."""
    hits: tuple[SearchHit, ...]
    next: str | None
    """The cursor of what follows."""


def find(state: State, form: PageForm) -> PageAnswer:
    """The hits of a query, picture or scene: one page, or as many as were shown before. Raises
    InvalidQuery, NotFound, DatabaseError."""
    answers = list(_pages(state, form))
    hits = tuple(hit for answer in answers for hit in answer.hits)
    return PageAnswer(answers[0], hits, answers[-1].next)


def find_sequence(state: State, form: PageForm) -> SequenceAnswer:
    """The places where one thing follows another. Raises InvalidQuery, DatabaseError."""
    mode = form.mode if form.vision is None else None
    steps = [
        make_query(text, mode=mode, weights=_weights(form), filters=form.filters)
        for text in (form.q, *form.then)
    ]
    return search_sequence(state.multi_modal, steps, form.within_s, form.limit)


def count(state: State, form: PageForm) -> int:
    """The hits that a form has in all. Raises InvalidQuery, NotFound, DatabaseError."""
    if form.then:
        return find_sequence(state, form).total
    return _page(state, form, form.shape.model_copy(update={"cursor": None})).total


def _pages(state: State, form: PageForm) -> Iterator[SearchAnswer]:
    num_wanted = max(form.shown, 1)
    shape = form.shape
    while num_wanted > 0:
        # The first page decides how deep all look: with the limit that it had before.
        answer = _page(state, form, shape)
        yield answer
        num_wanted -= len(answer.hits)
        if answer.next is None:
            return
        shape = shape.model_copy(
            update={"cursor": answer.next, "limit": min(max(num_wanted, 1), MAX_LIMIT)}
        )


def _page(state: State, form: PageForm, shape: Shape) -> SearchAnswer:
    engine = state.multi_modal
    if form.similar is not None:
        return engine.similar(form.similar, by=form.by, shape=shape)
    if form.image is not None:
        picture = state.pictures.read(form.image)
        return engine.search_image(picture, form.q, filters=form.filters, shape=shape)
    return engine.search(
        form.q,
        mode=form.mode if form.vision is None else None,
        weights=_weights(form),
        filters=form.filters,
        shape=shape,
        like=form.like,
        unlike=form.unlike,
    )


def _weights(form: PageForm) -> tuple[float, float] | None:
    return None if form.vision is None else (1 - form.vision, form.vision)
