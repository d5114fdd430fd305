"""The descriptions of a whole library: made, embedded, and searched from then on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from database.errors import SpaceMismatch
from database.models import SpaceState
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.descriptions import DescriptionStore
from database.videos.stored import Store
from embeddings.described import OLLAMA, Describer
from embeddings.errors import EmbeddingError, InvalidSettings
from embeddings.loaded import Encoders
from embeddings.space import Input, Space
from ingest.library.backfilling import Filler
from ingest.library.describing import Describing, Report, Told
from ingest.library.null_statistics import refresh_null_statistics
from ingest.library.spaces import description_space
from ingest.settings import IngestSettings

AGAIN = "python -m ingest.backfill --descriptions"


def describer_of(
    settings: IngestSettings, encoders: Encoders, name: str | None = None
) -> Describer:
    """The describer that is named, or that of the settings, or Ollama. Raises InvalidSettings."""
    from embeddings.describing import get_describer  # half a second, for those who ask for it

    if name is not None:
        return get_describer(name, settings, encoders)
    try:
        return get_describer(settings.ingest_descriptions or OLLAMA, settings, encoders)
    except InvalidSettings as error:
        raise InvalidSettings(f"INGEST_DESCRIPTIONS: {error}") from None


@dataclass(frozen=True)
class DescribedLibrary:
    """A library whose keyframes are described."""

    filler: Filler
    descriptions: DescriptionStore
    store: Store

    @classmethod
    def of(cls, database: Database, filler: Filler) -> Self:
        """That of a database."""
        return cls(filler, DescriptionStore(database), Store(database))

    @property
    def spaces(self) -> Spaces:
        """The spaces of the library."""
        return self.filler.spaces

    def describe(
        self,
        describer: Describer,
        report: Report,
        *,
        limit: int | None = None,
        video_ids: Sequence[int] = (),
    ) -> Told:
        """Describes what has no description, and has descriptions searched by the vectors of the
        library's text model.

        Raises EmbeddingError, with what to do, where the describer describes nothing; SpaceBusy
        where another process is at it.
        """
        space = description_space(self.spaces, self.filler.encoders)
        describer.prepare()
        self.take_up(space)
        with self.spaces.filling(space.key):
            told = self._describing(describer).describe(report, limit=limit, video_ids=video_ids)
        self.filler.fill([space], lambda _space, _num: None)  # what was described before it came
        self.renew(space)
        return told

    def describe_video(
        self, describer: Describer, video_id: int, report: Callable[[float], None]
    ) -> list[str]:
        """Describes one video, that is stored and found without; a note with what to do if that
        cannot be. `report` is told the part that is done."""
        left = self.descriptions.count(video_id).missing
        num = 0

        def described(more: int) -> None:
            nonlocal num
            num += more
            report(min(1.0, num / left))

        if left == 0:
            return []
        try:
            describer.prepare()
            self.take_up(description_space(self.spaces, self.filler.encoders))
            told = self._describing(describer).describe(described, video_ids=[video_id])
        except (EmbeddingError, SpaceMismatch) as error:
            return [f"not described: {error}; then {AGAIN}"]
        return [f"not described in whole: {fault}; {AGAIN}" for fault in told.faults.values()]

    def take_up(self, space: Space) -> None:
        """Lets a space of descriptions fill. Raises SpaceMismatch, WeightsMissing."""
        self.filler.encoders.require_weights(space)
        self.spaces.add([space])

    def renew(self, space: Space) -> None:
        """Has descriptions searched in a space, if there are any, with what searches know of them
        beside."""
        if self.spaces.coverage(space.key).embedded == 0:
            return
        refresh_null_statistics(self.spaces, [space], self.filler.encoders)
        self.store.analyse()
        if self.spaces.all()[space.key].state is not SpaceState.ACTIVE:
            self.spaces.activate(space.key)
        self.spaces.index(space.key)

    def drop(self, video_ids: Sequence[int]) -> int:
        """Removes the descriptions of these videos, or all with their spaces: how many. Raises
        SpaceBusy."""
        if video_ids:
            return sum(self.descriptions.drop(each) for each in video_ids)
        for key, info in self.spaces.all().items():
            if info.input is Input.DESCRIPTION:
                self.spaces.drop(key)
        return self.descriptions.drop()

    def _describing(self, describer: Describer) -> Describing:
        filler = self.filler
        return Describing(
            self.descriptions, filler.spaces, filler.encoders, describer, filler.source
        )
