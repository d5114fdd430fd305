"""Files of subtitles beside a recording that is in the library: what has changed in them is taken
up, and the recording itself stays as it is."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from database.errors import SpacesChanged
from database.models import FileStatus
from database.videos.records import FileRecord, MomentRecord
from database.videos.stored import StoredVideo
from database.videos.subtitles import SubtitleStore
from embeddings.encoder import Clip, Image
from embeddings.loaded import Encoders
from embeddings.space import Space
from ingest.files.discover import FoundFile
from ingest.files.identity import MAX_LOOKED_AT
from ingest.files.outcome import printable
from ingest.library.brought import subtitle_moments
from ingest.library.embed import Embeddable, Source, embed_moments
from ingest.library.sidecars import Places, each_once, read_beside, told_before
from ingest.scenes.scene import Scene, Span


@dataclass(frozen=True)
class Retaking:
    """What subtitles are taken up with."""

    store: SubtitleStore
    encoders: Encoders
    spaces: Callable[[], Sequence[Space]]
    """Those that are filled now."""

    def places(self, video: StoredVideo) -> Places:
        """Where a recording lies, with what lay beside it when it was looked at last."""
        found = self.store.places(video.id, MAX_LOOKED_AT)
        return {Path(path): sidecars for path, sidecars in found.items()}

    def take_up(self, file: FoundFile, video: StoredVideo, before: Places) -> str | None:
        """Reads the subtitles of a recording anew if those beside it are others than `before`, in
        whatever place; what was done, in words, and None if nothing was.

        Raises ValueRefused.
        """
        now = {**self.places(video), file.path: file.sidecars}
        if _beside(now) == _beside(before):
            return None
        found, notes = read_beside(now, video.duration_s)
        own = [track for track in self.store.tracks(video.id) if track.path is None]
        tracks = each_once([*own, *found])
        around = self.store.surroundings(video.id)
        scenes = [Scene(*span) for span in around.scenes]
        moments = subtitle_moments(tracks, scenes, around.spoken)
        record = _record(file, video)
        notes = [*told_before(video.notes, {**now, **before}), *notes]
        stored = False
        while not stored:
            spaces = self.spaces()
            embedded = self._embed(moments, spaces)
            with contextlib.suppress(SpacesChanged):
                keys = [space.key for space in spaces]
                self.store.replace(video.id, tracks, embedded, notes, record, keys)
                stored = True
        names = " and ".join(printable(each.name) for each in file.sidecars)
        done = f"read anew: {names}" if names else "that lay beside it are gone"
        return f"subtitles {done}; the recording itself is as it was"

    def _embed(
        self, moments: Sequence[MomentRecord], spaces: Sequence[Space]
    ) -> list[MomentRecord]:
        return embed_moments(
            moments,
            spaces,
            self.encoders,
            Source(_no_keyframe, _no_clips),
            lambda _name, _inputs, compute: compute(),
        )


def _beside(places: Places) -> set[tuple[object, ...]]:
    return {(path, *sidecars) for path, sidecars in places.items() if sidecars}


def _record(file: FoundFile, video: StoredVideo) -> FileRecord:
    return FileRecord(
        str(file.path),
        file.size_bytes,
        file.mtime_ns,
        FileStatus(video.status.value),
        video.reason,
        video.id,
        file.sidecars,
    )


def _no_keyframe(moment: Embeddable) -> Image:
    raise AssertionError(f"{moment} has a picture: subtitles have none")


def _no_clips(spans: Sequence[Span]) -> Iterator[Clip]:
    raise AssertionError(f"{spans} are clips: subtitles have none")
