"""The invariants of a library: nothing lost, nothing duplicated, nothing half-written."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from database.models import SpaceState
from database.server.connection import Database
from database.spaces.spaces import Spaces

_MANY = 1_000_000

# Each names a fault and selects the rows that have it.
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
    "vector of a wrong dimension or length": (
        "SELECT moment_id FROM embedding JOIN space ON space.key = embedding.space "
        "WHERE vector_dims(vector) <> dim OR abs(l2_norm(vector) - 1) > 0.02"
    ),
}


def find_faults(database: Database, keyframes_dir: Path) -> list[str]:
    """Every invariant that does not hold, as a sentence with the first rows; none is clean."""
    faults = []
    with database.session() as session:
        for fault, query in _FAULTS.items():
            rows = session.execute(sa.text(query)).scalars().all()
            if rows:
                faults.append(_sentence(fault, rows))
        named = set(
            session.execute(
                sa.text("SELECT image_path FROM moment WHERE image_path IS NOT NULL")
            ).scalars()
        )
    spaces = Spaces(database)
    for space in spaces.all().values():
        if space.state is SpaceState.ACTIVE:
            missing = spaces.moments_missing(space.key, limit=_MANY)
            if missing:
                ids = [moment.id for moment in missing]
                faults.append(_sentence(f"moment without its embedding in {space.key}", ids))
    on_disk = {
        path.relative_to(keyframes_dir).as_posix() for path in keyframes_dir.glob("*/*/*.jpg")
    }
    if lost := sorted(named - on_disk):
        faults.append(_sentence("keyframe without its file", lost))
    if stray := sorted(on_disk - named):
        faults.append(_sentence("keyframe file that no row names", stray))
    return faults


def _sentence(fault: str, rows: Iterable[object]) -> str:
    rows = list(rows)
    shown = ", ".join(map(str, rows[:3]))
    return f"{fault}: {len(rows)} ({shown}{', …' if len(rows) > 3 else ''})"
