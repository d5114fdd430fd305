"""Settings of an ingest, from environment variables; database/settings.py has those below."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from database.objects.address import SCHEME
from database.settings import DatabaseSettings
from embeddings.registry.pins import RECOGNISERS


class IngestSettings(DatabaseSettings):
    """The limits of an ingest and of its children that decode."""

    ingest_max_pixels: Annotated[int, Field(gt=0)] = 8192 * 4352
    """Frames with more pixels are not decoded."""
    ingest_max_duration_s: Annotated[float, Field(gt=0)] = 24 * 3600.0
    """Longer recordings are refused."""
    ingest_decode_memory_mb: Annotated[int, Field(gt=0)] = 2048
    """Memory, in MiB, that the decoding of one file may take."""
    ingest_decode_stall_s: Annotated[float, Field(gt=0)] = 120.0
    """Decoding that makes no progress for so many seconds is stopped."""
    ingest_forget_after_days: Annotated[float, Field(ge=0, le=36_500)] = 0.0
    """Files that are missing are forgotten, by --forget-missing, after so many days."""
    ingest_scripts: str = ""
    """Scripts, after commas, that are read beside those of the bundled recogniser."""
    ingest_convert: bool = False
    """Whether videos that browsers do not play are made to play when they are ingested, not when
    they are first watched."""
    ingest_converted_lines: Annotated[int, Field(ge=480, le=720)] = 480
    """Of a picture that is converted, at most."""
    ingest_segments_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 10.0
    """Of what was made to play when it was watched, in gigabytes (10^9 bytes)."""
    ingest_fetched_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 20.0
    """Of objects of buckets that are fetched aside, in gigabytes (10^9 bytes)."""
    ingest_descriptions: str = ""
    """What describes the keyframes of videos when they are ingested: `ollama`, or the key of a
    vision-language space; by default they are not described."""
    ingest_watch: str = ""
    """Folders, between colons (of Windows: semicolons), that python -m ingest.watch follows."""

    @property
    def watched_folders(self) -> tuple[Path, ...]:
        """The folders of INGEST_WATCH, absolute, each once; links stay as they are named."""
        named = (each.strip() for each in self.ingest_watch.split(os.pathsep))
        folders = (os.path.abspath(os.path.expanduser(each)) for each in named if each)  # noqa: PTH100, PTH111
        return tuple(dict.fromkeys(map(Path, folders)))

    @property
    def scripts(self) -> tuple[str, ...]:
        """The further scripts that are read, each once."""
        names = (name.strip() for name in self.ingest_scripts.lower().split(","))
        return tuple(dict.fromkeys(name for name in names if name))

    @field_validator("ingest_watch")
    @classmethod
    def _folders_can_be_watched(cls, value: str) -> str:
        if SCHEME in value:
            raise ValueError(
                "buckets are not watched: have python -m ingest s3://bucket/folder run now and then"
            )
        return value

    @field_validator("ingest_scripts")
    @classmethod
    def _scripts_can_be_had(cls, value: str) -> str:
        names = {name.strip() for name in value.lower().split(",")} - {""}
        if unknown := sorted(names - RECOGNISERS.keys()):
            raise ValueError(
                f"there is no recogniser of {', '.join(unknown)}; there are: "
                f"{', '.join(RECOGNISERS)}"
            )
        return value

    @property
    def work_dir(self) -> Path:
        """Folder of the results of stages of files whose ingest has not ended."""
        return self.home / "work"
