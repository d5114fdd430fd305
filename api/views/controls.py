"""The controls of a search: modes, the slider from text to vision, and a chip for each filter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.deps import State
from api.views.cards import VERBS
from api.views.form import PageForm, is_day, of_day
from api.views.languages import language_name
from api.web.rendering import clock, date, percent
from database.errors import NotFound
from database.models import MomentKind
from search.query.query import MODES, Sort
from search.ranking.confidence import WEAK

MODE_NAMES = {
    "auto": "Automatic",
    "text_heavy": "Said & written",
    "balanced": "Both",
    "vision_heavy": "Shown",
}
SORT_NAMES = {
    Sort.RELEVANCE: "Best first",
    Sort.DATE: "Newest first",
    Sort.TIME: "By video and time",
}
KIND_NAMES = {
    kind: VERBS[kind].capitalize()
    for kind in (
        MomentKind.SPEECH,
        MomentKind.SUBTITLE,
        MomentKind.OCR,
        MomentKind.KEYFRAME,
        MomentKind.SPAN,
        MomentKind.DESCRIPTION,
    )
}
_WITH = {MomentKind.CHAPTER: "With a chapter", MomentKind.TITLE: "With a name"}
"""Kinds whose verb says nothing of a scene."""
DURATIONS_S = (10, 30, 60, 300, 600, 1800, 3600, 7200)
WITHIN_S = (10, 60, 300, 3600)
KEPT = ("video_ids", "from_s", "to_s", "fusion", "rerank", "limit", "min_score", "tags")
"""Fields without a control, or with values that no control offers: the next question keeps them."""


@dataclass(frozen=True)
class Chip:
    """Something that narrows the search, and the form without it."""

    label: str
    form: PageForm

    @property
    def url(self) -> str:
        """Of the search without it."""
        return self.form.url()


@dataclass(frozen=True)
class Controls:
    """What the form shows beside the box."""

    vision_percent: int
    """Where the slider stands: the weight of what is shown, that of the answer if there is one."""
    chips: tuple[Chip, ...]
    clear_url: str
    """Of the search without any chip."""
    kept: tuple[tuple[str, str], ...]
    """(name, value) of the fields that go on, unless a control offers that value."""

    @classmethod
    def of(cls, state: State, form: PageForm, vision: float | None) -> "Controls":
        """The controls of a form; `vision` is the weight that the answer was fused with."""
        if vision is None:
            vision = form.vision if form.vision is not None else _weight(form.mode)
        chips = tuple(_chips(state, form))
        nothing: dict[str, Any] = dict.fromkeys(_CHIPS)
        kept = tuple((name, value) for name, value in form.pairs() if name in KEPT)
        return cls(round(vision * 100), chips, form.url(**nothing), kept)


def span(seconds: float) -> str:
    """A length as people say it: 30 s, 5 min, 2 h."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _day(moment: datetime) -> str:
    return date(moment) if is_day(moment) else f"{date(moment)}, {of_day(moment.time())} UTC"


def _weight(mode: str) -> float:
    return MODES[mode].vision if mode in MODES else 0.5


_CHIPS: dict[str, Callable[[Any], str]] = {
    "from_s": lambda seconds: f"After {clock(seconds)} in the video",
    "to_s": lambda seconds: f"Before {clock(seconds)} in the video",
    "language": lambda code: f"Language: {language_name(code)}",
    "recorded_from": lambda moment: f"Recorded from {_day(moment)}",
    "recorded_to": lambda moment: f"Recorded before {_day(moment)}",
    "clock_from": lambda clock: f"Time of day from {of_day(clock)} UTC",
    "clock_to": lambda clock: f"Time of day before {of_day(clock)} UTC",
    "min_duration_s": lambda seconds: f"At least {span(seconds)} long",
    "max_duration_s": lambda seconds: f"At most {span(seconds)} long",
    "kinds": lambda kind: _WITH.get(kind, f"With something {VERBS[kind]}"),
    "tags": lambda tag: f"Tag: {tag}",
    "min_score": lambda score: (
        "Without weak matches" if score == WEAK else f"At least {percent(score)} sure"
    ),
    "by_video": lambda _: "One hit per video",
    "fold": lambda _: "Near-duplicates hidden",
    "video_ids": str,  # named by _chips, which can read titles
}
"""What the chip of a field says of its value, or of each of its values."""


_OF_SCENES = ("by_video", "fold")
"""What shapes answers of single scenes only."""


def _chips(state: State, form: PageForm) -> Iterator[Chip]:
    for name, label in _CHIPS.items():
        value = getattr(form, name)
        default = type(form).model_fields[name].default
        if value == default or (form.then and name in _OF_SCENES):
            continue
        if name == "video_ids":
            yield Chip(f"In: {_titles(state, value)}", form.model_copy(update={name: default}))
        elif isinstance(value, tuple):
            for each in value:
                others = tuple(other for other in value if other != each)
                yield Chip(label(each), form.model_copy(update={name: others}))
        else:
            yield Chip(label(value), form.model_copy(update={name: default}))


def _titles(state: State, video_ids: tuple[int, ...]) -> str:
    if len(video_ids) != 1:
        return f"{len(video_ids)} videos"
    try:
        return state.library.get_video(video_ids[0]).title
    except NotFound:
        return "a video that is gone"
