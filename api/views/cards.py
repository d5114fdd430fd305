"""Hits as cards: a still, where and when it is, how sure, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from api.requests import MAX_SCENES
from api.views.form import PageForm
from api.web.rendering import clock, model
from database.models import MomentKind
from database.queries.hits import MomentInfo
from search.results.excerpt import Excerpt, excerpt_of
from search.results.hits import Evidence, SearchHit, SequenceAnswer, SequenceHit
from search.results.links import keyframe_url

VERBS = {
    MomentKind.KEYFRAME: "shown",
    MomentKind.SPAN: "done",
    MomentKind.SPEECH: "said",
    MomentKind.OCR: "on screen",
    MomentKind.SUBTITLE: "in subtitles",
    MomentKind.CHAPTER: "chapter",
    MomentKind.TITLE: "named",
    MomentKind.DESCRIPTION: "described",
}
"""What a moment does, in a word that stands before its text."""
_MAX_CHARACTERS = 160
"""Of a text, so many are shown."""
_RICH = 100
"""Hits with two reasons and every mark; those after them have one, to keep long pages light."""
_WIDTH_PX, _HEIGHT_PX = 1600, 900
"""Of videos that do not say theirs."""


@dataclass(frozen=True)
class Piece:
    """A part of a text; marked if it is a word of the query."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Reason:
    """One piece of evidence as people read it: said (Commentary): “The crew is drilling”; described
    by llava:7b: “A man drills into a rock”."""

    verb: str
    start_s: float
    """From where on it is heard or seen: of a sentence, the words of the query."""
    pieces: tuple[Piece, ...]
    """Empty for what has no words."""
    track: str | None
    """The sound track or channel that it was said on, if that has a name."""
    author: str | None = None
    """The model that wrote it, if one did."""

    @property
    def lead(self) -> str:
        """What stands before its words: said (Commentary)."""
        by = f" by {model(self.author)}" if self.author else ""
        return f"{self.verb} ({self.track})" if self.track else f"{self.verb}{by}"

    @property
    def text(self) -> str:
        """Its words, without marks."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Outlines:
    """Boxes in a picture of so many pixels, as one SVG path."""

    width_px: int
    height_px: int
    path: str


@dataclass(frozen=True)
class Opening:
    """A search for hits that stand behind this one: "All hits in this video"."""

    label: str
    url: str
    in_place: bool = False
    """Whether the page's script may put those hits under this one, instead of leading there."""


@dataclass(frozen=True)
class Card:
    """A hit as the page shows it; [start_s, end_s) is what plays."""

    rank: int
    scene_id: int
    video_id: int
    title: str
    start_s: float
    end_s: float
    recorded_at: datetime | None
    score: float
    weak: bool
    url: str
    """Of the moment, for everybody."""
    still_url: str | None
    """None for a recording without pictures."""
    clock: str | None
    """Of its file, for the player (static/file_clock.js), where stamps are not the times."""
    outlines: Outlines | None
    """Where the words that were found stand in the still."""
    reasons: tuple[Reason, ...]
    openings: tuple[Opening, ...] = ()

    @property
    def name(self) -> str:
        """What a screen reader says: tour, 0:12, said: The crew is drilling."""
        first = self.reasons[0] if self.reasons else None
        words = f": {first.text}" if first and first.pieces else ""
        why = f", {first.lead}{words}" if first else ""
        return f"{self.title}, {clock(self.start_s)}{why}"


@dataclass(frozen=True)
class SequenceCard:
    """A sequence as the page shows it: a card for each step; [start_s, end_s) plays."""

    rank: int
    score: float
    weak: bool
    steps: tuple[Card, ...]
    start_s: float
    end_s: float
    url: str

    @property
    def name(self) -> str:
        """What a screen reader says: the video, and when each step happens."""
        times = ", then ".join(clock(step.start_s) for step in self.steps)
        return f"{self.steps[0].title}, {times}"


def cards(hits: Sequence[SearchHit], form: PageForm) -> list[Card]:
    """A card for each hit of the page."""
    return [card(hit, form.q, tuple(_openings(hit, form))) for hit in hits]


def sequence_cards(answer: SequenceAnswer) -> list[SequenceCard]:
    """A card for each sequence."""
    return [_sequence_card(hit, answer) for hit in answer.hits]


def watch_url(video_id: int, start_s: float, end_s: float | None, query: str = "") -> str:
    """The address of a moment: /watch/1?t=12.5&end=19."""
    fields = {"t": _seconds(start_s)}
    if end_s is not None:
        fields["end"] = _seconds(end_s)
    if query:
        fields["q"] = query
    return f"/watch/{video_id}?{urlencode(fields)}"


