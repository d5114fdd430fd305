"""Hosts that share a library, with files whose content is a word or two: what an ingest makes of a
recording is pretended, all else is as it is."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from database.opening import open_database
from database.server.connection import Database
from database.videos.forgetting import keyframe_folder
from embeddings.registry.spaces import PROFILES
from ingest import pipeline
from ingest.errors import VideoUnreadable
from ingest.files.discover import discover
from ingest.files.identity import require_unchanged
from ingest.files.outcome import Outcome, OutcomeStatus
from ingest.lanes import ingest_files
from ingest.settings import IngestSettings
from ingest.settling import Settled, settle
from tests.helpers import records

_TIMES = count(1_700_000_000)


class PretendedIngest(pipeline.Ingest):
    """An ingest of files that say what they show; those that say "broken" cannot be read."""

    def _ingest_content(self, work: pipeline.Work) -> Outcome:
        file = work.file
        text = file.content.read_text()
        if text.startswith("broken"):
            raise VideoUnreadable("damaged")
        image = f"{keyframe_folder(work.digest)}/000001000.jpg"
        write_keyframe(self.keyframes_dir / image)
        if self.database.shared is not None:
            self.database.shared.send({self.keyframes_dir / image: self.keyframes_dir / image})
        made = records.video(text)
        shown, *others = made.moments
        made = dataclasses.replace(
            made,
            content_hash=work.digest,
            title=file.path.stem,
            file_name=file.path.name,
            moments=(dataclasses.replace(shown, image_path=image), *others),
        )
        require_unchanged(file)
        place = records.file(file.path)
        place = dataclasses.replace(
            place,
            size_bytes=file.size_bytes,
            mtime_ns=file.mtime_ns,
            mount=file.mount,
        )
        self.store.save_video(made, place)
        return Outcome(str(file.place), OutcomeStatus.DONE, scenes=2, moments=3)


def write_keyframe(path: Path) -> None:
    """A JPEG, as far as anybody looks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8\xff")


def pretend_keyframes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost keyframes are made again from files that have no pictures."""

    def make(
        keyframes: Sequence[tuple[float, str]], _f: object, folder: Path, *_others: object
    ) -> int:
        lost = [path for _at_s, path in keyframes if not (folder / path).exists()]
        for path in lost:
            write_keyframe(folder / path)
        return len(lost)

    monkeypatch.setattr(pipeline, "make_missing", make)


@dataclass(frozen=True)
class Host:
    """A machine with a home, and folders, of its own."""

    name: str
    settings: IngestSettings
    database: Database
    pretends: bool = True

    @property
    def origin(self) -> str:
        """Of its files."""
        return self.database.origin

    def ingest(
        self,
        *roots: Path | str,
        jobs: int = 1,
        grace: timedelta | None = None,
        again: bool = False,
        retry: bool = False,
    ) -> tuple[list[Outcome], Settled]:
        """A whole run, as the command does it."""
        ingest = pipeline.make_ingest(
            self.database, self.settings, PROFILES["bundled"], again=again, retry=retry
        )
        if self.pretends:
            fields = {f.name: getattr(ingest, f.name) for f in dataclasses.fields(ingest)}
            ingest = PretendedIngest(**fields)
        found = discover([str(root) for root in roots])
        ended = sorted(
            ingest_files(found, ingest, jobs, lambda *_: None), key=lambda each: each.number
        )
        return [each.outcome for each in ended], settle(found.roots, ingest, grace, found.places)


@contextmanager
def host(
    name: str, settings: IngestSettings, home: Path, *, pretends: bool = True
) -> Iterator[Host]:
    """A host that uses the database of `settings`, with another home."""
    home.mkdir()
    if not (home / "models").exists():
        (home / "models").symlink_to((settings.home / "models").resolve())
    own = settings.model_copy(update={"sceneseek_home": home, "sceneseek_host": name})
    with closing(open_database(own)) as database:
        yield Host(name, own, database, pretends)


def write(path: Path, text: str) -> Path:
    """A file of this content, written later than all before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    stamp = next(_TIMES) * 10**9
    os.utime(path, ns=(stamp, stamp))
    return path
