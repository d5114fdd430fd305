"""What is long on the page of a video, part by part: its scenes, and what is said in it. The page
has the part around the moment; its script, or a link, leads to the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api.subtitles import SubtitleTrack
from api.views.cards import watch_url
from database.errors import NotFound
from database.server.connection import Database
from database.videos.contents import Contents, Place, SceneInfo, SpokenText
from database.videos.read import VideoInfo
from database.videos.subtitles import SubtitleStore

SOME_SCENES = 60
"""Of a video with more, so many are shown, from everywhere in it, until all are asked for."""
MAX_SCENES = 300
"""Of a part of all of them."""
MAX_LINES = 400
"""Of a part of a transcript; films have about 1,500 lines."""
_LINES_BEFORE = 100
"""Of them, before the moment."""


@dataclass(frozen=True)
class Link:
    """What leads to another part: the page of the video there, and the part alone, for scripts."""

    page: str
    part: str


@dataclass(frozen=True)
class Lines:
    """A part of a transcript."""

    lines: Sequence[SpokenText]
    earlier: Link | None
    later: Link | None
    subtitles: int | None = None
    """The number of the track of subtitles that they are of; None for what is said."""


@dataclass(frozen=True)
class Scenes:
    """A part of the scenes, or some from everywhere."""

    scenes: Sequence[SceneInfo]
    earlier: Link | None = None
    later: Link | None = None
    are_some: bool = False


class Parts:
    """Reads the parts of one video; links between its pages carry the query."""

    def __init__(self, database: Database, video: VideoInfo, query: str = "") -> None:
        self._contents = Contents(database)
        self._subtitles = SubtitleStore(database)
        self._video = video
        self._query = query

    def lines_at(
        self, at_s: float, tracks: Sequence[str | None], subtitles: Sequence[SubtitleTrack]
    ) -> Lines:
        """The part of what is said around a moment; where nobody speaks, of the first track of
        subtitles."""
        if not tracks and subtitles:
            position = self._subtitles.num_before(self._video.id, 0, at_s)
            return self.subtitle_lines(0, subtitles, max(position - 1, 0) // MAX_LINES * MAX_LINES)
        around = Place(at_s, 0)
        before = self._contents.spoken_before(self._video.id, around, _LINES_BEFORE + 1)
        num_later = MAX_LINES - min(len(before), _LINES_BEFORE)
        later = self._contents.spoken(self._video.id, after=around, limit=num_later + 1)
        return self._lines(
            [*before[-_LINES_BEFORE:], *later[:num_later]],
            has_earlier=len(before) > _LINES_BEFORE,
            has_later=len(later) > num_later,
        )

    def lines_after(self, place: Place) -> Lines:
        """The part of what is said after a line."""
        lines = self._contents.spoken(self._video.id, after=place, limit=MAX_LINES + 1)
        return self._lines(lines[:MAX_LINES], has_earlier=True, has_later=len(lines) > MAX_LINES)

    def lines_before(self, place: Place) -> Lines:
        """The part of what is said before a line."""
        lines = self._contents.spoken_before(self._video.id, place, MAX_LINES + 1)
        return self._lines(lines[-MAX_LINES:], has_earlier=len(lines) > MAX_LINES, has_later=True)

    def subtitle_lines(self, number: int, subtitles: Sequence[SubtitleTrack], first: int) -> Lines:
        """The part of a track of subtitles from one of its lines on. Raises NotFound if it has
        fewer."""
        track = subtitles[number]
        found = self._subtitles.some_lines(self._video.id, number, first, MAX_LINES)
        if first and not found:
            raise NotFound(f"subtitles {number} of video {self._video.id} have no line {first}")
        lines = [SpokenText(*line, track.language, track.label) for line in found]
        following = first + MAX_LINES
        return Lines(
            lines,
            self._subtitle_link(number, max(first - MAX_LINES, 0)) if first else None,
            self._subtitle_link(number, following) if following < track.num_lines else None,
            number,
        )

    def scenes_at(self, at_s: float, *, every: bool) -> Scenes:
        """The part of the scenes around a moment; without `every`, some from everywhere if they
        are many."""
        if every:
            position = self._contents.num_scenes_begun(self._video.id, at_s) - 1
            return self.scenes_from(max(position, 0) // MAX_SCENES * MAX_SCENES)
        num = self._video.num_scenes
        if num <= SOME_SCENES:
            return Scenes(self._contents.scenes(self._video.id))
        positions = [place * num // SOME_SCENES for place in range(SOME_SCENES)]
        return Scenes(self._contents.scenes_at(self._video.id, positions), are_some=True)

    def scenes_from(self, first: int) -> Scenes:
        """The part of all scenes from one on."""
        found = self._contents.scenes(self._video.id, after=first, limit=MAX_SCENES + 1)
        shown, more = found[:MAX_SCENES], found[MAX_SCENES:]
        earlier = later = None
        if first and shown:
            earlier = self._scene_link(max(first - MAX_SCENES, 0), max(shown[0].start_s - 1, 0))
        if more:
            later = self._scene_link(more[0].position, more[0].start_s)
        return Scenes(shown, earlier, later)

    def _lines(self, lines: Sequence[SpokenText], *, has_earlier: bool, has_later: bool) -> Lines:
        earlier = later = None
        if lines and has_earlier:
            earlier = self._link("lines", lines[0].start_s, before=str(lines[0].place))
        if lines and has_later:
            later = self._link("lines", lines[-1].end_s, after=str(lines[-1].place))
        return Lines(lines, earlier, later)

    def _subtitle_link(self, number: int, first: int) -> Link | None:
        """None if a new file of subtitles has become shorter meanwhile."""
        found = self._subtitles.some_lines(self._video.id, number, first, 1)
        return self._link("lines", found[0][0], track=number, line=first) if found else None

    def _scene_link(self, first: int, at_s: float) -> Link:
        link = self._link("scenes", at_s, after=first)
        return Link(f"{link.page}&all=1#scenes", link.part)

    def _link(self, part: str, at_s: float, **fields: object) -> Link:
        page = watch_url(self._video.id, at_s, None, self._query)
        return Link(page, f"/watch/{self._video.id}/{part}?{urlencode(fields)}")
