"""Every error of this package; all derive from IngestError."""

from embeddings.errors import SceneseekError


class IngestError(SceneseekError):
    """Base of the errors of the ingest package."""


class VideoUnreadable(IngestError):
    """A file that cannot be ingested; the message is the reason shown to people."""


class NotMedia(VideoUnreadable):
    """A file that is neither video nor audio."""


class StillImage(VideoUnreadable):
    """A picture, not a recording."""


class Interrupted(IngestError):
    """The person stopped the run."""


class UsageError(IngestError):
    """What a command line asks for does not go together, or a path of it leads nowhere."""

    exit_code = 2


class FileChanged(VideoUnreadable):
    """A file that was written to while it was read."""
