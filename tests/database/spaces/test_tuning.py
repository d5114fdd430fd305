"""A space is searched by half floats or by bits: what finds how much is measured on its own
vectors, and searches go on while one index takes the place of the other."""

import json
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from database.errors import SpaceBusy, UnknownStoredSpace
from database.models import MomentKind
from database.queries.filters import Conditions, Filters, Scan
from database.queries.statement import VectorLeg, search_legs
from database.queries.terms import NO_WORDS
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces import indexing, tuning
from database.spaces.indexing import has_index
from database.spaces.spaces import Spaces
from database.spaces.tuning import CANDIDATES, Tuning
from database.videos.records import MomentRecord
from database.videos.stored import Store
from embeddings.encoder import normalise
from embeddings.registry.spaces import SPACES
from embeddings.space import Input
from tests.helpers import records
from tests.helpers.commands import run_command
from tests.helpers.sql import execute
from tests.helpers.statements import plan_of_search

TEXT = "minilm-l6"
NUM = 500


@pytest.fixture
def vectors(store: Store, database: Database) -> npt.NDArray[np.float32]:
    """Unit vectors around thirty subjects, each said in a scene of its own of two videos."""
    rng = np.random.default_rng(4)
    subjects = rng.standard_normal((30, SPACES[TEXT].dim))
    noise = rng.standard_normal((NUM, SPACES[TEXT].dim))
    execute(database, "DROP INDEX embedding_minilm_l6_hnsw")
    made = normalise((subjects[rng.integers(0, 30, NUM)] + 0.7 * noise).astype(np.float32))
    for name, part in (("a", made[: NUM // 2]), ("b", made[NUM // 2 :])):
        moments = tuple(
            MomentRecord(n, MomentKind.SPEECH, float(n), n + 1.0, "x", vectors={TEXT: vector})
            for n, vector in enumerate(part)
        )
        scenes = tuple((float(n), n + 1.0) for n in range(len(part)))
        video = replace(records.video(name), scenes=scenes, moments=moments)
        store.save_video(video, records.file(f"/v/{name}.mp4"))
    Spaces(database).index(TEXT)
    return made


def kinds(database: Database) -> dict[str, bool]:
    """Which indexes the space has."""
    with database.lock_connection() as connection:
        found = {"half": False, "bits": True}
        return {name: has_index(connection, TEXT, bits=bits) for name, bits in found.items()}


def raws(
    database: Database,
    vector: npt.NDArray[np.float32],
    bit_candidates: int | None,
    filters: Filters | None = None,
    scan: Scan = Scan.INDEX,
) -> list[float]:
    """How near the ten nearest are."""
    leg = VectorLeg(TEXT, vector, Input.TEXT, bit_candidates)
    found, _ = search_legs(database, [leg], NO_WORDS, Conditions(filters or Filters()), scan, 10)
    return sorted((match.raw for match in found), reverse=True)[:10]


def test_bits_find_the_nearest_in_the_order_of_their_vectors(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    Tuning(database).take(TEXT, 200)
    for vector in vectors[::100]:
        found = raws(database, vector, 200)
        assert found[0] == pytest.approx(1.0, abs=1e-2)
        exact = raws(database, vector, None, scan=Scan.EXACT)
        assert sum(raw >= exact[-1] for raw in found) >= 9


def test_a_search_by_bits_uses_their_index(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    Tuning(database).take(TEXT, 50)
    plan = plan_of_search(database, lambda: raws(database, vectors[7], 50), "enable_seqscan = off")
    assert "Index Scan using embedding_minilm_l6_bits" in plan


def test_a_filter_that_lies_far_from_the_query_is_answered_in_full_by_bits(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    Tuning(database).take(TEXT, 50)
    only = Filters(video_ids=(2,))
    found = raws(database, vectors[0], 50, only, Scan.FILTERED_INDEX)
    assert found == pytest.approx(raws(database, vectors[0], None, only, Scan.EXACT), abs=1e-3)


def test_the_index_that_is_taken_stands_before_the_other_one_goes(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    assert kinds(database) == {"half": True, "bits": False}
    Tuning(database).take(TEXT, 100)
    assert kinds(database) == {"half": False, "bits": True}
    assert Spaces(database).get(TEXT).bit_candidates == 100
    assert not Spaces(database).lacks_index(TEXT)
    Tuning(database).take(TEXT, None)
    assert kinds(database) == {"half": True, "bits": False}
    assert Spaces(database).get(TEXT).bit_candidates is None


def test_a_measurement_leaves_a_space_as_it_was(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    tuned = Tuning(database).tune(TEXT, take=False)
    assert tuned is not None
    assert [one.bit_candidates for one in tuned.measured] == [None, *CANDIDATES]
    recalls = [one.recall for one in tuned.measured]
    assert recalls[0] > 0.95
    assert recalls[1:] == sorted(recalls[1:])
    assert tuned.bits_bytes < 0.5 * tuned.half_bytes
    assert tuned.best is None  # it is small
    assert kinds(database) == {"half": True, "bits": False}


def test_a_large_space_takes_the_fewest_candidates_that_find_enough(
    database: Database, vectors: npt.NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "BITS_FROM", NUM)
    tuned = Tuning(database).tune(TEXT, take=True)
    assert tuned is not None
    assert tuned.best in CANDIDATES
    assert tuned.kept == Spaces(database).get(TEXT).bit_candidates == tuned.best
    assert kinds(database) == {"half": False, "bits": True}


def test_a_large_space_is_indexed_by_bits_when_it_is_first_searched(
    database: Database, vectors: npt.NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(
        database,
        "UPDATE space SET state = 'filling', activated_at = NULL",
        "DROP INDEX embedding_minilm_l6_hnsw",
    )
    monkeypatch.setattr(indexing, "BITS_FROM", NUM)
    Spaces(database).activate(TEXT)
    assert kinds(database) == {"half": False, "bits": True}
    assert Spaces(database).get(TEXT).bit_candidates == indexing.BIT_CANDIDATES


@pytest.mark.parametrize(
    ("num_vectors", "candidates"),
    [(999_999, None), (1_000_000, 400), (3_000_000, 800), (100_000_000, 1000)],
)
def test_a_larger_space_compares_more_candidates(num_vectors: int, candidates: int | None) -> None:
    assert indexing.candidates_for(num_vectors) == candidates


def test_an_index_of_bits_that_was_lost_is_built_again_as_it_was(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    Tuning(database).take(TEXT, 100)
    execute(database, "DROP INDEX embedding_minilm_l6_bits")
    assert Spaces(database).lacks_index(TEXT)
    Spaces(database).index(TEXT)
    assert kinds(database) == {"half": False, "bits": True}


def test_a_space_is_not_tuned_while_it_is_filled(
    database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    with Spaces(database).filling(TEXT), pytest.raises(SpaceBusy):
        Tuning(database).take(TEXT, 100)


def test_a_space_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(UnknownStoredSpace, match="no space clip-b32"):
        Tuning(database).tune("clip-b32", take=False)


def test_the_command_tells_what_to_take_and_takes_it(
    settings: DatabaseSettings, database: Database, vectors: npt.NDArray[np.float32]
) -> None:
    done = run_command("database", "tune", "--json", settings=settings)
    assert done.returncode == 0, done.stderr
    concepts, text = json.loads(done.stdout)["spaces"]
    assert concepts == {"space": "imagenet-concepts", "vectors": 0}
    assert (text["space"], text["vectors"], text["index"]) == (TEXT, NUM, "half")
    assert [one["index"] for one in text["measured"]] == ["half", *CANDIDATES]
    assert (text["best"], text["taken"]) == ("half", "half")

    done = run_command("database", "tune", "--space", TEXT, "--take", "200", settings=settings)
    assert (done.returncode, done.stdout) == (0, f"{TEXT}: 200 candidates of bits from now on\n")
    assert kinds(database) == {"half": False, "bits": True}

    done = run_command("database", "tune", "--space", TEXT, settings=settings)
    title, _header, *rows, advice = done.stdout.splitlines()
    assert title == f"{TEXT}: 500 vectors, by 200 candidates of bits so far"
    assert len(rows) == 1 + len(CANDIDATES)
    assert advice.strip() == (
        f"best: half floats: python -m database tune --space {TEXT} --take half"
    )


@pytest.mark.parametrize("take", ["bits", "9", "1001"])
def test_what_cannot_be_taken_is_a_mistake_of_the_command_line(
    take: str, settings: DatabaseSettings
) -> None:
    done = run_command("database", "tune", f"--take={take}", settings=settings)
    assert done.returncode == 2
    assert done.stderr == f"error: --take is best, half, or a number from 10 to 1000, not {take}\n"
