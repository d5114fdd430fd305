"""Settings of an ingest, from environment variables; database/settings.py has those below."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from database.settings import DatabaseSettings


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

    @property
    def work_dir(self) -> Path:
        """Folder of the results of stages of files whose ingest has not ended."""
        return self.home / "work"
