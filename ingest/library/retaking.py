"""Files of subtitles beside a recording that is in the library: what has changed in them is taken
up, and the recording itself stays as it is."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from database.errors import SpacesChanged
from database.models import FileStatus
from database.videos.records import FileRecord, MomentRecord, Sidecar, Subtitles
from database.videos.stored import StoredVideo
from database.videos.subtitles import SubtitleStore
from embeddings.encoder import Clip, Image
from embeddings.loaded import Encoders
from embeddings.space import Space
from ingest.files.found import FoundFile
from ingest.files.identity import MAX_LOOKED_AT
from ingest.files.outcome import Outcome, OutcomeStatus, printable
from ingest.files.presence import is_as_recorded, is_unmounted
from ingest.library.brought import subtitle_moments
from ingest.library.embed import Embeddable, Source, embed_moments
from ingest.library.sidecars import UNREAD, Places, each_once, read_beside, searched, told_before
from ingest.scenes.scene import Scene, Span


@dataclass(frozen=True)
class Retaking:
    """What subtitles are taken up with."""

    store: SubtitleStore
    encoders: Encoders
    spaces: Callable[[], Sequence[Space]]
    """Those that are filled now."""

    def take_up(self, file: FoundFile, video: StoredVideo, outcome: Outcome) -> Outcome:
        """Reads the subtitles of a recording anew if those beside the file are others than they
        were, or some are of a place where it is no more; the outcome with what was done. Raises
        ValueRefused.
        """
        places = self.store.places(video.id, MAX_LOOKED_AT)
        # What has other content by now is soon found to be of another video.
        before: Places = {
            Path(place.path): place.sidecars
            for place in places
            if place.path == str(file.path) or is_as_recorded(place)
        }
        now = {**before, file.path: file.sidecars}
        known = self.store.tracks(video.id)
        there = {path.with_name(each.name) for path, own in now.items() for each in own}
        kept = [track for track in known if self._stays(track, places)]
        is_gone = any(Path(t.path) not in there for t in known if t.path and t not in kept)
        if file.sidecars == before.get(file.path, ()) and not is_gone:
            return outcome
        found = read_beside(now, video.duration_s)
        file = dataclasses.replace(file, sidecars=tuple(found.as_read[file.path]))
        if file.sidecars == before.get(file.path) and not is_gone:
            return outcome  # what could not be opened still cannot be
        tracks = each_once([*kept, *found.tracks])
        around = self.store.surroundings(video.id)
        scenes = [Scene(*span) for span in around.scenes]
        moments = subtitle_moments(tracks, scenes, around.spoken)
        record = _record(file, video)
        told = told_before(video.notes, [*before.values(), *now.values()])
        notes = [*told, *found.notes, *searched(tracks)[1]]
        num_moments = self._store(video.id, tracks, moments, notes, record)
        outcome = dataclasses.replace(outcome, moments=num_moments)
        return _told(outcome, f"{_done(file.sidecars)}; the recording itself is as it was", notes)

    def _stays(self, track: Subtitles, places: Sequence[FileRecord]) -> bool:
        """Whether a track is not to be read anew: one within the recording, of a file of another
        host, which alone can say what has become of it, or beside a place whose disk is away."""
        if track.path is None or not self.store.is_own(track):
            return True
        beside = [place for place in places if Path(place.path).parent == Path(track.path).parent]
        return any(is_unmounted(place.mount) for place in beside)

    def _store(
        self,
        video_id: int,
        tracks: Sequence[Subtitles],
        moments: Sequence[MomentRecord],
        notes: Sequence[str],
        file: FileRecord,
    ) -> int:
        """Embeds and stores subtitles; once more where a space becomes active in between. How many
        moments the video has then."""
        while True:
            spaces = self.spaces()
            embedded = self._embed(moments, spaces)
            with contextlib.suppress(SpacesChanged):
                keys = [space.key for space in spaces]
                return self.store.replace(video_id, tracks, embedded, notes, file, keys)

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


def _done(sidecars: Sequence[Sidecar]) -> str:
    """What was done with the files of subtitles beside a recording."""
    names = [printable(each.name) for each in sidecars if each.size_bytes != UNREAD]
    if names:
        return f"subtitles read anew: {' and '.join(names)}"
    return "subtitles cannot be read" if sidecars else "subtitles that lay beside it are gone"


def _told(outcome: Outcome, done: str, notes: list[str]) -> Outcome:
    """The outcome of a recording that is in the library with what was done all the same."""
    if outcome.status is OutcomeStatus.PARTIAL:
        return dataclasses.replace(outcome, notes=[*notes, done])
    reason = "; ".join(filter(None, (outcome.reason, done)))
    return dataclasses.replace(outcome, status=OutcomeStatus.DONE, reason=reason, notes=notes)


def _record(file: FoundFile, video: StoredVideo) -> FileRecord:
    return FileRecord(
        str(file.path),
        file.size_bytes,
        file.mtime_ns,
        FileStatus(video.status.value),
        video.reason,
        video.id,
        file.sidecars,
        file.mount,
    )


def _no_keyframe(moment: Embeddable) -> Image:
    raise AssertionError(f"{moment} has a picture: subtitles have none")


def _no_clips(spans: Sequence[Span]) -> Iterator[Clip]:
    raise AssertionError(f"{spans} are clips: subtitles have none")
