"""A library of the sample, in a home of its own, to which many scenes can be added."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.many_scenes import SAMPLE, add_many_scenes
from benchmarks.servers import Contender
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import stop_embedded
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings


@dataclass(frozen=True)
class SampleLibrary:
    """An ingested film, and the server that shows it."""

    settings: IngestSettings
    database: Database
    server: Contender

    def add_many(self, folder: Path) -> None:
        """Adds fourteen recordings of a hundred scenes, which have the sample's stills."""
        stills = [
            path.relative_to(self.settings.keyframes_dir).as_posix()
            for path in self.settings.keyframes_dir.rglob("*.jpg")
        ]
        add_many_scenes(self.database, Encoders(self.settings.runtime()), stills, folder)


@contextmanager
def sample_library(home: Path, models: Path, film: Path = SAMPLE) -> Iterator[SampleLibrary]:
    """A library in a new home, of the sample or another film, until the end of the block; models
    that are there are not made again."""
    settings = IngestSettings(sceneseek_home=home, database_url=None)
    home.mkdir()
    if models.is_dir():
        settings.models_dir.symlink_to(models)
    variables = {"SCENESEEK_HOME": str(home)}
    serve = (sys.executable, "-m", "api", "--no-worker", "--port", "{port}")
    ingest = (sys.executable, "-m", "ingest", str(film), "--quiet")
    try:
        with closing(open_database(settings)) as database:
            subprocess.run(ingest, env={**os.environ, **variables}, check=True)
            server = Contender("ours", serve, "/ready", variables=variables)
            yield SampleLibrary(settings, database, server)
    finally:
        stop_embedded(home)
