"""What the fixtures of conftest.py give."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from database.server.connection import Database
from ingest.settings import IngestSettings

NewSettings = Callable[[Path], AbstractContextManager[IngestSettings]]
"""A context: settings with this home and an empty, migrated database of their own."""


@dataclass(frozen=True)
class Ingested:
    """A library that holds sample/tour.mp4; not to be written to."""

    settings: IngestSettings
    database: Database
    outcome: dict[str, Any]
    """The file's line in the JSON that the command printed."""
