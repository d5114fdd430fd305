"""What a search is about beside its words: a scene or picture that its hits are like, the scenes
that were marked as right or wrong for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.deps import State
from api.views.cards import watch_url
from api.views.form import PageForm
from api.web.rendering import clock
from database.errors import NotFound
from database.queries.hits import SceneRef
from search.results.links import keyframe_url
from search.retrieval.spaces import Likeness

_LIKENESS_NAMES = {
    Likeness.LOOK: "Looks like this",
    Likeness.ACTION: "Does the same",
    Likeness.WORDS: "Has words like this",
    Likeness.DESCRIPTION: "Is described like this",
}
_HEADINGS = {
    Likeness.LOOK: "Scenes that look like",
    Likeness.ACTION: "Scenes that do the same as",
    Likeness.WORDS: "Scenes that have words like",
    Likeness.DESCRIPTION: "Scenes that are described like",
    None: "Scenes like",
}


@dataclass(frozen=True)
class Example:
    """A scene as a query."""

    id: int
    name: str
    """The video and when: tour, 0:07."""
    url: str
    """Of the moment."""
    still_url: str | None
    """None for a recording without pictures."""


@dataclass(frozen=True)
class Respect:
    """A respect in which scenes are compared; its URL is of the search by it."""

    by: Likeness
    name: str
    url: str | None
    """None where no scene is compared."""
    chosen: bool


@dataclass(frozen=True)
class Mark:
    """A scene that was marked as right or wrong; its URL is of the search without the mark."""

    scene: Example
    relevant: bool
    url: str


@dataclass(frozen=True)
class About:
    """What the answer shows above its hits; `respects` are what tools on hits offer, too."""

    heading: str
    scene: Example | None
    respects: tuple[Respect, ...]
    marks: tuple[Mark, ...]
    leave_url: str
    """Of the search without the scene."""


def about(state: State, form: PageForm) -> About:
    """What a form asks beside its words; scenes that are no longer there are left out."""
    wanted = {form.similar or 0, *form.like, *form.unlike} - {0}
    scenes = state.multi_modal.reader.scenes(wanted) if wanted else {}
    similar = scenes.get(form.similar or 0)
    return About(
        heading=_HEADINGS[form.by],
        scene=_example(similar) if similar else None,
        respects=tuple(_respects(state, form)),
        marks=tuple(_marks(form, scenes)),
        leave_url=form.url(similar=None, by=None),
    )


def missing(form: PageForm, error: NotFound) -> str:
    """What the page says when what it asks about is not there, or not in this respect."""
    if form.similar is None or form.by is None:
        return str(error)
    return (
        f"This scene has nothing that could be compared by {form.by}, or is no longer there. "
        "Compare it in another respect, or search with words."
    )


def _respects(state: State, form: PageForm) -> Iterator[Respect]:
    for by in state.multi_modal.ranker.choice.likenesses():
        url = form.url(by=by) if form.similar is not None else None
        yield Respect(by, _LIKENESS_NAMES[by], url, by == form.by)


def _marks(form: PageForm, scenes: dict[int, SceneRef]) -> Iterator[Mark]:
    for name, relevant in (("like", True), ("unlike", False)):
        judged: tuple[int, ...] = getattr(form, name)
        for scene_id in judged:
            if scene_id in scenes:
                rest = tuple(other for other in judged if other != scene_id)
                url = form.url("/", **{name: rest})
                yield Mark(_example(scenes[scene_id]), relevant, url)


def _example(scene: SceneRef) -> Example:
    return Example(
        id=scene.id,
        name=f"{scene.title}, {clock(scene.start_s)}",
        url=watch_url(scene.video_id, scene.start_s, scene.end_s),
        still_url=keyframe_url(scene.id) if scene.has_pictures else None,
    )
