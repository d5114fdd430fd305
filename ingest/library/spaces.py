"""The spaces that an ingest fills: those of the library, and those of a profile it changes to."""

import contextlib

import structlog

from database.errors import SpaceBusy
from database.models import SpaceState
from database.spaces.spaces import SpaceInfo, Spaces, require_same
from database.videos.read import Library
from embeddings.errors import UnknownSpace
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES, Profile, get_profile
from embeddings.space import Input, Space
from embeddings.weights.hub import HubWeights, require_present


def require_profile(profile: Profile, encoders: Encoders) -> None:
    """Raises WeightsMissing, with what to do, if any model of a profile is not on this machine."""
    for space in profile.spaces:
        encoders.require_weights(space)
    require_speech(profile, encoders)


def require_speech(profile: Profile, encoders: Encoders) -> None:
    """Raises WeightsMissing if the speech model of a profile is not on this machine."""
    if isinstance(profile.speech, HubWeights):
        require_present(profile.speech, encoders.runtime)
    else:
        profile.speech.paths()


def profile_of(library: Library, wanted: str | None) -> Profile:
    """The profile of that name, or else that of the last ingest, or else bundled.

    Raises UnknownSpace.
    """
    if wanted is not None:
        return get_profile(wanted)
    return PROFILES.get(library.find_last_profile() or "", PROFILES["bundled"])


def take_up_profile(profile: Profile, library: Library, spaces: Spaces) -> None:
    """Lets a profile's spaces fill beside those that are searched; in an empty library they take
    their place at once. Raises SpaceMismatch.
    """
    spaces.add(profile.spaces)
    if library.is_empty():
        for space in profile.spaces:
            spaces.activate(space.key)
        for info in spaces.all().values():
            if info.state is SpaceState.RETIRED:
                spaces.drop(info.key)


def not_searched(profile: Profile, spaces: Spaces) -> list[str]:
    """The keys of a profile's spaces that fill beside others, which are searched."""
    infos = spaces.all()
    return [s.key for s in profile.spaces if infos[s.key].state is not SpaceState.ACTIVE]


def spaces_to_fill(
    spaces: Spaces, encoders: Encoders, takes: Input | None = None
) -> tuple[Space, ...]:
    """The active spaces, and those that fill up and whose models are here; all, or those of one
    input.

    Raises WeightsMissing or UnknownSpace for an active one that cannot be filled here, and
    SpaceMismatch for one that holds the vectors of another model.
    """
    chosen = []
    for info in spaces.all().values():
        space = encoders.spaces.get(info.key)
        if takes is not None and info.input is not takes:
            continue
        if info.state is SpaceState.ACTIVE:
            chosen.append(_required(info, space, encoders))
        elif info.state is SpaceState.FILLING and space is not None and encoders.has_weights(space):
            require_same(info, space)
            chosen.append(space)
    return tuple(chosen)


def activate_complete(spaces: Spaces) -> list[str]:
    """Makes complete spaces active whose slot has no active one; returns their keys.

    Nobody has to choose there: without them a search would have nothing in that slot.
    """
    found = spaces.all().values()
    taken = {info.slot for info in found if info.state is SpaceState.ACTIVE}
    activated = []
    for info in found:
        lacking = info.state is SpaceState.FILLING and info.slot not in taken
        if not lacking or not spaces.is_complete(info.key):
            continue
        with contextlib.suppress(SpaceBusy):  # by a backfill, which does this at its end
            spaces.activate(info.key)
            taken.add(info.slot)
            activated.append(info.key)
            structlog.get_logger().info("searched from now on", space=info.key, slot=info.slot)
    return activated


def description_space(spaces: Spaces, encoders: Encoders) -> Space:
    """The space of descriptions whose queries are those of the library's text space. Raises
    UnknownSpace."""
    texts = [info for info in spaces.all().values() if info.slot == "text"]
    active = [info.key for info in texts if info.state is SpaceState.ACTIVE]
    for space in encoders.spaces.values():
        if space.input is Input.DESCRIPTION and space.query_space in active:
            return space
    raise UnknownSpace(
        f"the library is searched in {active[0]}, which is not known here: set "
        "EMBEDDING_MODEL_DIR to the folder that holds its model and space.json"
        if active
        else "the library is empty: run python -m ingest FOLDER first"
    )


def _required(info: SpaceInfo, space: Space | None, encoders: Encoders) -> Space:
    """An active space as this code knows it. Raises as spaces_to_fill does."""
    if space is None:
        raise UnknownSpace(
            f"the library is searched in {info.key}, which is not known here: set "
            "EMBEDDING_MODEL_DIR to the folder that holds its model and space.json, or change to "
            "another space with python -m ingest.backfill --spaces KEY --activate"
        )
    require_same(info, space)
    encoders.require_weights(space)
    return space
