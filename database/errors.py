"""Every error of this package; all derive from DatabaseError. Each message says what to do."""

import errno

from embeddings.errors import SceneseekError


class DatabaseError(SceneseekError):
    """Base of the errors of the database package."""


class DatabaseUnreachable(DatabaseError):
    """No connection to the database: there is none to be made, or it was cut."""


class DatabaseOverloaded(DatabaseError):
    """The server, or the pool, has no connection, memory or temporary space left."""


class DatabaseUnsuitable(DatabaseError):
    """The server lacks, or forbids, what sceneseek needs: pgvector, the right to make tables or to
    write."""


class NotForShards(DatabaseError):
    """What works on one database only, asked of a library that is spread over several."""


class TooSlow(DatabaseError):
    """A statement was cancelled, most often by `statement_timeout`."""


class TransactionConflict(DatabaseError):
    """A transaction was rolled back because of another one; run again, it succeeds."""


class SchemaMismatch(DatabaseError):
    """The database's schema is older or newer than this code."""


class DiskFull(DatabaseError):
    """No room is left on the disk of the database, or of SCENESEEK_HOME."""

    ERRNOS = (errno.ENOSPC, errno.EDQUOT)

    def __init__(self, where: str) -> None:
        super().__init__(where)  # what it is made of again where it has come from a child

    def __str__(self) -> str:
        return f"{self.args[0]} is full: free disk space and run again; what was stored is intact"


class ValueRefused(DatabaseError):
    """A value that PostgreSQL cannot hold: the outcome of one file or one request."""


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


class ClaimLost(DatabaseError):
    """Another process has got what this one had to itself, or has done what it was for."""


class NotFound(DatabaseError):
    """A row that was asked for by its id does not exist."""


class ObjectGone(DatabaseError):
    """An object that is not in its bucket, or is another one by now."""


class ObjectRefused(DatabaseError):
    """An object that is there, perhaps, and may not be read or written."""


class ObjectsUnreachable(DatabaseError):
    """A bucket that does not answer, is not there, or cannot be asked from here."""


class JobConflict(DatabaseError):
    """A job whose state does not allow what was asked for; the message says which would."""


class KeyNameTaken(DatabaseError):
    """There is an API key of this name."""

    exit_code = 2


class InvalidTag(DatabaseError):
    """A tag that cannot be given to a video; the message says why."""

    exit_code = 2


class UnknownTable(DatabaseError):
    """A table of one's own that is not there, or that this role may not read."""

    exit_code = 2


class UnknownColumn(DatabaseError):
    """A column that a table does not have, or that does not hold vectors."""

    exit_code = 2


class UnknownMetric(DatabaseError):
    """A way to compare vectors that there is not."""

    exit_code = 2


class OutOfRange(DatabaseError):
    """A number of a search that is too small or too large; the message says between which."""

    exit_code = 2
