"""The environment variables of this package, and how every package reads its own.

Each package has a class of its own, which adds its variables to those of the packages below it.
Only commands read them; everything else takes frozen objects.
"""

import os
from pathlib import Path
from typing import Literal, TypeVar

import platformdirs
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from rapidfuzz.distance import DamerauLevenshtein

from embeddings.errors import InvalidSettings
from embeddings.runtime import Runtime

ENV_FILE = ".env"
MAX_EDITS = 2
"""A variable that is so near to one of ours is taken for a slip; others belong to others."""


class EmbeddingSettings(BaseSettings):
    """Variables of the environment, or of a file `.env` in the working directory."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, frozen=True, extra="ignore", env_ignore_empty=True
    )

    sceneseek_home: Path | None = None
    """Everything that the program keeps: embedded database, keyframes, caches."""
    embedding_model_dir: Path | None = None
    """Folder of models in the hub's format, each in a folder of its own name."""
    embedding_device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where models of the hub run."""
    embedding_precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of their towers for pictures and clips; auto is bfloat16 where the device computes in it."""

    @property
    def home(self) -> Path:
        """Absolute path of the home folder."""
        return (self.sceneseek_home or _default_home()).expanduser().absolute()

    @property
    def models_dir(self) -> Path:
        """Folder of what is made from the weights on first use, and of models that were pulled."""
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


Settings = TypeVar("Settings", bound=EmbeddingSettings)


def load_settings(kind: type[Settings]) -> Settings:
    """The settings of this process. Raises InvalidSettings, naming variable and reason."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(map(str, first["loc"])).upper()
        raise InvalidSettings(f"{name}: {first['msg']}; correct it or unset it") from None


def unknown_variables(kind: type[EmbeddingSettings]) -> dict[str, str]:
    """Variables that nothing reads and that are a slip away from one of `kind`'s, which is meant.

    Of the environment and of `.env`.
    """
    known = {name.upper() for name in kind.model_fields}
    found = {}
    for name in sorted({*os.environ, *_names_in_env_file()} - known):
        nearest = min(known, key=lambda own: DamerauLevenshtein.distance(name.upper(), own))
        if 0 < DamerauLevenshtein.distance(name.upper(), nearest) <= MAX_EDITS:
            found[name] = nearest
    return found


def _names_in_env_file() -> list[str]:
    try:
        return list(dotenv_values(ENV_FILE))
    except UnicodeDecodeError:
        raise InvalidSettings(f"{ENV_FILE} is not UTF-8: save it as UTF-8, or remove it") from None


def _default_home() -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # The embedded server never runs as root: its own user must reach its files, and
        # root's home folder should stay closed to it.
        return Path("/var/lib/sceneseek")
    return Path(platformdirs.user_data_path("sceneseek"))
