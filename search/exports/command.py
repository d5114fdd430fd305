"""The option `--export` of the commands that search."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

import typer
from pydantic import Field, FiniteFloat, field_validator, model_validator

from database.forms import Form
from database.server.connection import Database
from embeddings.cli import require_folder_of
from search.exports.formats import FORMATS, ExportFormat, format_of
from search.exports.selections import Selection

MAX_HANDLES_S = 60.0
Handles = Annotated[FiniteFloat, Field(ge=0, le=MAX_HANDLES_S)]


class ExportTo(Form):
    """Where hits go, and as what."""

    export: Path | None = Field(
        default=None,
        description="Write the hits to this file, too; its suffix says as what: .zip (clips), "
        ".edl, .otio, .xml (Final Cut Pro 7), .csv, .json, .srt, .vtt",
    )
    export_format: ExportFormat | None = Field(
        default=None, description=f"The format, whatever the suffix: {', '.join(FORMATS)}"
    )
    handles_s: Handles = Field(
        default=0.0, description="Seconds more before and after each hit that is exported"
    )

    @field_validator("export")
    @classmethod
    def _has_a_folder(cls, path: Path | None) -> Path | None:
        """Before anything is searched for. Raises NoFolder."""
        if path is not None:
            require_folder_of(path.absolute())
        return path

    @model_validator(mode="after")
    def _has_a_format(self) -> Self:
        if self.export is None:
            if self.export_format or self.handles_s:
                raise ValueError("name the file to export to: --export hits.edl")
        elif self.format is None:
            suffixes = ", ".join(dict.fromkeys(kind.suffix for kind in FORMATS.values()))
            raise ValueError(
                f"{self.export} has none of the suffixes of exports, {suffixes}: name the format "
                "with --export-format"
            )
        return self

    @property
    def format(self) -> ExportFormat | None:
        """What is to be written; None for nothing."""
        if self.export is None:
            return None
        return self.export_format or format_of(self.export.suffix)


def export(to: ExportTo, database: Database, selections: Sequence[Selection], title: str) -> None:
    """Writes the file that was asked for, if one was, and says so on stderr. Raises InvalidQuery,
    NotFound, OSError, and typer.Exit as `python -m ingest.clips` ends."""
    if to.export is None or to.format is None:
        return
    from embeddings.weights.cached import written_whole
    from search.exports.edit import make_edit
    from search.exports.writing import WRITERS

    edit = make_edit(database, selections, title=title, handles_s=to.handles_s)
    for note in edit.notes_for(FORMATS[to.format]):
        typer.echo(f"note: {note}", err=True)
    if to.format == "zip":
        clips = [
            {"video_id": c.video.id, "start_s": c.start_s, "end_s": c.end_s, "name": c.file_stem(n)}
            for n, c in enumerate(edit.cuts, 1)
        ]
        _make_clips(to.export, clips)
    else:
        text = WRITERS[to.format](edit)
        with written_whole(to.export) as partial:
            partial.write_text(text, encoding="utf-8", newline="")
    noun = "moment" if len(edit.cuts) == 1 else "moments"
    typer.echo(f"{len(edit.cuts)} {noun} in {to.export}", err=True)


def _make_clips(path: Path, clips: list[dict[str, object]]) -> None:
    """By a process of its own: what searches does not decode."""
    done = subprocess.run(
        [sys.executable, "-m", "ingest.clips", "--zip", str(path)],
        input=json.dumps(clips),
        text=True,
        check=False,
    )
    if done.returncode:
        raise typer.Exit(done.returncode)
