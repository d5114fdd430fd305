"""The invariants of a library: nothing lost, nothing duplicated, nothing half-written."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from database.models import MomentKind
from database.session import Database
from embeddings.space import Input
from embeddings.spaces import PROFILES, SPACES

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

_KINDS = {
    Input.IMAGE: (MomentKind.KEYFRAME,),
    Input.TEXT: (MomentKind.SPEECH, MomentKind.OCR),
}


def moments_missing(database: Database, space: str, profile: str) -> list[int]:
    """Moments of the profile's videos that the space should have embedded and has not."""
    kinds = [kind.value for kind in _KINDS[SPACES[space].input]]
    statement = sa.text(
        "SELECT moment.id FROM moment JOIN scene ON scene.id = scene_id "
        "JOIN video ON video.id = video_id WHERE profile = :profile "
        "AND kind::text = ANY(:kinds) AND NOT EXISTS (SELECT FROM embedding "
        "WHERE moment_id = moment.id AND space = :space) ORDER BY moment.id"
    )
    with database.session() as session:
        found = session.execute(
            statement, {"profile": profile, "kinds": kinds, "space": space}
        ).scalars()
        return list(found)


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
    for profile in PROFILES.values():
        for space in profile.spaces:
            missing = moments_missing(database, space.key, profile.name)
            if missing:
                faults.append(_sentence(f"moment without its embedding in {space.key}", missing))
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
