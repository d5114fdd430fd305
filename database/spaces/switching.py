"""The switch from one space of a slot to another, within somebody else's transaction."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from database.errors import SpaceIncomplete, SpaceInUse, UnknownStoredSpace
from database.models import SpaceState, StoredSpace
from database.spaces.coverage import is_counted, lacks_moments, read_coverage


def get_stored(session: Session, key: str) -> StoredSpace:
    """The row of a space. Raises UnknownStoredSpace."""
    row = session.get(StoredSpace, key)
    if row is None:
        raise UnknownStoredSpace(
            f"the library has no space {key}: fill it with python -m ingest.backfill --spaces {key}"
        )
    return row


def find_before(session: Session, row: StoredSpace) -> StoredSpace:
    """What was searched before an active space. Raises SpaceInUse, UnknownStoredSpace."""
    if row.state is not SpaceState.ACTIVE:
        raise SpaceInUse(f"{row.key} is not searched: there is nothing to take back")
    before = session.scalar(
        sa.select(StoredSpace)
        .where(
            StoredSpace.slot == row.slot,
            StoredSpace.state != SpaceState.ACTIVE,
            StoredSpace.activated_at.is_not(None),
        )
        .order_by(StoredSpace.activated_at.desc())
        .limit(1)
    )
    if before is None:
        raise UnknownStoredSpace(f"no space was active before in the slot {row.slot}")
    return before


def is_complete(session: Session, key: str) -> bool:
    """Whether a space lacks nothing of the videos that are there."""
    return is_counted(session, key) and not lacks_moments(session, key)


def require_complete(session: Session, row: StoredSpace) -> None:
    """Raises SpaceIncomplete for a space that is not searched and could not be."""
    if row.state is not SpaceState.ACTIVE and not is_complete(session, row.key):
        raise _incomplete(session, row)


def switch_to(session: Session, row: StoredSpace) -> None:
    """Makes a space, in which every video is counted, the active one of its slot. Raises
    SpaceIncomplete if it lacks something by now."""
    if row.state is SpaceState.ACTIVE:
        return
    if lacks_moments(session, row.key):
        raise _incomplete(session, row)
    session.execute(
        sa.update(StoredSpace)
        .where(StoredSpace.slot == row.slot, StoredSpace.state == SpaceState.ACTIVE)
        .values(state=SpaceState.RETIRED)
    )
    row.state = SpaceState.ACTIVE
    row.activated_at = sa.func.clock_timestamp()


def _incomplete(session: Session, row: StoredSpace) -> SpaceIncomplete:
    coverage = read_coverage(session, row.key)
    return SpaceIncomplete(
        f"{row.key} holds {coverage.embedded} of {coverage.wanted} moments: complete it first, "
        f"with python -m ingest.backfill --spaces {row.key}"
    )
