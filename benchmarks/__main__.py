"""python -m benchmarks [NAMES]: measures the targets, prints the table of docs/benchmarks.md.

Names are those of modules; all by default, in this order. http_search needs the library that
whole_ingest leaves; shots needs SCENESEEK_LABELLED, a folder of labelled videos; page and
playing need Chromium; cluster needs Ray. `python -m benchmarks capacity --videos N --hours H`
measures nothing: it says what a library will take.
"""

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    capacity,
    cluster,
    decode_pass,
    embedding_service,
    encoders,
    http_search,
    page,
    playing,
    rows,
    scale,
    search_scale,
    shards,
    shots,
    whole_ingest,
    workers,
)
from benchmarks.measure import Row
from database.opening import open_database
from database.server.embedded import stop_embedded
from embeddings.cli import read_settings
from ingest.settings import IngestSettings

_HEADER = "| # | what | ours | against | ratio | target | |\n|---|---|---|---|---|---|---|"


def main(names: list[str]) -> None:
    """Everything runs in a library of its own, which is removed at the end."""
    models = read_settings(IngestSettings).models_dir
    with tempfile.TemporaryDirectory(prefix="sceneseek-bench-") as name:
        folder = Path(name)
        settings = IngestSettings(sceneseek_home=folder / "home", database_url=None)
        settings.home.mkdir()
        if models.is_dir():
            settings.models_dir.symlink_to(models)
        database = open_database(settings)
        try:
            benchmarks: dict[str, Callable[[], list[Row]]] = {
                "decode_pass": lambda: decode_pass.measure(folder),
                "shots": lambda: shots.measure(shots.labelled_folder()),
                "encoders": lambda: encoders.measure(folder, settings.models_dir),
                "embedding_service": lambda: embedding_service.measure(
                    settings.home, settings.models_dir
                ),
                "rows": lambda: rows.measure(database),
                "whole_ingest": lambda: whole_ingest.measure(folder, settings, database),
                "http_search": lambda: http_search.http_rows(settings, database, "2 videos"),
                "page": lambda: page.measure(folder, settings.models_dir),
                "playing": lambda: playing.measure(folder, settings.models_dir),
                "search_scale": lambda: search_scale.measure(models),
                "scale": lambda: scale.measure(models),
                "workers": lambda: workers.measure(folder, settings, database),
                "cluster": lambda: cluster.measure(folder, settings),
                "shards": lambda: shards.measure(models),
            }
            _print_header()
            for chosen in names or benchmarks:
                _print_rows(benchmarks[chosen]())
        finally:
            database.close()
            stop_embedded(settings.home)


def _print_header() -> None:
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n{_HEADER}")


def _print_rows(rows: list[Row]) -> None:
    """At once: some benchmarks take minutes."""
    for row in rows:
        print(row.as_markdown(), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["capacity"]:
        capacity.main(sys.argv[2:])
    else:
        main(sys.argv[1:])
