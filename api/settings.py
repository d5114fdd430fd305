"""The environment variables of this package, beside those of ingest/settings.py: the server reads
media files, too, within the limits of an ingest."""

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from database.objects.address import Address, is_address
from embeddings.settings import EmbeddingSettings
from ingest.settings import IngestSettings

MIN_KEY_CHARACTERS = 24
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[?[0-9a-f:.]+]?")


class DoorSettings(EmbeddingSettings):
    """Who may ask a server, and how often."""

    api_allowed_hosts: str = ""
    """Names and addresses, after commas, that the server is called by, beside those of loopback and
    the address that it listens on."""
    api_require_keys: bool = False
    """Whether keys are needed on loopback, too; beyond it they always are."""
    api_requests_per_minute: Annotated[int, Field(gt=0)] = 1200
    """Of each key; of each address, where no key is needed. Not of loopback without keys."""

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The further hosts, in small letters."""
        return frozenset(_after_commas(self.api_allowed_hosts.lower()))

    @field_validator("api_allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: str) -> str:
        for name in _after_commas(value.lower()):
            if not _HOST.fullmatch(name):
                raise ValueError(
                    f"{name[:60]!r} is no host: names and addresses stand after commas, without "
                    "https://, port or *"
                )
        return value


class EmbeddingServerSettings(DoorSettings):
    """Of the server that gives embeddings alone."""

    embedding_api_keys: SecretStr = SecretStr("")
    """The keys of its clients, after commas; it has no database to keep them in."""

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The keys, each once."""
        return tuple(dict.fromkeys(_after_commas(self.embedding_api_keys.get_secret_value())))

    @field_validator("embedding_api_keys")
    @classmethod
    def _keys_are_long(cls, value: SecretStr) -> SecretStr:
        keys = _after_commas(value.get_secret_value())
        if any(len(key) < MIN_KEY_CHARACTERS or not key.isascii() for key in keys):
            raise ValueError(
                f"a key has at least {MIN_KEY_CHARACTERS} characters, all of them ASCII: "
                'python -c "import secrets; print(secrets.token_urlsafe(32))" makes one'
            )
        return value


class ApiSettings(IngestSettings, DoorSettings):
    """The limits of a server."""

    api_max_concurrent: Annotated[int, Field(gt=0, le=32)] = 3
    """Searches answered at once; more wait for their turn."""
    api_media_roots: str = ""
    """Folders, and s3://bucket/folder, between colons (of Windows: semicolons), outside which no
    video is read. Without any, they are read wherever they were ingested. What was uploaded always
    is."""
    api_presigned_s: Annotated[int, Field(ge=0, le=604_800)] = 0
    """For so many seconds players are given a signed URL of the bucket that a film lies in; under 0
    the server passes the film on, and nobody learns of the bucket."""
    api_worker: bool = True
    """Whether a worker runs beside the server, and with INGEST_WATCH a watcher."""
    api_max_upload_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """Of a film that is uploaded, in gigabytes (10^9 bytes)."""
    api_max_clip_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """The length of a clip, at most."""

    @property
    def _named(self) -> list[str]:
        """What API_MEDIA_ROOTS names; the colon of s3:// stands between nothing."""
        named = re.split(rf"{re.escape(os.pathsep)}(?!//)", self.api_media_roots)
        return [each.strip() for each in named if each.strip()]

    @property
    def named_roots(self) -> tuple[Path, ...]:
        """The folders of API_MEDIA_ROOTS, absolute; links stay as they are named."""
        named = (each for each in self._named if not is_address(each))
        return tuple(Path(each).expanduser().absolute() for each in named)

    @property
    def media_roots(self) -> tuple[Path, ...]:
        """The folders, without links, and that of uploads; none where nothing is named."""
        roots = [each.resolve() for each in self.named_roots]
        return (*roots, self.uploads_dir.resolve()) if self._named else ()

    @property
    def media_places(self) -> tuple[Address, ...] | None:
        """The places of buckets; None for any, where nothing is named."""
        if not self._named:
            return None
        return tuple(Address.parse(each) for each in self._named if is_address(each))

    @field_validator("api_media_roots")
    @classmethod
    def _buckets_can_be_named(cls, value: str) -> str:
        for each in re.split(rf"{re.escape(os.pathsep)}(?!//)", value):
            if is_address(each.strip()):
                Address.parse(each.strip())
        return value

    @property
    def uploads_dir(self) -> Path:
        """Folder of the films that were uploaded."""
        return self.home / "uploads"


def _after_commas(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
