"""The environment variables of this package, beside those of embeddings/settings.py."""

import re
from pathlib import Path
from typing import Self

from pydantic import field_validator

from database.errors import DatabaseError
from database.host import HOST, origin_of
from database.objects.address import Address
from database.objects.shared import Shared
from embeddings.settings import EmbeddingSettings

_NEXT_URL = re.compile(r",\s*(?=\w+://)")


def _urls(text: str) -> tuple[str, ...]:
    """URLs after commas; one may name several hosts, with commas of its own."""
    urls = (url.strip(" ,") for url in _NEXT_URL.split(text))
    return tuple(url for url in urls if url)


class DatabaseSettings(EmbeddingSettings):
    """Where the library lies: its database, and its keyframes."""

    database_url: str | None = None
    """A PostgreSQL server, or several of which one takes writes; without it an embedded one runs
    under the home folder."""
    database_read_urls: str = ""
    """Its standbys, after commas, which searches and lists may be read from."""

    database_shard_urls: str | None = None
    """Servers, after commas, that a library is spread over, in the order of their numbers: instead
    of DATABASE_URL (docs/shards.md)."""

    sceneseek_host: str | None = None
    """The name of this host in the library, instead of the one that its home folder keeps."""

    sceneseek_store: str = ""
    """A place of a bucket, s3://bucket/folder, where hosts with one library share the keyframes,
    stills and segments that they make; by default each keeps its own."""

    @field_validator("sceneseek_store")
    @classmethod
    def _store_is_a_place(cls, value: str) -> str:
        if value:
            Address.parse(value)
        return value

    @property
    def shared(self) -> Shared | None:
        """What is shared with other hosts; None without SCENESEEK_STORE."""
        place = self.sceneseek_store
        return Shared(self.home, Address.parse(place)) if place else None

    @property
    def shard_urls(self) -> tuple[str, ...]:
        """The URLs of DATABASE_SHARD_URLS, by the number of the shard."""
        return _urls(self.database_shard_urls or "")

    def of_shards(self) -> list[Self]:
        """Settings of each shard, as if it were alone."""
        alone = {"database_shard_urls": None}
        return [self.model_copy(update={**alone, "database_url": url}) for url in self.shard_urls]

    @field_validator("sceneseek_host")
    @classmethod
    def _host_is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not HOST.fullmatch(value):
            raise ValueError("a host is named by small letters, digits, hyphens and dots")
        return value

    @property
    def read_urls(self) -> tuple[str, ...]:
        """The URLs of the standbys."""
        return _urls(self.database_read_urls)

    @property
    def origin(self) -> str:
        """Whose files this host sees (database/host.py). Raises DatabaseUnsuitable."""
        return origin_of(self.home, self.sceneseek_host)

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
