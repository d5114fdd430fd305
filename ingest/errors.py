"""Every error of this package; all derive from IngestError."""

from embeddings.errors import SceneseekError


class IngestError(SceneseekError):
    """Base of the errors of the ingest package."""


class VideoUnreadable(IngestError):
    """A file that cannot be ingested; the message is the reason in its outcome."""


class NotMedia(VideoUnreadable):
    """A file that is neither video nor audio."""


class StillImage(VideoUnreadable):
    """A picture, not a recording."""


class DecoderKilled(VideoUnreadable):
    """A file whose decoder was ended by somebody else; by itself it may be as it should."""


class Interrupted(IngestError):
    """The person stopped the run."""


class UsageError(IngestError):
    """A command line that contradicts itself, or a path of it that leads nowhere."""

    exit_code = 2


class FileChanged(VideoUnreadable):
    """A file that was written to while it was read."""


class NotFetched(VideoUnreadable):
    """An object that could not be fetched from its bucket; the next run tries it again."""


class NotClippable(VideoUnreadable):
    """A clip that cannot be made as it was asked for; the message says what to ask for instead."""


class ClusterUnavailable(IngestError):
    """A Ray cluster that cannot be joined, or cannot work for this library."""


class ClusterFailed(IngestError):
    """What ended the work of a cluster: the machine, and what was wrong there."""
