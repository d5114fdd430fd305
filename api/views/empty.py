"""Why nothing was found: there are no videos, they are still being read, or nothing matches."""

from dataclasses import dataclass

from api.deps import State
from api.views.form import PageForm


@dataclass(frozen=True)
class NothingFound:
    """What an answer without hits says, and what to do."""

    heading: str
    advice: str
    drops: tuple[tuple[str, str, int], ...] = ()
    """Filters without which there would be hits: a label, the URL without it, and how many."""


def nothing_found(state: State, form: PageForm) -> NothingFound:
    """The reason for an answer without hits."""
    rows = state.library.row_counts()
    if rows["video"] == 0:
        return NothingFound("No videos yet", "Make a folder searchable: python -m ingest FOLDER")
    if not form.asks:
        return NothingFound("Nothing asked", "Describe a moment.")
    return NothingFound("No match", "Try other words, or fewer of them.")
