"""The commands of the project, as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from database.settings import DatabaseSettings
from embeddings.settings import EmbeddingSettings

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "sample" / "tour.mp4"


def run_command(
    package: str, *arguments: object, settings: EmbeddingSettings, **variables: str
) -> subprocess.CompletedProcess[str]:
    """`python -m PACKAGE ARGUMENTS`, with further environment variables."""
    return subprocess.run(
        [sys.executable, "-m", package, *map(str, arguments)],
        env={**environment(settings), **variables},
        cwd=settings.home,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def start_command(
    package: str, *arguments: object, settings: EmbeddingSettings, **variables: str
) -> subprocess.Popen[str]:
    """The same, running."""
    return subprocess.Popen(
        [sys.executable, "-m", package, *map(str, arguments)],
        env={**environment(settings), **variables},
        cwd=settings.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """The outcome of every file of `ingest --json`, by the file's name."""
    return {Path(line["path"]).name: line for line in json.loads(done.stdout)["files"]}


def environment(settings: EmbeddingSettings) -> dict[str, str]:
    """The environment of a command that works with `settings`."""
    own = {"SCENESEEK_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}
    if isinstance(settings, DatabaseSettings) and settings.sceneseek_store:
        own["SCENESEEK_STORE"] = settings.sceneseek_store
    if isinstance(settings, DatabaseSettings) and settings.sceneseek_host:
        own["SCENESEEK_HOST"] = settings.sceneseek_host
    if isinstance(settings, DatabaseSettings) and settings.database_url is not None:
        own["DATABASE_URL"] = settings.database_url
        own["DATABASE_READ_URLS"] = settings.database_read_urls
    if isinstance(settings, DatabaseSettings) and settings.database_shard_urls is not None:
        own["DATABASE_SHARD_URLS"] = settings.database_shard_urls
    if settings.embedding_model_dir is not None:
        own["EMBEDDING_MODEL_DIR"] = str(settings.embedding_model_dir)
    return {**os.environ, **own}
