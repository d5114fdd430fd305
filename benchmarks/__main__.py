"""python -m benchmarks: measures the targets and prints the table of docs/benchmarks.md."""

import os
import platform
import tempfile
from pathlib import Path

from benchmarks import decode_pass, http_search, whole_ingest
from benchmarks.measure import Row
from database.embedded import stop_embedded
from database.session import open_database
from database.settings import Settings, load_settings

_HEADER = "| # | what | ours | against | ratio | target | |\n|---|---|---|---|---|---|---|"


def main() -> None:
    """Everything runs in a library of its own, which is removed at the end."""
    models = load_settings().models_dir
    with tempfile.TemporaryDirectory(prefix="sceneseek-bench-") as name:
        folder = Path(name)
        settings = Settings(sceneseek_home=folder / "home", database_url=None)
        settings.home.mkdir()
        if models.is_dir():
            settings.models_dir.symlink_to(models)
        database = open_database(settings)
        try:
            _print_header()
            _print_rows(decode_pass.measure(folder))
            _print_rows(whole_ingest.measure(folder, settings, database))
            rows, notes = http_search.measure(settings, database)
            _print_rows(rows)
        finally:
            database.close()
            stop_embedded(settings.home)
    print("\n" + "\n".join(notes))


def _print_header() -> None:
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n{_HEADER}")


def _print_rows(rows: list[Row]) -> None:
    """At once: some benchmarks take minutes."""
    for row in rows:
        print(row.as_markdown(), flush=True)


if __name__ == "__main__":
    main()
