"""Bulk work on a Ray cluster of two nodes, one of which is killed at the end."""

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from database.check import find_faults
from database.opening import open_database
from database.server.connection import Database
from database.spaces.spaces import Spaces
from embeddings.registry.spaces import PROFILES, SPACES
from ingest.settings import IngestSettings
from tests.helpers.clusters import TwoNodes, two_nodes
from tests.helpers.commands import outcomes, start_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.own_models import declare_stand_in
from tests.helpers.sql import forget_vectors, rows
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra ray is not installed"
)
KEYS = [space.key for space in PROFILES["bundled"].spaces]
PATIENCE_S = 400.0
"""Nothing of Ray is quick where two processors have much else to do."""
_VECTORS = "SELECT moment_id, space, vector FROM embedding ORDER BY moment_id, space"
_DOUBLED = "SELECT content_hash FROM video GROUP BY content_hash HAVING count(*) > 1"


def run_patiently(
    package: str, *arguments: object, settings: IngestSettings
) -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    running = start_command(package, *arguments, settings=settings)
    out, messages = running.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(running.args, running.returncode, out, messages)


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as made:
        yield made


@pytest.fixture(scope="module")
def library(new_settings: NewSettings, home: Path) -> Iterator[IngestSettings]:
    """A library with a folder of four films, one of which is cut off, and a text."""
    with new_settings(home / "cluster") as settings:
        films = settings.home / "films"
        films.mkdir()
        for number in range(3):
            pictures = [drawn(10 * number), drawn(10 * number + 1)]
            make_video(films / f"{number}.mp4", pictures, 1.0, audio=tone(2.0))
        whole = (films / "2.mp4").read_bytes()
        (films / "cut off.mp4").write_bytes(whole[: len(whole) // 2])
        (films / "notes.txt").write_text("Dear reader, " * 100)
        yield settings


@pytest.fixture
def database(library: IngestSettings) -> Iterator[Database]:
    with closing(open_database(library)) as opened:
        yield opened


def test_a_folder_is_ingested_by_the_nodes_of_a_cluster_and_faults_are_named(
    cluster: TwoNodes, library: IngestSettings, database: Database
) -> None:
    films = library.home / "films"
    done = run_patiently(
        "ingest.cluster", films, "--address", cluster.address, "--json", settings=library
    )
    assert done.returncode == 3, done.stderr
    told = outcomes(done)
    assert {name: each["status"] for name, each in told.items()} == {
        **{f"{number}.mp4": "done" for number in range(3)},
        "cut off.mp4": "failed",
        "notes.txt": "skipped",
    }
    assert "damaged or cut off" in told["cut off.mp4"]["reason"]
    assert [each["scenes"] for each in told.values()] == [2, 2, 2, 0, 0]
    assert find_faults(database, library.keyframes_dir) == []
    again = run_patiently(
        "ingest.cluster", films, "--address", cluster.address, "--json", settings=library
    )
    assert outcomes(again)["0.mp4"]["status"] == "unchanged"


def test_spaces_are_filled_by_a_cluster_with_the_vectors_that_an_ingest_makes(
    cluster: TwoNodes, library: IngestSettings, database: Database
) -> None:
    before = rows(database, _VECTORS)
    forget_vectors(database, *KEYS)
    done = run_patiently(
        "ingest.backfill", "--all", "--cluster", cluster.address, "--json", settings=library
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["spaces"]
    assert all(each["embedded"] == each["wanted"] for each in told)
    after = rows(database, _VECTORS)
    assert [row[:2] for row in after] == [row[:2] for row in before]
    for (*_, old), (*_, new) in zip(before, after, strict=True):
        np.testing.assert_allclose(new.to_numpy(), old.to_numpy(), atol=2e-3)


def test_models_that_are_not_bundled_fill_their_space_through_the_graphics_card(
    cluster: TwoNodes, library: IngestSettings, database: Database, tmp_path: Path
) -> None:
    declare_stand_in(SPACES["resnet-50"], tmp_path, family="image_features", key="my-resnet")
    settings = library.model_copy(update={"embedding_model_dir": tmp_path})
    done = run_patiently(
        *("ingest.backfill", "--spaces", "my-resnet", "--cluster", cluster.address, "--json"),
        settings=settings,
    )
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["spaces"]
    assert told["embedded"] == told["wanted"] > 0
    Spaces(database).drop("my-resnet")  # whose model the commands of other tests do not know


def test_a_cluster_that_does_not_answer_is_named_at_once(library: IngestSettings) -> None:
    done = run_patiently(
        "ingest.cluster", library.home / "films", "--address", "127.0.0.9:9", settings=library
    )
    assert done.returncode == 1
    assert "error: no Ray cluster can be joined at 127.0.0.9:9" in done.stderr


def test_a_cluster_goes_with_a_whole_backfill_alone(library: IngestSettings) -> None:
    done = run_patiently(
        "ingest.backfill", "--all", "--cluster", "local", "--limit", "3", settings=library
    )
    assert done.returncode == 2
    assert "--cluster goes with --spaces, --all, --profile and --activate" in done.stderr


def test_a_node_that_is_killed_in_the_middle_loses_and_doubles_nothing(
    cluster: TwoNodes, library: IngestSettings, database: Database
) -> None:
    films = library.home / "more films"
    films.mkdir()
    for number in range(5):
        make_video(films / f"{number}.mp4", [drawn(100 + number)], 2.0, audio=tone(2.0))
    known = len(rows(database, "SELECT id FROM video"))
    running = start_command(
        "ingest.cluster", films, "--address", cluster.address, "--json", settings=library
    )
    wait_until(
        lambda: len(rows(database, "SELECT id FROM video")) >= known + 1, patience_s=PATIENCE_S
    )
    cluster.kill_other()
    out, messages = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, messages
    statuses = {each["status"] for each in json.loads(out)["files"]}
    assert statuses <= {"done", "unchanged"}  # what was stored by the node before it was lost
    assert len(rows(database, "SELECT id FROM video")) == known + 5
    assert rows(database, _DOUBLED) == []
    spaces = Spaces(database)
    assert all(spaces.coverage(key).complete for key in KEYS)
    assert find_faults(database, library.keyframes_dir) == []
