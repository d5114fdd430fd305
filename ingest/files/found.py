"""A file as its folder, or its bucket, shows it."""

from dataclasses import dataclass
from pathlib import Path

from database.objects.address import Address
from database.objects.bucket import StoredObject
from database.videos.records import Sidecar
from ingest.files.presence import mount_of

EMPTY = "the file is empty"
MAX_PATH_BYTES = 2600
"""A path is a key of the database, whose index takes 2,704 bytes. Longer ones fit if they can be
compressed, which shows only when all the work is done."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as its folder shows it, or why it is refused without being opened; or a folder that
    is not looked into."""

    path: Path
    """Absolute; of an object, its key after a slash."""
    size_bytes: int = 0
    mtime_ns: int = 0
    """Of an object, `StoredObject.mark`."""
    refusal: str | None = None
    """The reason; None for a file that may be opened."""
    left_out: bool = False
    """Whether it is refused on purpose, which is no fault."""
    seen: bool = True
    """Whether it is a file that could be looked at. Later runs are told nothing of another one, and
    what the library has of it stays."""
    sidecars: tuple[Sidecar, ...] = ()
    """The files of subtitles beside it that bear its name."""
    stored: StoredObject | None = None
    """Of an object; None for a file of this host."""
    fetched: Path | None = None
    """Where an object lies on this disk, as long as it is worked on."""

    @property
    def place(self) -> Path | Address:
        """What people know it by."""
        return self.path if self.stored is None else self.stored.address

    @property
    def bucket(self) -> str | None:
        """The origin of an object; None for a file of this host."""
        return None if self.stored is None else self.stored.address.origin

    @property
    def content(self) -> Path:
        """Where its bytes are read."""
        return self.fetched or self.path

    @property
    def mount(self) -> str:
        """What takes it along when it is away: the mount point of its disk, or its bucket."""
        return mount_of(self.path) if self.stored is None else self.stored.address.origin
