"""The spaces that a search goes over: the active ones of the library, or those asked for."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from database.errors import NotFound, SpaceMismatch, UnknownStoredSpace
from database.models import SpaceState
from database.server.connection import Database
from database.spaces.spaces import SpaceInfo, Spaces, require_same
from database.videos.read import Library
from embeddings.errors import EmbeddingError
from embeddings.loaded import Encoders
from embeddings.space import Input, Modality, Space
from search.errors import InvalidQuery
from search.retrieval.calibrate import NullDistribution

_REREAD_S = 2.0
_WARM_UP = "warm-up"


class Likeness(StrEnum):
    """The respect in which a scene can be like another."""

    LOOK = "look"
    ACTION = "action"
    WORDS = "words"
    DESCRIPTION = "description"


_COMPARES = {
    Likeness.LOOK: Input.IMAGE,
    Likeness.ACTION: Input.CLIP,
    Likeness.WORDS: Input.TEXT,
    Likeness.DESCRIPTION: Input.DESCRIPTION,
}


@dataclass(frozen=True)
class Scope:
    """The modalities that a search may look at, and of vision perhaps only some inputs."""

    modalities: tuple[Modality, ...] = tuple(Modality)
    inputs: tuple[Input, ...] = tuple(Input)


EVERYTHING = Scope()


@dataclass(frozen=True)
class Snapshot:
    """The spaces of a library as they were read at one moment."""

    infos: dict[str, SpaceInfo]
    """By key."""
    filling: tuple[str, ...]
    """A sentence for each space that fills up: how far it is."""
    unready: dict[str, str]
    """Why a space cannot be searched, by key."""

    @property
    def active(self) -> set[str]:
        """The keys of the active spaces."""
        return {key for key, info in self.infos.items() if info.state is SpaceState.ACTIVE}


@dataclass(frozen=True)
class ChosenSpaces:
    """The spaces of one search, and why others take no part in it."""

    spaces: tuple[Space, ...]
    infos: dict[str, SpaceInfo]
    with_words: bool
    """Whether what is said and written is matched by its words, too."""
    with_descriptions: bool
    """Whether descriptions are."""
    reasons: tuple[str, ...]


class SpaceChoice:
    """The choice of spaces for each search. The library's spaces are read again every few seconds:
    an ingest may be running, or another space be made active."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        self._library = Library(database)
        self._spaces = Spaces(database)
        self._encoders = encoders
        self._known = encoders.spaces
        self._snapshot: Snapshot | None = None
        self._version: int | None = None
        self._read_at = float("-inf")
        self._reading = threading.Lock()
        self._preparing: threading.Thread | None = None

    def snapshot(self, version: int | None = None) -> Snapshot:
        """The spaces of the library at this version, or as they were a moment ago; the same object
        as long as nothing has changed. Raises DatabaseError."""
        with self._reading:
            stale = version not in (None, self._version)
            if stale or self._snapshot is None or time.monotonic() - self._read_at > _REREAD_S:
                found = self._read()
                self._read_at = time.monotonic()
                self._version = version
                if self._snapshot is None or not found.active - self._snapshot.active:
                    self._snapshot = self._snapshot if self._snapshot == found else found
                else:
                    self._prepare(found.active - self._snapshot.active)
            return self._snapshot

    def forget(self) -> None:
        """Drops the snapshot: the library has changed, and is read anew."""
        with self._reading:
            self._snapshot = None

    def active_with(self, instead: Sequence[str]) -> list[str]:
        """The active spaces, some of them replaced by others of the same slot. Raises
        InvalidQuery."""
        found = self.snapshot()
        self._require_comparable(instead, found)
        slots = {found.infos[key].slot for key in instead}
        kept = self._active(found, tuple(Modality))
        return [*(key for key in kept if found.infos[key].slot not in slots), *instead]

    def choose(self, scope: Scope, wanted: Sequence[str] | None = None) -> ChosenSpaces:
        """The active spaces within the scope, or those that are wanted by key.

        Raises InvalidQuery for one that the library does not have, or that no text can be
        compared in.
        """
        found = self.snapshot()
        modalities: Sequence[Modality] = scope.modalities
        inputs: Sequence[Input] = scope.inputs if Modality.VISION in modalities else ()
        if wanted is None:
            keys, reasons = self._active(found, modalities), list(found.filling)
        else:
            self._require_comparable(wanted, found)
            keys, reasons = list(dict.fromkeys(wanted)), list(self._incomplete(wanted))
            modalities = [found.infos[key].modality for key in keys]
            inputs = [found.infos[key].input for key in keys]
        reasons += [found.unready[key] for key in keys if key in found.unready]
        ready = (self._known[key] for key in keys if key not in found.unready)
        spaces = (s for s in ready if _is_calibrated(found.infos[s.key].null_statistics, s))
        return ChosenSpaces(
            spaces=tuple(space for space in spaces if space.input in scope.inputs),
            infos=found.infos,
            with_words=Modality.TEXT in modalities,
            with_descriptions=Input.DESCRIPTION in inputs,
            reasons=tuple(dict.fromkeys(reasons)),
        )

    def likenesses(self) -> tuple[Likeness, ...]:
        """The respects in which an active space can compare scenes. Raises DatabaseError."""
        found = self.snapshot()
        inputs = {found.infos[key].input for key in found.active & self._known.keys()}
        return tuple(likeness for likeness in Likeness if _COMPARES[likeness] in inputs)

    def for_similar(
        self, scene_id: int, by: Likeness | None, wanted: str | None
    ) -> tuple[Space, SpaceInfo]:
        """A space to compare a scene in: the one wanted, or the first active one that holds
        anything of the scene, by what it is to be like or else by look before words.

        Raises NotFound, InvalidQuery.
        """
        infos = self.snapshot().infos
        if wanted is not None and by is not None:
            raise InvalidQuery("name a space or say by what to compare, not both")
        if wanted is not None and (wanted not in infos or wanted not in self._known):
            raise _no_such_space(wanted, infos)
        inputs = tuple(_COMPARES[likeness] for likeness in ([by] if by else Likeness))
        active = [
            info
            for info in infos.values()
            if info.state is SpaceState.ACTIVE and info.input in inputs
        ]
        if not active:
            what = f"by {by}" if by else "scenes"
            raise InvalidQuery(
                f"this library has no space to compare {what}: fill one with "
                "python -m ingest.backfill (python -m embeddings list shows which there are)"
            )
        by_input = [i.key for i in sorted(active, key=lambda info: inputs.index(info.input))]
        for key in by_input if wanted is None else [wanted]:
            if key in self._known and self._library.vectors_of([scene_id], key):
                return self._known[key], infos[key]
        raise NotFound(f"there is no scene {scene_id}, or nothing of it is embedded")

    def _read(self) -> Snapshot:
        infos = self._spaces.all()
        why = {key: self._why_unready(info) for key, info in infos.items()}
        return Snapshot(
            infos,
            self._incomplete(k for k, info in infos.items() if info.state is SpaceState.FILLING),
            {key: reason for key, reason in why.items() if reason is not None},
        )

    def _prepare(self, new: set[str]) -> None:
        """Loads the models of spaces that have become active; until then searches go on over the
        spaces before."""

        def load() -> None:
            try:
                for key in new & self._known.keys():
                    if self._known[key].answers_text:
                        self._encoders.encode_query(self._known[key], _WARM_UP)
            except (EmbeddingError, OSError) as error:  # every search will say so
                import structlog  # the quick commands do without

                structlog.get_logger().error("a model could not be loaded", reason=str(error))
            finally:
                self.forget()

        if self._preparing is None or not self._preparing.is_alive():
            self._preparing = threading.Thread(target=load, daemon=True)
            self._preparing.start()

    def _active(self, found: Snapshot, modalities: Sequence[Modality]) -> list[str]:
        return [
            key
            for key in sorted(found.active)
            if found.infos[key].modality in modalities
            and (key not in self._known or self._known[key].answers_text)
        ]

    def _require_comparable(self, keys: Sequence[str], found: Snapshot) -> None:
        for key in keys:
            if key not in found.infos:
                raise _no_such_space(key, found.infos)
            if key in self._known and not self._known[key].answers_text:
                raise InvalidQuery(f"{key} holds features, which no text can be compared with")

    def _why_unready(self, info: SpaceInfo) -> str | None:
        """Why a space cannot be searched; None if it can, or has nothing to hold."""
        if info.key not in self._known:
            return (
                f"{info.key} is not known here: set EMBEDDING_MODEL_DIR to the folder that holds "
                "its model and space.json, and start again"
            )
        try:
            require_same(info, self._known[info.key])
        except SpaceMismatch as error:
            return str(error)
        if _is_calibrated(info.null_statistics, self._known[info.key]):
            return None
        if self._library.is_empty():
            return "the library is empty: run python -m ingest FOLDER"
        if self._spaces.num_wanted(info.input) == 0:
            return None
        return f"{info.key} is not ready: run python -m ingest.backfill --spaces {info.key}"

    def _incomplete(self, keys: Iterable[str]) -> tuple[str, ...]:
        reasons = []
        for key in keys:
            try:
                coverage = self._spaces.coverage(key)
            except UnknownStoredSpace:  # dropped just now
                continue
            if not coverage.complete:
                reasons.append(
                    f"{key} holds {coverage.embedded} of {coverage.wanted} moments: "
                    f"run python -m ingest.backfill --spaces {key}"
                )
        return tuple(reasons)


def _is_calibrated(statistics: dict[str, Any] | None, space: Space) -> bool:
    """Whether what an ingest has stored of a space is enough to compare all that it can be
    compared with."""
    if not statistics:
        return False
    of_texts = NullDistribution.of_texts(statistics, space.input)
    return of_texts is not None or not space.answers_text


def _no_such_space(key: str, infos: dict[str, SpaceInfo]) -> InvalidQuery:
    return InvalidQuery(f"this library has no space {key!r}; it has {', '.join(infos)}")
