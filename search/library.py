"""The library that the environment names, opened for searching: what Python users begin with."""

from dataclasses import dataclass
from typing import Self

from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from embeddings.loaded import Encoders
from embeddings.settings import load_settings


@dataclass(frozen=True)
class OpenLibrary:
    """A library's database, and the models that make queries into vectors; closed by `close`, or
    at the end of a `with` block."""

    database: Database
    encoders: Encoders

    def close(self) -> None:
        """Closes the connections and frees the models; whatever is used again opens again."""
        self.database.close()
        self.encoders.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()


def open_library(encoders: Encoders | None = None) -> OpenLibrary:
    """The library of DATABASE_URL, or the embedded one of SCENESEEK_HOME, which is started.

    No model is loaded yet, unless `encoders` are there already. Raises InvalidSettings,
    UnknownSpace, DatabaseUnreachable, DatabaseUnsuitable, SchemaMismatch.
    """
    settings = load_settings(DatabaseSettings)
    encoders = encoders or Encoders(settings.runtime())
    return OpenLibrary(open_database(settings), encoders)
