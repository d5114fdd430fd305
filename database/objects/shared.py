"""What is made of videos, in a bucket that hosts with one library share: each sees the keyframes,
stills and segments that another has made."""

import contextlib
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from database.errors import ObjectGone
from database.objects.address import Address
from database.objects.bucket import Bucket, StoredObject, bucket
from embeddings.weights.cached import written_whole

_AT_ONCE = 8
"""Of small objects, each of which waits for an answer rather than for bytes."""
_KEYS_AT_ONCE = 1000


@dataclass(frozen=True)
class Shared:
    """A place of a bucket that holds files of a home folder, under the names that they have there.
    What is on disk is used first. Everything raises ObjectRefused, ObjectsUnreachable."""

    home: Path
    place: Address

    def send(self, files: Mapping[Path, Path]) -> None:
        """Puts files into the bucket as those of the home folder that each stands for; they are
        there when this is back."""
        put = self._bucket.put
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for sent in [pool.submit(put, self._key(own), file) for file, own in files.items()]:
                sent.result()

    def bring(self, file: Path) -> bool:
        """Whether a file of the home folder is there, or has come from the bucket now."""
        if file.exists():
            return True
        with contextlib.suppress(ObjectGone):
            self._fetch(self._bucket.look(self._key(file)), file)
            return True
        return False

    def has(self, file: Path) -> bool:
        """Whether the bucket has a file of the home folder."""
        with contextlib.suppress(ObjectGone):
            return self._bucket.look(self._key(file)).size_bytes > 0
        return False

    def bring_into(self, folder: Path, origin: Path) -> None:
        """Fetches all that the bucket has of a folder of the home folder, `origin`, into another
        one that is there."""
        stored = list(self._bucket.under(self._key(origin)))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            targets = [folder / each.address.name for each in stored]
            list(pool.map(self._fetch, stored, targets))

    def remove(self, folders: Iterable[Path]) -> None:
        """Removes what the bucket has of folders of the home folder."""
        for folder in folders:
            keys = [stored.address.key for stored in self._bucket.under(self._key(folder))]
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                self._bucket.remove(keys[start : start + _KEYS_AT_ONCE])

    def remove_files(self, files: Collection[Path]) -> None:
        """Removes what the bucket has of files of the home folder."""
        self._bucket.remove([self._key(file) for file in files])

    def names_in(self, folder: Path) -> list[str]:
        """The names of the folders that the bucket has in a folder of the home folder."""
        return self._bucket.folders(self._key(folder))

    @property
    def _bucket(self) -> Bucket:
        return bucket(self.place.bucket)

    def _key(self, path: Path) -> str:
        name = path.relative_to(self.home).as_posix()
        return f"{self.place.key}/{name}" if self.place.key else name

    def _fetch(self, stored: StoredObject, target: Path) -> None:
        with written_whole(target) as aside, aside.open("wb") as file:
            file.writelines(self._bucket.read(stored))
