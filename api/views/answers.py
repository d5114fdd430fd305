"""The answer to what the page's form asks: one search, whatever its form."""

from api.deps import State
from api.views.form import PageForm
from search.query.query import MAX_AT_ONCE, MAX_LIMIT, Shape, make_query
from search.results.hits import SearchAnswer, SearchHit, SequenceAnswer
from search.sequences import search_sequence


def find(state: State, form: PageForm) -> SearchAnswer:
    """The hits of a query, picture or scene: one page, or as many as were shown before, from one
    ranking. Raises InvalidQuery, NotFound, DatabaseError."""
    engine = state.multi_modal
    shape, most = form.shape, max(form.limit, form.shown)
    if form.similar is not None:
        return engine.similar(
            form.similar, by=form.by, filters=form.filters, shape=shape, most=most
        )
    if form.image is not None:
        picture = state.pictures.read(form.image)
        return engine.search_image(picture, form.q, filters=form.filters, shape=shape, most=most)
    return engine.search(
        form.q,
        mode=form.mode if form.vision is None else None,
        weights=_weights(form),
        filters=form.filters,
        shape=shape,
        most=most,
        like=form.like,
        unlike=form.unlike,
    )


def find_alike(state: State, form: PageForm) -> tuple[SearchHit, ...]:
    """The hits of the scenes that were folded into one, as the same search finds each of them.
    Raises InvalidQuery, NotFound, DatabaseError."""
    unfolded = {"fold": False, "by_video": False, "cursor": None, "shown": MAX_AT_ONCE}
    hits = find(state, form.model_copy(update=unfolded)).hits
    return tuple(hit for hit in hits if hit.scene.scene_id in form.alike)


def find_sequence(state: State, form: PageForm) -> SequenceAnswer:
    """The places where one thing follows another. Raises InvalidQuery, DatabaseError."""
    mode = form.mode if form.vision is None else None
    shape = Shape(min_score=form.min_score)
    steps = [
        make_query(text, mode=mode, weights=_weights(form), filters=form.filters, shape=shape)
        for text in (form.q, *form.then)
    ]
    limit = min(max(form.limit, form.shown), MAX_LIMIT)
    return search_sequence(state.multi_modal, steps, form.within_s, limit)


def count(state: State, form: PageForm) -> int:
    """The hits that a form has in all. Raises InvalidQuery, NotFound, DatabaseError."""
    if form.then:
        return find_sequence(state, form).total
    return find(state, form.model_copy(update={"cursor": None, "shown": 0})).total


def _weights(form: PageForm) -> tuple[float, float] | None:
    return None if form.vision is None else (1 - form.vision, form.vision)
