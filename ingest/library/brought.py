"""Moments of the words that a recording brings with it: subtitles, chapters, its title and the name
of its file."""

from bisect import bisect_left
from collections.abc import Sequence

from rapidfuzz.utils import default_process

from database.models import MomentKind
from database.videos.records import MomentRecord, Subtitles
from ingest.library.sidecars import searched
from ingest.library.titles import title_text
from ingest.media.chapters import Chapter
from ingest.media.decode import Decoded
from ingest.perception.hearing.sentences import Sentence
from ingest.scenes.scene import Scene, scene_at, scene_of

_BESIDE_S = 1.0
"""What is said is written at most so much earlier or later."""
_LONGEST_S = 60.0
"""Lines and sentences that began longer ago are over."""
_MOST_LINES, _MOST_CHARACTERS = 200, 4000
"""What a line is compared with; where more is shown at once, it is drawings."""
_BEGINS_S = 0.5
"""A chapter that begins so shortly before a cut is of the scene after it."""

Said = tuple[float, float, str]
"""(start_s, end_s, text)."""


def brought_moments(
    decoded: Decoded, scenes: Sequence[Scene], sentences: Sequence[Sentence], file_name: str
) -> list[MomentRecord]:
    """All of them, without vectors."""
    spoken = [(said.start_s, said.end_s, said.text) for said in sentences]
    title = title_text(decoded.probe.title, file_name)
    return [
        *subtitle_moments(decoded.subtitles, scenes, spoken),
        *chapter_moments(decoded.chapters, scenes),
        *([] if title is None else [_named(title, scenes[0])]),
    ]


def subtitle_moments(
    tracks: Sequence[Subtitles], scenes: Sequence[Scene], spoken: Sequence[Said]
) -> list[MomentRecord]:
    """A moment for each line of subtitles that has a word which is neither said at the same time
    nor in a track of its language before. Speech, which is in order, comes first: when its words
    are said is known better, and people filter by it.
    """
    moments: list[MomentRecord] = []
    heard = _compared(spoken)
    before: list[tuple[str | None, list[Said]]] = []
    for track in searched(tracks)[0]:
        own = _compared(track.lines)
        others = [heard, *(lines for language, lines in before if _may_be(language, track))]
        news = [
            MomentRecord(
                scene=scene_of(scenes, start_s, end_s),
                kind=MomentKind.SUBTITLE,
                start_s=start_s,
                end_s=end_s,
                text=text,
                language=track.language,
                track=track.name,
            )
            for (start_s, end_s, text), line in zip(track.lines, own, strict=True)
            if not any(_is_among(line, said) for said in others)
        ]
        if news:  # or else whatever it says is in those before it
            before.append((track.language, own))
        moments += news
    return moments


def _may_be(language: str | None, track: Subtitles) -> bool:
    """Whether lines may be in the language of a track."""
    return language is None or track.language is None or language == track.language


def _compared(lines: Sequence[Said]) -> list[Said]:
    """Lines without case and punctuation."""
    return [(start_s, end_s, default_process(text)) for start_s, end_s, text in lines]


def _is_among(line: Said, said: Sequence[Said]) -> bool:
    """Whether all words of a line are said at the same time, whatever stands between them."""
    start_s, end_s, own = line
    last = bisect_left(said, end_s + _BESIDE_S, key=lambda each: each[0])
    beside: list[str] = []
    num_characters = 0
    for begins_s, over_s, words in reversed(said[max(0, last - _MOST_LINES) : last]):
        if begins_s < start_s - _LONGEST_S or num_characters > _MOST_CHARACTERS:
            break
        num_characters += len(words)
        if over_s > start_s - _BESIDE_S:
            beside.append(words)
    others = " ".join(reversed(beside))
    is_whole = own.replace(" ", "") in others.replace(" ", "")  # of scripts without spaces
    return own != "" and (is_whole or set(own.split()) <= set(others.split()))


def chapter_moments(chapters: Sequence[Chapter], scenes: Sequence[Scene]) -> list[MomentRecord]:
    """A moment for each chapter, in the scene in which it begins."""
    return [
        MomentRecord(
            scene=scene_at(scenes, min(chapter.start_s + _BEGINS_S, chapter.end_s)),
            kind=MomentKind.CHAPTER,
            start_s=chapter.start_s,
            end_s=chapter.end_s,
            text=chapter.title,
        )
        for chapter in chapters
    ]


def _named(title: str, first: Scene) -> MomentRecord:
    """What a video is called, in its first scene: it plays from its beginning."""
    return MomentRecord(
        scene=0, kind=MomentKind.TITLE, start_s=first.start_s, end_s=first.end_s, text=title
    )