def _seconds(seconds: float) -> str:
    """To the millisecond, as short as it can be written: 12.5, 19, 100000.123."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def reason_of(evidence: Evidence) -> Reason:
    """A piece of evidence in words."""
    moment = evidence.moment
    pieces = tuple(_pieces(excerpt_of(moment, _MAX_CHARACTERS)))
    start_s = round(evidence.start_s, 3)
    return Reason(VERBS[moment.kind], start_s, pieces, moment.track, moment.made_by)


def _pieces(excerpt: Excerpt) -> Iterator[Piece]:
    """A text cut at its marks, with an ellipsis where it is not whole."""
    text, at = excerpt.text, 0
    if not excerpt.begins:
        yield Piece("…")
    for first, last in _joined(text, excerpt.marks):
        if first > at:
            yield Piece(text[at:first])
        yield Piece(text[first:last], marked=True)
        at = last
    if at < len(text):
        yield Piece(text[at:])
    if not excerpt.ends:
        yield Piece("…")


def _joined(text: str, marks: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Marks with nothing but white space between them as one."""
    joined: list[tuple[int, int]] = []
    for first, last in marks:
        if joined and not text[joined[-1][1] : first].strip():
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def card(hit: SearchHit, query: str, openings: tuple[Opening, ...] = ()) -> Card:
    """A hit as a card; its link carries the query, for the strip of all its moments."""
    shown = _shown(hit)
    start_s, end_s = round(hit.start_s, 3), round(hit.end_s, 3)
    still_s = shown.moment.start_s if shown else hit.start_s
    return Card(
        rank=hit.rank,
        scene_id=hit.scene.scene_id,
        video_id=hit.video.id,
        title=hit.video.title,
        start_s=start_s,
        end_s=end_s,
        recorded_at=hit.video.recorded_at,
        score=hit.score,
        weak=hit.weak,
        url=watch_url(hit.video.id, start_s, end_s, query),
        still_url=keyframe_url(hit.scene.scene_id, still_s) if hit.video.has_pictures else None,
        clock=hit.video.clock.to_json(),
        outlines=_outlines(shown, hit) if shown else None,
        reasons=tuple(map(reason_of, hit.moments[: 2 if hit.rank <= _RICH else 1])),
        openings=openings,
    )


def _sequence_card(hit: SequenceHit, answer: SequenceAnswer) -> SequenceCard:
    start_s, end_s = round(hit.start_s, 3), round(hit.end_s, 3)
    steps = zip(hit.steps, answer.steps, strict=True)
    return SequenceCard(
        rank=hit.rank,
        score=hit.score,
        weak=hit.weak,
        steps=tuple(card(step, query.text) for step, query in steps),
        start_s=start_s,
        end_s=end_s,
        url=watch_url(hit.steps[0].video.id, start_s, end_s, answer.steps[0].text),
    )


def _shown(hit: SearchHit) -> Evidence | None:
    """The strongest evidence that is seen: what is shown or described, or text on the screen."""
    seen = (MomentKind.KEYFRAME, MomentKind.OCR, MomentKind.SPAN, MomentKind.DESCRIPTION)
    return next((each for each in hit.evidence if each.moment.kind in seen), None)


def _outlines(evidence: Evidence, hit: SearchHit) -> Outlines | None:
    width, height = hit.video.width_px or _WIDTH_PX, hit.video.height_px or _HEIGHT_PX
    moment, path = evidence.moment, ""
    boxes = moment.boxes or []
    if moment.marks:
        boxes = [boxes[line] for line in _marked_lines(moment) if line < len(boxes)]
    elif evidence is not hit.evidence[0]:
        boxes = []  # its text is not what was asked for
    for left, top, right, bottom in boxes:
        across, down = round((right - left) * width), round((bottom - top) * height)
        path += f"M{round(left * width)} {round(top * height)}h{across}v{down}h-{across}z"
    return Outlines(width, height, path) if path else None


def _marked_lines(moment: MomentInfo) -> list[int]:
    """The numbers of the lines of a text that have a word of the query."""
    text = moment.text or ""
    return sorted({text.count("\n", 0, first) for first, _last in moment.marks})


def _openings(hit: SearchHit, form: PageForm) -> Iterator[Opening]:
    if alike := hit.scene.alike:
        url = form.url(alike=alike[:MAX_SCENES])
        yield Opening(f"{len(alike)} alike", url, in_place=True)
    if hit.scene.others:  # the search in one video looks deeper, and may find more than so many
        more = form.url(by_video=None, video_ids=(hit.video.id,))
        yield Opening("All hits in this video", more)
