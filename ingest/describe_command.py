"""What `python -m ingest.backfill --descriptions` does, and what it prints of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import typer
from rich.console import Console

from ingest.cli import EXIT_SOME_FAILED
from ingest.describing import DescribedLibrary, describer_of
from ingest.library.spaces import description_space
from ingest.library.standings import standings_of
from ingest.progress import FillDisplay
from ingest.settings import IngestSettings

_NAME = "descriptions"


@dataclass(frozen=True)
class DescribeCommand:
    """The library, and which of its videos are asked for."""

    library: DescribedLibrary
    video_ids: Sequence[int]
    """All, if there are none."""
    as_json: bool

    def __post_init__(self) -> None:
        """Raises NotFound for a video that there is not."""
        for video_id in self.video_ids:
            self.library.filler.library.get_video(video_id)

    def describe(
        self, settings: IngestSettings, by: str | None, limit: int | None, *, quiet: bool
    ) -> None:
        """Describes what has no description; names the videos that had a fault."""
        describer = describer_of(settings, self.library.filler.encoders, by)
        missing = self._counts()[1]
        total = missing if limit is None else min(limit, missing)
        with FillDisplay(Console(stderr=True), {_NAME: total}, quiet=quiet) as display:
            told = self.library.describe(
                describer,
                lambda num: display.advance(_NAME, num),
                limit=limit,
                video_ids=self.video_ids,
            )
        faults = told.faults
        for video in self.library.filler.library.videos(list(faults)) if faults else ():
            typer.echo(f"{video.path}: {faults[video.id]}", err=True)
        self.tell()
        if faults:
            raise typer.Exit(EXIT_SOME_FAILED)

    def tell_missing(self) -> None:
        """What a run would describe."""
        described, missing = self._counts()
        self._print(
            f"{missing} of {described + missing} keyframes would be described", described, missing
        )

    def drop(self) -> None:
        """Removes the descriptions."""
        num = self.library.drop(self.video_ids)
        described, missing = self._counts()
        self._print(f"{num} removed", described, missing)

    def tell(self) -> None:
        """How many keyframes are described, and what is left to do."""
        described, missing = self._counts()
        line = f"{described} of {described + missing} keyframes"
        self._print(line + ("; run it again for the others" if missing else ""), described, missing)

    def _counts(self) -> tuple[int, int]:
        """Keyframes with a description, and those without."""
        only: Sequence[int | None] = self.video_ids or [None]
        counts = [self.library.descriptions.count(each) for each in only]
        return sum(each.described for each in counts), sum(each.missing for each in counts)

    def _print(self, line: str, described: int, missing: int) -> None:
        if not self.as_json:
            typer.echo(f"{_NAME}: {line}")
            return
        spaces, encoders = self.library.spaces, self.library.filler.encoders
        space = description_space(spaces, encoders)
        document = {
            _NAME: {"described": described, "missing": missing},
            "spaces": [asdict(each) for each in standings_of(spaces, {space.key: space.input})],
        }
        typer.echo(json.dumps(document))
