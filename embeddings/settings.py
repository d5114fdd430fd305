"""The environment variables of this package, and how every package reads its own.

Each package has a class of its own, which adds its variables to those of the packages below it.
Only commands read them, and what a Python program calls without saying otherwise (docs/python.md);
everything else takes frozen objects.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from rapidfuzz.distance import DamerauLevenshtein

from embeddings.errors import InvalidSettings
from embeddings.runtime import Runtime

ENV_FILE = ".env"
MAX_EDITS = 2
"""A variable that is so near to one of ours is taken for a slip; others belong to others."""
_READ_BY_OTHERS = {"SCENESEEK_HOST"}
"""By packages above, and so near to one of ours."""


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
    """Of their towers for pictures and clips; auto is bfloat16 where the device computes in it.
    bfloat16 holds for the bundled model of texts, too, while videos are ingested."""

    embedding_enable_embeddings: bool = True
    """Whether other programs are given embeddings over HTTP (/v1)."""
    embedding_text_model_name: str = "minilm-l6"
    """Of the embedding service: the space, model, or fast, balanced, quality of texts."""
    embedding_image_model_name: str = "imagenet-concepts"
    """Of the embedding service: the space or model of pictures."""
    embedding_image_hosts: str = ""
    """Hosts, after commas, from which the embedding service fetches pictures by https; none by
    default."""
    embedding_redis_url: str | None = None
    """A Redis that keeps vectors of the embedding service; without one, they are kept in memory."""
    embedding_cache_ttl: Annotated[int, Field(gt=0, le=366 * 86400)] = 300
    """Seconds that a vector is kept."""
    embedding_cache_max_connections: Annotated[int, Field(gt=0, le=10_000)] = 20
    """To the Redis, of each process."""
    embedding_similarity_threshold: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """Of searches in tables of one's own (database/vector_search.py): rows below are left out."""
    embedding_similarity_top_k: Annotated[int, Field(gt=0, le=10_000)] = 10
    """Of the same: rows at most."""
    embedding_use_hnsw_index: bool = True
    """Of the same: whether an index is used; without one, every row is compared."""
    embedding_hnsw_m: Annotated[int, Field(ge=2, le=100)] = 16
    """Of their indexes: links of a vector."""
    embedding_hnsw_ef_construction: Annotated[int, Field(ge=4, le=1000)] = 64
    """Of their indexes: candidates for the links; at least twice as many as links."""

    ollama_base_url: str = "http://127.0.0.1:11434"
    """Where Ollama answers; OLLAMA_HOST is its own, and not read."""
    ollama_vision_model: str | None = None
    """That describes pictures; by default one of those that are there (embeddings/ollama)."""
    ollama_text_vision_model: str | None = None
    """The same of pictures full of text, where they are told apart."""
    ollama_embed_model: str | None = None
    """That embeds descriptions; by default one of those that are there."""
    ollama_prompt: str | None = None
    """What a vision model is asked about every picture."""
    ollama_hash_fallback: bool = False
    """Whether a picture that nothing can embed gets a vector that means nothing and is not kept."""

    @field_validator("ollama_base_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it begins with http:// or https:// and a host")
        if parts.query or parts.fragment:
            raise ValueError("it ends with the host or a path, without ? and #")
        if parts.port == 0:
            raise ValueError("there is no port 0")
        return url.rstrip("/")

    @property
    def home(self) -> Path:
        """Absolute path of the home folder."""
        return (self.sceneseek_home or _default_home()).expanduser().absolute()

    @property
    def image_hosts(self) -> frozenset[str]:
        """Hosts, in lower case, from which pictures are fetched."""
        names = self.embedding_image_hosts.lower().split(",")
        return frozenset(name.strip() for name in names if name.strip())

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

    @model_validator(mode="after")
    def _hnsw_can_be_built(self) -> Self:
        if self.embedding_hnsw_ef_construction < 2 * self.embedding_hnsw_m:
            raise ValueError(
                "EMBEDDING_HNSW_EF_CONSTRUCTION is less than twice EMBEDDING_HNSW_M, which "
                "pgvector refuses"
            )
        return self


class EmbeddingConfig:
    """The variables EMBEDDING_… by their names without that: `embedding_config.redis_url` is
    EMBEDDING_REDIS_URL, read from the environment when it is asked for."""

    def __getattr__(self, name: str) -> Any:
        field = f"embedding_{name}"
        if field not in EmbeddingSettings.model_fields:
            raise AttributeError(f"there is no variable {field.upper()}")
        return getattr(load_settings(EmbeddingSettings), field)

    def __dir__(self) -> list[str]:
        fields = EmbeddingSettings.model_fields
        return [name.removeprefix("embedding_") for name in fields if name.startswith("embedding_")]


embedding_config = EmbeddingConfig()
"""For Python users; the program itself hands its settings down."""

Settings = TypeVar("Settings", bound=EmbeddingSettings)


def load_settings(kind: type[Settings]) -> Settings:
    """The settings of this process. Raises InvalidSettings, naming variable and reason."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(map(str, first["loc"])).upper()
        reason = f"{name}: {first['msg']}" if name else str(first["ctx"]["error"])
        raise InvalidSettings(f"{reason}; correct it or unset it") from None


def unknown_variables(kind: type[EmbeddingSettings]) -> dict[str, str]:
    """Variables that nothing reads and that are a slip away from one of `kind`'s, which is meant.

    Of the environment and of `.env`.
    """
    known = {name.upper() for name in kind.model_fields}
    found = {}
    for name in sorted({*os.environ, *_names_in_env_file()} - known - _READ_BY_OTHERS):
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
