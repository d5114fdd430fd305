"""A library in one database against the same library in three, which share one server and its
cores: what asking three and putting their answers together costs, and whether they say the same.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psycopg
import sqlalchemy as sa

from benchmarks.measure import Row, percentile, seconds
from benchmarks.search_scale import NUM_QUERIES, TEXT, VISION, sizes
from benchmarks.synthetic import load
from database.opening import open_database
from database.queries.filters import Filters, Scan
from database.server.connection import Database
from database.server.embedded import start_embedded, stop_embedded
from database.server.spread import shard_of
from database.shards.moving import copy_videos
from database.shards.numbering import make_shards
from database.spaces.partitions import create_index, index_name
from database.spaces.spaces import Spaces
from embeddings.loaded import Encoders
from ingest.library.null_statistics import background_queries, refresh_null_statistics
from ingest.settings import IngestSettings
from search.multi_modal_search import DEPTH, MultiModalSearchEngine
from search.query.query import make_query
from search.ranking.rank import Ranking

NUM_SHARDS = 3
_EXACTLY = Filters(min_duration_s=0)
"""What all videos satisfy: so few as these are then compared without an index."""
_NUM_WARM = 20
_AT_ONCE = 50


def measure(models: Path) -> list[Row]:
    """Rows of the least of SCENESEEK_BENCH_SCENES."""
    num_scenes = sizes()[0]
    with tempfile.TemporaryDirectory(prefix="sceneseek-shards-") as name, ExitStack() as opened:
        settings = IngestSettings(sceneseek_home=Path(name), database_url=None)
        if models.is_dir():
            settings.models_dir.symlink_to(models)
        opened.callback(stop_embedded, settings.home)
        one = opened.enter_context(closing(open_database(settings)))
        encoders = Encoders(settings.runtime())
        load(one, encoders, num_scenes)
        refresh_null_statistics(Spaces(one), (TEXT, VISION), encoders)
        spread = settings.model_copy(update={"database_shard_urls": _empty(settings)})
        make_shards(spread)
        three = opened.enter_context(closing(open_database(spread)))
        _divide(one, three)
        return _compared(one, three, encoders, f"{num_scenes:,} scenes")


def _empty(settings: IngestSettings) -> str:
    """The URLs of new databases on the embedded server."""
    url, names = start_embedded(settings.home), [f"shard_{n}" for n in range(NUM_SHARDS)]
    with psycopg.connect(url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    urls = (sa.make_url(url).set(database=name) for name in names)
    return ",".join(each.render_as_string(hide_password=False) for each in urls)


def _divide(one: Database, three: Database) -> None:
    """Every video into the shard that its hash names, indexed when all are there."""
    videos = one.rows("SELECT id, content_hash FROM video ORDER BY id")
    for number, shard in enumerate(three.parts):
        own = [v for v, content in videos if shard_of(content, NUM_SHARDS) == number]
        with shard.engine.begin() as connection:
            for space in (TEXT, VISION):
                connection.execute(sa.text(f"DROP INDEX {index_name(space.key)}"))
        for start in range(0, len(own), _AT_ONCE):
            with one.connection() as leaving, shard.connection() as coming:
                copy_videos(leaving, coming, own[start : start + _AT_ONCE])
        with shard.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            for space in (TEXT, VISION):
                create_index(connection, space.key, space.dim)
    for key, info in Spaces(one).all().items():
        Spaces(three).save_null_statistics(key, info.null_statistics or {})
    for library in (one, *three.parts):  # as PostgreSQL does in the minute after
        with library.lock_connection() as vacuuming:
            vacuuming.execute(sa.text("VACUUM ANALYZE"))


def _compared(one: Database, three: Database, encoders: Encoders, size: str) -> list[Row]:
    libraries = [_Library(own, MultiModalSearchEngine(own, encoders)) for own in (one, three)]
    texts = list(background_queries())[:NUM_QUERIES]
    exact = [[_first_ten(own, text, _EXACTLY) for text in texts] for own in libraries]
    assert {_ranked(own, texts[0], _EXACTLY).scan for own in libraries} == {Scan.EXACT}
    index = [[_first_ten(own, text, Filters()) for text in texts] for own in libraries]
    rankings: list[list[float]] = [[], []]
    searches: list[list[float]] = [[], []]
    for number, text in enumerate((*texts, *texts)):
        for place in (0, 1) if number % 2 else (1, 0):
            rankings[place].append(1000 * seconds(_ranked, libraries[place], text, Filters()))
    for number, text in enumerate(_new_queries(texts)):
        for place in (0, 1) if number % 2 else (1, 0):
            took = 1000 * seconds(libraries[place].engine.search, f"{text} {place}")
            searches[place] += [took] if number >= _NUM_WARM else []
    rows = [
        _share(f"same first ten, compared exactly, 3 shards and 1, {size}", _same(*exact), 0.99),
        _share(f"same first ten by indexes, 3 shards and 1, {size}", _same(*index), 0.0),
    ]
    for what, times in (("a ranking", rankings), ("a new search with its hits", searches)):
        for name, part in (("p50", 0.5), ("p95", 0.95)):
            alone, spread = (percentile(own, part) for own in times)
            rows.append(Row("21", f"{name} of {what}, 3 shards, {size}", spread, alone, "ms", 1.6))
    return rows


def _new_queries(texts: Sequence[str]) -> list[str]:
    """Texts that nobody has asked for: the words of two that were."""
    return [f"{one} {other}" for one, other in pairwise(texts)]


class _Library(NamedTuple):
    """A database, and what searches it."""

    database: Database
    engine: MultiModalSearchEngine


def _ranked(library: _Library, text: str, filters: Filters) -> Ranking:
    with library.database.reading():  # as every search does
        return library.engine.ranker.rank(make_query(text, filters=filters), DEPTH)


def _first_ten(library: _Library, text: str, filters: Filters) -> list[int]:
    return [scene.scene_id for scene in _ranked(library, text, filters).scenes[:10]]


def _same(one: Sequence[list[int]], three: Sequence[list[int]]) -> float:
    return sum(a == b for a, b in zip(one, three, strict=True)) / len(one)


def _share(what: str, share: float, target: float) -> Row:
    return Row("21", what, 100 * share, 100.0, "%", target, at_most=False)
