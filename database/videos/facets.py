"""A library at a glance: what its videos can be filtered by, and how they begin."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.models import MomentKind
from database.models.moments import DESCRIBED
from database.server.connection import Database

MAX_TAGS_SHOWN = 60
_FIRST_SCENES = 50
"""Of a long recording without any text, to look at all would take long."""
_LANGUAGES = sa.text(
    "SELECT language, count(*) FROM video WHERE language IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
)
_TAGS = sa.text("""
    SELECT mode() WITHIN GROUP (ORDER BY name), count(DISTINCT video_id) FROM tag
    GROUP BY lower(normalize(name)) ORDER BY 2 DESC, 1 LIMIT :limit""")
_HAS_DESCRIPTIONS = sa.text(f"SELECT EXISTS (SELECT FROM moment WHERE {DESCRIBED})")
_TEXTS = """
    SELECT video_id, kind, text
    FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS wanted (video_id, place),
        unnest(ARRAY['speech', 'ocr']::moment_kind[]) AS spoken_or_written (asked), LATERAL (
        SELECT kind, text FROM scene JOIN moment ON scene_id = scene.id
        WHERE scene.video_id = wanted.video_id AND kind = asked
            AND position < :scenes AND length(text) BETWEEN 8 AND 200
        ORDER BY position, moment.start_s LIMIT 1) AS first
    ORDER BY place, kind"""


@dataclass(frozen=True)
class Facets:
    """The values that videos can be filtered by, each with the number of videos that have it; the
    most frequent come first."""

    languages: tuple[tuple[str, int], ...]
    tags: tuple[tuple[str, int], ...]
    has_descriptions: bool
    """Whether a model has described any picture."""


def read_facets(database: Database) -> Facets:
    """The languages and tags of a library, and whether it has descriptions; of tags the most
    frequent, and each once, as it is written most often, whichever letters are capitals."""
    found = database.gather(_read_facets)
    if len(found) == 1:
        return found[0]
    return Facets(
        _sum([own.languages for own in found]),
        _sum([own.tags for own in found])[:MAX_TAGS_SHOWN],
        any(own.has_descriptions for own in found),
    )


def _read_facets(database: Database) -> Facets:
    with database.reading() as connection:
        languages = connection.execute(_LANGUAGES)
        tags = connection.execute(_TAGS, {"limit": MAX_TAGS_SHOWN})
        return Facets(
            tuple((name, count) for name, count in languages),
            tuple((name, count) for name, count in tags),
            bool(connection.scalar(_HAS_DESCRIPTIONS)),
        )


def _sum(parts: Sequence[Sequence[tuple[str, int]]]) -> tuple[tuple[str, int], ...]:
    """The numbers of all parts of a library, each name once, whichever letters are capitals."""
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name, count in (each for own in parts for each in own):
        counts[names.setdefault(name.lower(), name)] += count
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def first_texts(database: Database, video_ids: Sequence[int]) -> list[tuple[MomentKind, str]]:
    """What is said and written first in each of these videos, near its beginning and of some
    length."""
    rows = database.found(
        video_ids, lambda part, own: part.rows(_TEXTS, {"ids": own, "scenes": _FIRST_SCENES})
    )
    order = sorted(rows, key=lambda row: list(video_ids).index(row[0]))
    return [(MomentKind(kind), text) for _, kind, text in order]
