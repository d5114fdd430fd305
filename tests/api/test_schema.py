"""What /openapi.json promises, held against the server by schemathesis: no request makes it fail,
each answer is as documented, and what the document forbids is refused.

`make schema` looks longer, and at sequences of requests, too."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from database.opening import open_database
from database.tags import Tags
from database.videos.records import Subtitles
from database.videos.stored import Store
from embeddings.loaded import Encoders
from tests.helpers.drilling import fill
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.records import commented, file
from tests.helpers.strange import put_still

LONG_S = float(os.environ.get("PYTEST_SCHEMA_S", "0"))
"""How long to look beyond what CI has time for."""
SECONDS = LONG_S or 45
WHOLE = "examples,coverage,fuzzing,stateful" if LONG_S else "examples,coverage,fuzzing"
GERMAN = Subtitles("German", "de", None, ((1.0, 2.0, "Ein Zug fährt ab."),))
NOT_CHECKED = (
    # A cursor, a picture, a space or a scene is good only if this server knows it, which no schema
    # can say; nor that two fields exclude each other.
    "positive_data_acceptance",
)


@pytest.fixture
def film(new_settings: NewSettings, tmp_path: Path, encoders: Encoders) -> Iterator[Serving]:
    """Of a library of its own, which may lose all that it has: a film that is there with its still
    and subtitles, and others that are not."""
    with new_settings(tmp_path / "home") as settings:
        path = make_video(settings.home / "film.mp4", [drawn(1), drawn(2)], 2.0, audio=tone(4))
        status = path.stat()
        at = replace(file(path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
        put_still(settings.keyframes_dir, "film")
        with contextlib.closing(open_database(settings)) as database:
            Store(database).save_video(replace(commented("film"), subtitles=(GERMAN,)), at)
            Tags(database).put(1, ["field trip"])
            fill(database, encoders)
        with serving(settings) as running:
            yield running


LAST = ("--include-operation-id", "forget_video", "--include-operation-id", "forget_missing")
"""What takes things away, when all else has been asked."""
EXPECTED = """
[checks]
negative_data_rejection.expected-statuses = [
    "400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429", "5xx"
]

[[operations]]
include-operation-id = "find_known"
checks.unsupported_method.enabled = false
"""
"""By what something may be refused that is not as documented, with 412, that of tus; and an address
that another route, with an id in its place, has methods for, too."""
ENDLESS = ("--exclude-operation-id", "listen")
"""Its answer goes on for minutes."""


def test_the_server_keeps_what_its_schema_promises(film: Serving, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(EXPECTED)
    before = [option.replace("include", "exclude") for option in LAST]
    for options, num_operations in (((*before, *ENDLESS), "60/63"), (LAST, "2/63")):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run"),
                f"{film.client.base_url}/openapi.json",
                *("--phases", WHOLE, "--max-time", f"{SECONDS:.0f}", "--continue-on-failure"),
                *("--max-examples", "500" if LONG_S else "5", "--generation-deterministic"),
                *("--exclude-checks", ",".join(NOT_CHECKED), "--warnings", "off", "--no-color"),
                *("--request-timeout", "60"),
                *options,
            ],
            cwd=tmp_path,  # it keeps what it finds beside it
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS + 600,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-20_000:]
        assert f"Selected: {num_operations}" in done.stdout, done.stdout[-5000:]
    assert film.client.get("/health").status_code == 200
