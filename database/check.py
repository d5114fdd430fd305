"""The invariants of a library: nothing lost, nothing duplicated, nothing half-written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from database.models import SpaceState
from database.server.connection import Database
from database.spaces.spaces import Spaces

_MANY = 1_000_000
"""Missing moments are counted up to here."""

_FAULTS = {
    "two videos with one content": (
        "SELECT content_hash FROM video GROUP BY content_hash HAVING count(*) > 1"
    ),
    "two embeddings of one moment in one space": (
        "SELECT moment_id FROM embedding GROUP BY moment_id, space HAVING count(*) > 1"
    ),
    "video with fewer scenes than detected": (
        "SELECT id FROM video WHERE num_scenes <> "
        "(SELECT count(*) FROM scene WHERE video_id = video.id)"
    ),
    "video that no path leads to": (
        "SELECT id FROM video WHERE NOT EXISTS (SELECT FROM file WHERE video_id = video.id)"
    ),
    "file without an outcome": (
        "SELECT path FROM file WHERE (status IN ('done', 'partial')) <> (video_id IS NOT NULL) "
        "OR (status <> 'done' AND reason IS NULL)"
    ),
    "scene or moment whose end is before its start": (
        "SELECT id FROM scene WHERE end_s < start_s UNION ALL "
        "SELECT id FROM moment WHERE end_s < start_s"
    ),
    "moment of subtitles without a track of them": (
        "SELECT moment.id FROM moment JOIN scene ON scene.id = scene_id WHERE kind = 'subtitle' "
        "AND NOT EXISTS (SELECT FROM subtitle_track AS own WHERE own.video_id = scene.video_id "
        "AND own.name IS NOT DISTINCT FROM track)"
    ),
    "vector of a wrong dimension or length": (
        "SELECT moment_id FROM embedding JOIN space ON space.key = embedding.space "
        "WHERE vector_dims(vector) <> dim OR abs(l2_norm(vector) - 1) > 0.02"
    ),
}
"""Each fault, and the statement that selects the rows that have it."""


def find_faults(database: Database, keyframes_dir: Path) -> list[str]:
    """Every invariant that does not hold, as a sentence with the first rows that break it."""
    return [
        *_faulty_rows(database),
        *_incomplete_spaces(Spaces(database)),
        *_keyframe_faults(database, keyframes_dir),
    ]


def _faulty_rows(database: Database) -> Iterator[str]:
    with database.session() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))  # whole tables are read
        for fault, query in _FAULTS.items():
            rows = session.execute(sa.text(query)).scalars().all()
            if rows:
                yield _sentence(fault, rows)


def _incomplete_spaces(spaces: Spaces) -> Iterator[str]:
    """Only of active spaces: one that fills, or that is retired, may lack moments."""
    for space in spaces.all().values():
        if space.state is SpaceState.ACTIVE:
            missing = spaces.moments_missing(space.key, limit=_MANY)
            if missing:
                ids = [moment.id for moment in missing]
                yield _sentence(f"moment without its embedding in {space.key}", ids)


def _keyframe_faults(database: Database, keyframes_dir: Path) -> Iterator[str]:
    """Rows and JPEGs that lack each other."""
    with database.session() as session:
        query = sa.text("SELECT image_path FROM moment WHERE image_path IS NOT NULL")
        named = set(session.execute(query).scalars())
    on_disk = {
        path.relative_to(keyframes_dir).as_posix() for path in keyframes_dir.glob("*/*/*.jpg")
    }
    if lost := sorted(named - on_disk):
        yield _sentence("keyframe without its file", lost)
    if stray := sorted(on_disk - named):
        yield _sentence("keyframe file that no row names", stray)


def _sentence(fault: str, rows: Sequence[object]) -> str:
    shown = ", ".join(map(str, rows[:3]))
    return f"{fault}: {len(rows)} ({shown}{', …' if len(rows) > 3 else ''})"
