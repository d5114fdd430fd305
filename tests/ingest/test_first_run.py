"""What people do while the first ingest of a library runs, and on whichever machine."""

import subprocess
import sys
import time
from pathlib import Path

from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.stored import Store
from embeddings.loaded import Encoders
from ingest.files.identity import content_hash
from search.multi_modal_search import MultiModalSearchEngine
from tests.helpers.commands import environment, outcomes, start_command
from tests.helpers.media import drawn, make_video

ON_MANY_PROCESSORS = """
import runpy
from embeddings import runtime
runtime.num_cores = lambda: {cores}
runpy.run_module("ingest", run_name="__main__", alter_sys=True)
"""


def test_a_search_finds_pictures_while_the_first_ingest_still_runs(
    settings: DatabaseSettings,
    database: Database,
    store: Store,
    encoders: Encoders,
    tmp_path: Path,
) -> None:
    first = make_video(tmp_path / "first.mp4", [drawn(1), drawn(2)])
    held_up = make_video(tmp_path / "held-up.mp4", [drawn(3)])
    with store.claim(content_hash(held_up)):
        process = start_command(
            *("ingest", held_up, first, "--jobs", 2, "--json", "--quiet"), settings=settings
        )
        with MultiModalSearchEngine(database, encoders) as engine:
            deadline = time.monotonic() + 90
            while not (hits := engine.search("a flag", use_vision=True).hits):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
        assert {hit.video.title for hit in hits} == {"first"}
    _, messages = process.communicate(timeout=90)
    assert process.returncode == 0, messages


def test_defaults_fit_a_machine_of_many_processors(
    settings: DatabaseSettings, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for number in range(3):
        make_video(films / f"{number}.mp4", [drawn(number)])
    done = subprocess.run(
        [sys.executable, "-c", ON_MANY_PROCESSORS.format(cores=64), str(films), "--json"],
        env=environment(settings),
        cwd=settings.home,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert {line["status"] for line in outcomes(done).values()} == {"done"}
