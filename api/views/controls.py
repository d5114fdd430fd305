"""The controls of a search: modes, the slider from text to vision, and a chip for each filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.views.form import PageForm
from database.queries.filters import Filters
from search.query.query import MODES

_MODE_NAMES = {
    "auto": "Automatic",
    "text_heavy": "Said & written",
    "balanced": "Balanced",
    "vision_heavy": "Shown",
}


@dataclass(frozen=True)
class Chip:
    """Something that narrows the search; its URL is of the search without it."""

    label: str
    url: str


@dataclass(frozen=True)
class Controls:
    """What the form shows beside the box."""

    modes: tuple[tuple[str, str], ...]
    """(value, name) of each."""
    vision_percent: int
    """Where the slider stands: the weight of what is shown, that of the answer if there is one."""
    chips: tuple[Chip, ...]
    clear_url: str
    """Of the search without any chip."""

    @classmethod
    def of(cls, form: PageForm, vision: float | None) -> "Controls":
        """The controls of a form; `vision` is the weight that the answer was fused with."""
        if vision is None:
            vision = form.vision if form.vision is not None else _weight(form.mode)
        chips = tuple(_chips(form))
        nothing: dict[str, Any] = dict.fromkeys((*Filters.model_fields, "like", "unlike"))
        return cls(tuple(_MODE_NAMES.items()), round(vision * 100), chips, form.url("/", **nothing))


def _weight(mode: str) -> float:
    return MODES[mode].vision if mode in MODES else 0.5


def _chips(form: PageForm) -> Iterator[Chip]:
    for name in Filters.model_fields:
        value = getattr(form, name)
        if value not in (None, ()):
            yield Chip(f"{name} {value}", form.url("/", **{name: None}))
