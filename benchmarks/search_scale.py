"""Targets 9, 10, 11, 13 and 14: searches of synthetic libraries, small and large.

Sizes are 10,000 and 100,000 scenes, or those in SCENESEEK_BENCH_SCENES ("10000,1000000").
"""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.http_search import http_rows
from benchmarks.measure import Row, medians, percentile, seconds
from benchmarks.synthetic import SCENES_PER_VIDEO, SyntheticLibrary, load
from database.opening import open_database
from database.queries.filters import Conditions, Filters, Scan
from database.queries.terms import WordLeg
from database.server.connection import Database
from database.server.embedded import stop_embedded
from database.spaces.spaces import Spaces
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest.library.null_statistics import refresh_null_statistics
from ingest.settings import IngestSettings
from search.multi_modal_search import DEPTH, MultiModalSearchEngine
from search.query.query import FusionName, make_query
from search.ranking.fusion import FUSIONS
from search.ranking.rank import Ranking
from search.retrieval.candidates import retrieve

NUM_QUERIES = 100
_EXACT_DEPTH = 1000
_EVERYTHING = Filters(from_s=0)
TEXT, VISION = PROFILES["bundled"].spaces


@dataclass(frozen=True)
class Measured:
    """What one size has come to."""

    num_scenes: int
    p95_ms: float
    rows: list[Row]


def sizes() -> list[int]:
    """How many scenes the libraries have."""
    text = os.environ.get("SCENESEEK_BENCH_SCENES", "10000,100000")
    return sorted(int(size) for size in text.split(","))


def measure(models: Path) -> list[Row]:
    """Rows of every size, and of the growth between the least and the greatest."""
    measured = [_measure(models, size) for size in sizes()]
    rows = [row for one in measured for row in one.rows]
    least, greatest = measured[0], measured[-1]
    if greatest.num_scenes > least.num_scenes:
        exponent = math.log(greatest.p95_ms / least.p95_ms) / math.log(
            greatest.num_scenes / least.num_scenes
        )
        what = (
            f"growth of the search's p95 from {least.num_scenes:,} to {greatest.num_scenes:,} "
            f"scenes, as an exponent ({least.p95_ms:.1f} to {greatest.p95_ms:.1f} ms)"
        )
        rows.append(Row("11", what, exponent, 1.0, "", 0.30))
    return rows


def _measure(models: Path, num_scenes: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="sceneseek-scale-") as name:
        settings = IngestSettings(sceneseek_home=Path(name), database_url=None)
        if models.is_dir():
            settings.models_dir.symlink_to(models)
        database = open_database(settings)
        try:
            encoders = Encoders(settings.runtime())
            library = load(database, encoders, num_scenes)
            refresh_null_statistics(Spaces(database), (TEXT, VISION), encoders)
            return measure_library(settings, database, encoders, library)
        finally:
            database.close()
            stop_embedded(settings.home)


def measure_library(
    settings: IngestSettings, database: Database, encoders: Encoders, library: SyntheticLibrary
) -> Measured:
    """A library that is loaded, with its statistics."""
    engine = MultiModalSearchEngine(database, encoders)
    texts = list(library.planted)[:NUM_QUERIES]
    size = f"{library.num_scenes:,} scenes"
    recall = _recall(engine, database, texts, Filters(), _EVERYTHING)
    p95_ms = percentile(_times(engine, texts, Filters()), 0.95)
    rows = [
        *http_rows(settings, database, size),
        _share("10", f"fused recall@10 against exact search, {size}", recall, 0.98),
        _share("10", f"planted scenes in the first ten, {size}", _planted(engine, library), 0.95),
        *_filtered(engine, database, texts, library.num_scenes, p95_ms),
        _cold(settings, size),
    ]
    return Measured(library.num_scenes, p95_ms, rows)


def _share(number: str, what: str, share: float, target: float) -> Row:
    return Row(number, what, 100 * share, 100.0, "%", target, at_most=False)


def _ranked(engine: MultiModalSearchEngine, text: str, filters: Filters) -> Ranking:
    return engine.ranker.rank(make_query(text, filters=filters), DEPTH)


def _times(engine: MultiModalSearchEngine, texts: Sequence[str], filters: Filters) -> list[float]:
    """Milliseconds of every search, its query encoded before."""
    for text in texts:
        _ranked(engine, text, filters)
    return [1000 * seconds(_ranked, engine, text, filters) for text in texts]


def _recall(
    engine: MultiModalSearchEngine,
    database: Database,
    texts: Sequence[str],
    filters: Filters,
    same: Filters,
) -> float:
    """How much of the exact first ten a search finds; `same` asks for no less and no more than
    `filters`, but by comparing every scene."""
    found = wanted = 0
    for text in texts:
        ranking = _ranked(engine, text, filters)
        words = WordLeg(ranking.terms)
        scenes, _ = retrieve(
            database,
            ranking.encoded.vectors,
            words,
            Conditions(same),
            Scan.EXACT,
            _EXACT_DEPTH,
            WordLeg(ranking.described),
        )
        ranked = FUSIONS[FusionName.EVIDENCE].rank(scenes, ranking.weights)
        exact = replace(ranking, scenes=ranked).with_words_found()
        best = {scene.scene_id for scene in exact.scenes[:10]}
        found += len(best & {scene.scene_id for scene in ranking.scenes[:10]})
        wanted += len(best)
    return found / wanted


def _planted(engine: MultiModalSearchEngine, library: SyntheticLibrary) -> float:
    """How many of the planted scenes are among the first ten."""
    found = [
        len(wanted & {s.scene_id for s in _ranked(engine, text, Filters()).scenes[:10]})
        / len(wanted)
        for text, wanted in library.planted.items()
    ]
    return sum(found) / len(found)


def _filtered(
    engine: MultiModalSearchEngine,
    database: Database,
    texts: Sequence[str],
    num_scenes: int,
    unfiltered_ms: float,
) -> list[Row]:
    """A filter that one video in a hundred passes, and one that every tenth does."""
    num_videos = num_scenes // SCENES_PER_VIDEO
    rows = []
    for every in (100, 10):
        filters = Filters(video_ids=tuple(range(1, num_videos + 1, every)))
        name = f"a filter that 1 in {every} passes, {num_scenes:,} scenes"
        scan = _ranked(engine, texts[0], filters).scan.value
        pages = [len(_ranked(engine, text, filters).scenes) >= 10 for text in texts]
        recall = _recall(engine, database, texts, filters, filters)
        p95_ms = percentile(_times(engine, texts, filters), 0.95)
        rows += [
            Row("14", f"p95, {name} ({scan})", p95_ms, unfiltered_ms, "ms", 3.0),
            _share("14", f"recall@10, {name}", recall, 0.95),
            _share("14", f"full pages, {name}", sum(pages) / len(pages), 1.0),
        ]
    return rows


def _cold(settings: IngestSettings, size: str) -> Row:
    """A search on the command line, from process start to answer, the server running."""
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "SCENESEEK_HOME": str(settings.home)}

    def command(*arguments: str) -> None:
        done = [sys.executable, *arguments]
        subprocess.run(done, check=True, capture_output=True, cwd=root, env=environment)

    ours, theirs = medians(
        [
            lambda: command("-m", "search", "a busy street at night"),
            lambda: command("-c", "import sentence_transformers"),
        ],
        rounds=5,
    )
    name = f"python -m search, cold, against importing sentence_transformers, {size}"
    return Row("13", name, ours, theirs, "s", 0.2)
