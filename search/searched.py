"""Which spaces a search goes over: the active ones of the library, or those asked for."""

import contextlib
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from database.errors import NotFound
from database.library import Library
from database.models import SpaceState
from database.session import Database
from database.spaces import SpaceInfo, Spaces
from embeddings.encoder import Vectors
from embeddings.errors import EmbeddingError
from embeddings.service import EmbeddingService
from embeddings.space import Input, Modality, Space
from search.errors import InvalidQuery

_REREAD_S = 2.0
_WARM_UP = "warm-up"
_BY_LOOK = (Input.IMAGE, Input.CLIP, Input.TEXT)


@dataclass(frozen=True)
class Searched:
    """What a search goes over, and why some spaces take no part in it."""

    spaces: tuple[Space, ...]
    with_words: bool
    """Whether words are matched, too."""
    reasons: tuple[str, ...]


class SpaceChoice:
    """Chooses the spaces of searches. What the library has is read again every few seconds: an
    ingest may be running, or another space be made active."""

    def __init__(self, database: Database, service: EmbeddingService) -> None:
        self._library = Library(database)
        self._spaces = Spaces(database)
        self._service = service
        self._known = service.spaces
        self._preparing: threading.Thread | None = None
        self._infos: dict[str, SpaceInfo] = {}
        self._filling: tuple[str, ...] = ()
        self._unready: dict[str, str] = {}
        self._read_at = float("-inf")

    def infos(self) -> dict[str, SpaceInfo]:
        """The spaces of the library, by key."""
        if time.monotonic() - self._read_at > _REREAD_S:
            self._read_at = time.monotonic()
            infos = self._spaces.all()
            self._filling = self._incomplete(
                key for key, info in infos.items() if info.state is SpaceState.FILLING
            )
            why = {key: self._why_unready(info) for key, info in infos.items()}
            self._unready = {key: reason for key, reason in why.items() if reason is not None}
            if self._infos and (new := _active(infos) - _active(self._infos)):
                self._prepare(new, infos)
            else:
                self._infos = infos
        return self._infos

    def forget(self) -> None:
        """What was read of the library is no longer so: it is read anew."""
        self._infos, self._read_at = {}, float("-inf")

    def _prepare(self, new: set[str], infos: dict[str, SpaceInfo]) -> None:
        """Searches go on over the spaces before until the models of the new ones are loaded."""

        def load() -> None:
            for key in new & self._known.keys():
                if self._known[key].answers_text:
                    with contextlib.suppress(EmbeddingError):  # searches will say it
                        self._service.encode_query(self._known[key], _WARM_UP)
            self._infos = infos

        if self._preparing is None or not self._preparing.is_alive():
            self._preparing = threading.Thread(target=load, daemon=True)
            self._preparing.start()

    def active(self, modalities: Sequence[Modality] = tuple(Modality)) -> list[str]:
        """The keys of the active spaces that texts can be compared in."""
        return [
            key
            for key, info in self.infos().items()
            if info.state is SpaceState.ACTIVE and info.modality in modalities
            if key not in self._known or self._known[key].answers_text
        ]

    def active_with(self, instead: Sequence[str]) -> list[str]:
        """The active spaces, some of them replaced by others of the same slot. Raises
        InvalidQuery."""
        infos = self.infos()
        self._require_comparable(instead)
        slots = {infos[key].slot for key in instead}
        return [*(key for key in self.active() if infos[key].slot not in slots), *instead]

    def choose(
        self, modalities: Sequence[Modality], wanted: Sequence[str] | None = None
    ) -> Searched:
        """The active spaces of these modalities, or those that are wanted by key.

        Raises InvalidQuery for one that the library does not have, or that no text can be
        compared in.
        """
        infos = self.infos()
        if wanted is None:
            keys, reasons = self.active(modalities), list(self._filling)
        else:
            self._require_comparable(wanted)
            keys, reasons = list(dict.fromkeys(wanted)), list(self._incomplete(wanted))
            modalities = [infos[key].modality for key in keys]
        ready = [key for key in keys if key in self._known and infos[key].null_statistics]
        reasons += [self._unready[key] for key in keys if key in self._unready]
        return Searched(
            spaces=tuple(self._known[key] for key in ready),
            with_words=Modality.TEXT in modalities,
            reasons=tuple(dict.fromkeys(reasons)),
        )

    def for_similar(self, scene_id: int, wanted: str | None) -> tuple[Space, Vectors]:
        """A space to compare a scene in, and its vectors there, float32 [n, dim]: the space
        wanted, or the first active one that has any, of its look before its words.

        Raises NotFound, InvalidQuery.
        """
        infos = self.infos()
        if wanted is not None and (wanted not in infos or wanted not in self._known):
            raise _no_such_space(wanted, infos)
        active = [info for info in infos.values() if info.state is SpaceState.ACTIVE]
        by_look = [i.key for i in sorted(active, key=lambda info: _BY_LOOK.index(info.input))]
        for key in by_look if wanted is None else [wanted]:
            if key in self._known:
                vectors = self._library.scene_vectors(scene_id, key)
                if len(vectors):
                    return self._known[key], vectors
        raise NotFound(f"there is no scene {scene_id}, or nothing of it is embedded")

    def _require_comparable(self, keys: Sequence[str]) -> None:
        for key in keys:
            if key not in self._infos:
                raise _no_such_space(key, self._infos)
            if key in self._known and not self._known[key].answers_text:
                raise InvalidQuery(f"{key} holds features, which no text can be compared with")

    def _why_unready(self, info: SpaceInfo) -> str | None:
        """Why a space cannot be searched; None if it can, or has nothing to hold."""
        if info.key not in self._known:
            return (
                f"{info.key} is not known here: set EMBEDDING_MODEL_DIR to the folder that holds "
                "its model and space.json"
            )
        if info.null_statistics is not None:
            return None
        if self._library.row_counts()["video"] == 0:
            return "the library is empty: run python -m ingest FOLDER"
        if self._spaces.num_wanted(info.input) == 0:
            return None
        return f"{info.key} is not ready: run python -m ingest.backfill --space {info.key}"

    def _incomplete(self, keys: Iterable[str]) -> tuple[str, ...]:
        found = {key: self._spaces.coverage(key) for key in keys}
        return tuple(
            f"{key} holds {coverage.embedded} of {coverage.wanted} moments: "
            f"run python -m ingest.backfill --space {key}"
            for key, coverage in found.items()
            if not coverage.complete
        )


def _active(infos: dict[str, SpaceInfo]) -> set[str]:
    return {key for key, info in infos.items() if info.state is SpaceState.ACTIVE}


def _no_such_space(key: str, infos: dict[str, SpaceInfo]) -> InvalidQuery:
    return InvalidQuery(f"this library has no space {key!r}; it has {', '.join(infos)}")
