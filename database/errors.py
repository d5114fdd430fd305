"""Every error of this package; all derive from DatabaseError. Each message says what to do."""

import errno

from embeddings.errors import SceneseekError


class DatabaseError(SceneseekError):
    """Base of the errors of the database package."""


class DatabaseUnreachable(DatabaseError):
    """No connection to the database could be made."""


class SchemaMismatch(DatabaseError):
    """The database's schema is older or newer than this code."""


class DiskFull(DatabaseError):
    """The database, or the folder of the program, has no room left."""

    ERRNOS = (errno.ENOSPC, errno.EDQUOT)

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} is full: free disk space and run again; what was stored is intact"
        )


class ValueRefused(DatabaseError):
    """A value that the database cannot hold: a fault of one file or one request."""


class SpaceBusy(DatabaseError):
    """Another process works on the same space."""


class SpaceIncomplete(DatabaseError):
    """A space that lacks vectors cannot be made the active one."""


class SpaceGone(DatabaseError):
    """A space was removed while it was read."""


class SpaceInUse(DatabaseError):
    """A space that is searched cannot be removed."""


class SpaceMismatch(DatabaseError):
    """A space's key stands for another model in this library than in this code."""


class SpacesChanged(DatabaseError):
    """A space was made active while a video was embedded without it."""


class UnknownStoredSpace(DatabaseError):
    """A space that the library does not have."""


class NotFound(DatabaseError):
    """A row that was asked for by its id does not exist."""


class InvalidTag(DatabaseError):
    """A tag that cannot be given to a video; the message says why."""

    exit_code = 2
