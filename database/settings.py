"""The environment, read once by a command and handed down as a frozen object."""

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from database.errors import InvalidSettings
from embeddings.runtime import Runtime

PREFIXES = ("DATABASE_", "EMBEDDING_", "INGEST_", "SEARCH_", "API_", "OLLAMA_", "SCENESEEK_")


class Settings(BaseSettings):
    """Variables of the environment, or of a file `.env` in the working directory."""

    model_config = SettingsConfigDict(
        env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True
    )

    sceneseek_home: Path | None = None
    """Everything that the program keeps: embedded database, keyframes, caches."""
    database_url: str | None = None
    """A PostgreSQL server; without it an embedded one runs under the home folder."""
    embedding_model_dir: Path | None = None
    """Folder of models in the hub's format, each in a folder of its own name."""
    embedding_device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where models of the hub run."""
    embedding_precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of their towers for pictures and clips; auto is bfloat16 where the device computes in it."""
    ingest_max_pixels: Annotated[int, Field(gt=0)] = 8192 * 4352
    """Frames with more pixels are not decoded."""
    ingest_max_duration_s: Annotated[float, Field(gt=0)] = 24 * 3600.0
    """Longer recordings are refused."""
    ingest_decode_memory_mb: Annotated[int, Field(gt=0)] = 2048
    """Memory that the decoding of one file may take."""
    ingest_decode_stall_s: Annotated[float, Field(gt=0)] = 120.0
    """Decoding that makes no progress for so long is stopped."""
    api_max_concurrent: Annotated[int, Field(gt=0)] = 16
    """Searches answered at once; more wait, or get 503."""

    @property
    def home(self) -> Path:
        """Absolute path of the home folder."""
        return (self.sceneseek_home or _default_home()).expanduser().absolute()

    @property
    def keyframes_dir(self) -> Path:
        return self.home / "keyframes"

    @property
    def work_dir(self) -> Path:
        """Results of the stages of files whose ingest is not finished."""
        return self.home / "work"

    @property
    def models_dir(self) -> Path:
        """Graphs exported from the weights."""
        return self.home / "models"

    def runtime(self, num_threads: int = 1) -> Runtime:
        """How encoders run."""
        return Runtime(
            self.models_dir,
            num_threads,
            self.embedding_model_dir and self.embedding_model_dir.expanduser().absolute(),
            self.embedding_device,
            self.embedding_precision,
        )


def load_settings() -> Settings:
    """The settings of this process. Raises InvalidSettings, naming variable and reason."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(map(str, first["loc"])).upper()
        raise InvalidSettings(f"{name}: {first['msg']}; correct it or unset it") from None


def unknown_variables() -> list[str]:
    """Variables of the environment that look like ours but are not."""
    known = {name.upper() for name in Settings.model_fields}
    return sorted(
        name for name in os.environ if name.startswith(PREFIXES) and name.upper() not in known
    )


def _default_home() -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # The embedded server never runs as root: its own user must reach its files, and
        # root's home folder should stay closed to it.
        return Path("/var/lib/sceneseek")
    return Path(platformdirs.user_data_path("sceneseek"))
