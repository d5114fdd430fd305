"""Whether the models that a library needs are on this machine."""

from collections.abc import Sequence

from database.doctor.findings import Finding, fault, ok
from embeddings.errors import WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import Weights, require_present


def judge_weights(
    runtime: Runtime, spaces: Sequence[tuple[str, str]], last_profile: str | None
) -> Finding:
    """The models of spaces, each with its state, and of speech; without any spaces, those of the
    bundled profile. Nothing is loaded or verified.
    """
    encoders = Encoders(runtime)
    profile = PROFILES.get(last_profile or "", PROFILES["bundled"])
    keys = [key for key, _ in spaces] or [space.key for space in profile.spaces]
    needed: dict[str, Weights] = {f"speech of {profile.name}": profile.speech}
    for key in keys:
        if key in encoders.spaces:
            needed |= _weights_of(encoders.spaces[key], encoders)
    unknown = [f"{key} ({state})" for key, state in spaces if key not in encoders.spaces]
    missing = _missing(needed, runtime)
    if not unknown and not missing:
        return ok(f"here: {', '.join(sorted(needed))} (python -m embeddings check verifies them)")
    return _told(unknown, missing)


def _weights_of(space: Space, encoders: Encoders) -> dict[str, Weights]:
    """Of the space, and of the one that makes its queries."""
    each = {space.key: space.weights}
    if space.answers_text:
        own = encoders.text_space(space)
        each[own.key] = own.weights
    return each


def _missing(needed: dict[str, Weights], runtime: Runtime) -> dict[str, WeightsMissing]:
    missing = {}
    for name, each in needed.items():
        try:
            require_present(each, runtime)
        except WeightsMissing as error:
            missing[name] = error
    return missing


def _told(unknown: list[str], missing: dict[str, WeightsMissing]) -> Finding:
    found, remedies = [], []
    if missing:
        found.append(f"not here: {', '.join(sorted(missing))}")
        models = dict.fromkeys(error.model for error in missing.values() if error.model)
        if models:
            remedies.append(
                f"python -m embeddings pull {' '.join(models)} (without a network: their folders "
                "into the one that EMBEDDING_MODEL_DIR names)"
            )
        remedies += dict.fromkeys(str(each) for each in missing.values() if not each.model)
    if unknown:
        found.append(f"spaces of the library that are not known here: {', '.join(unknown)}")
        remedies.append(
            "set EMBEDDING_MODEL_DIR to the folder that holds their models, each with its "
            "space.json"
        )
    return fault("; ".join(found), "; and ".join(remedies))
