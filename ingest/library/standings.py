"""How far the spaces of a library are."""

from collections.abc import Mapping
from dataclasses import dataclass

from database.models import SpaceState
from database.spaces.coverage import Coverage
from database.spaces.spaces import Spaces
from embeddings.space import Input


@dataclass(frozen=True)
class Standing:
    """How far a space is: a line for people, an object of the JSON."""

    space: str
    embedded: int
    """Moments that it holds."""
    wanted: int
    """Moments that it should hold."""
    state: SpaceState | None
    """None for a space that the library does not have."""


def standings_of(spaces: Spaces, inputs: Mapping[str, Input]) -> list[Standing]:
    """How far spaces are, each with what it takes by its key; some may not be there."""
    there = spaces.all()
    standings = []
    for key, takes in inputs.items():
        if key in there:
            coverage, state = spaces.coverage(key), there[key].state
        else:
            coverage, state = Coverage(0, spaces.num_wanted(takes)), None
        standings.append(Standing(key, coverage.embedded, coverage.wanted, state))
    return standings
