"""The environment variables of this package, beside those of embeddings/settings.py."""

from pathlib import Path

from database.errors import DatabaseError
from embeddings.settings import EmbeddingSettings


class DatabaseSettings(EmbeddingSettings):
    """Where the library lies: its database, and its keyframes."""

    database_url: str | None = None
    """A PostgreSQL server; without it an embedded one runs under the home folder."""

    @property
    def keyframes_dir(self) -> Path:
        """Folder of the keyframes' JPEGs."""
        return self.home / "keyframes"

    def keyframe_file(self, image_path: str) -> Path:
        """The JPEG of a moment's `image_path`. Raises DatabaseError if it leaves the folder."""
        path = (self.keyframes_dir / image_path).resolve()
        if not path.is_relative_to(self.keyframes_dir.resolve()):
            raise DatabaseError("a keyframe's path leaves the keyframes folder")
        return path
