"""The spaces of a library in plain words: what each is for, how complete it is, what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from database.models import SpaceState
from database.spaces.coverage import Coverage
from database.spaces.spaces import SpaceInfo, Spaces
from embeddings.loaded import Encoders
from embeddings.space import Input, Modality

_PURPOSES = {
    "text": "What is said and written, by its meaning",
    "vision": "What is shown",
    "description": "What is shown, as a model describes it",
    "action": "What is done",
    "temporal": "What is done, in the order of time",
    "image-features": "Scenes that look like another",
    "action-features": "Scenes that move like another",
    "temporal-features": "Scenes that move like another, in the order of time",
}
"""By slot; people may make further ones."""
_OTHER_PURPOSES = {Modality.TEXT: _PURPOSES["text"], Modality.VISION: _PURPOSES["vision"]}
_MOMENTS = {
    Input.TEXT: "pieces of speech and on-screen text",
    Input.IMAGE: "stills",
    Input.CLIP: "clips",
    Input.DESCRIPTION: "descriptions by a model",
}
_STATES = {
    SpaceState.ACTIVE: "searched",
    SpaceState.FILLING: "filling, not searched yet",
    SpaceState.RETIRED: "retired, searched before",
}


@dataclass(frozen=True)
class Step:
    """What can be done about a space, and the command that does it."""

    purpose: str
    command: str


@dataclass(frozen=True)
class Standing:
    """A space of a library with what a person wants to know of it."""

    info: SpaceInfo
    known: bool
    """Whether this server knows its model: one of the registry, or a person's own."""
    weights_here: bool
    coverage: Coverage | None
    """None where it was not counted."""
    replaces: str | None
    """The space of the same slot that is searched while this one fills."""

    @property
    def purpose(self) -> str:
        """What it is for."""
        return _PURPOSES.get(self.info.slot, _OTHER_PURPOSES[self.info.modality])

    @property
    def state(self) -> str:
        """Whether it is searched, in words."""
        return _STATES[self.info.state]

    @property
    def moments(self) -> str:
        """What it embeds."""
        return _MOMENTS[self.info.input]

    @property
    def steps(self) -> list[Step]:
        """What to do about it, in order."""
        return list(self._steps())

    def _steps(self) -> Iterator[Step]:
        key = self.info.key
        if self.info.state is SpaceState.RETIRED:
            yield Step("To remove its vectors", f"python -m ingest.backfill --spaces {key} --drop")
            return
        if not self.known:
            yield Step("To use its model, name the folder above it", "EMBEDDING_MODEL_DIR=FOLDER")
        elif not self.weights_here:
            yield Step("To get its model", f"python -m embeddings pull {key}")
        if self.coverage is not None and not self.coverage.complete:
            yield Step("To complete it", f"python -m ingest.backfill --spaces {key}")
        if self.replaces is not None:
            purpose = f"To search it instead of {self.replaces}, once it is complete"
            yield Step(purpose, f"python -m ingest.backfill --spaces {key} --activate")


def standings(spaces: Spaces, encoders: Encoders, *, counted: bool) -> list[Standing]:
    """Every space of a library, the searched ones first; to count them takes seconds in a large
    library."""
    infos = spaces.all()
    searched = {info.slot: key for key, info in infos.items() if info.state is SpaceState.ACTIVE}

    def standing(info: SpaceInfo) -> Standing:
        space = encoders.spaces.get(info.key)
        return Standing(
            info,
            space is not None,
            space is not None and encoders.has_weights(space),
            spaces.coverage(info.key) if counted else None,
            searched.get(info.slot) if info.state is SpaceState.FILLING else None,
        )

    order = [SpaceState.ACTIVE, SpaceState.FILLING, SpaceState.RETIRED]
    return sorted(map(standing, infos.values()), key=lambda each: order.index(each.info.state))
