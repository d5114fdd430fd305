"""The scenes and moments of a recording, put together from what each stage found."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from database.models import MomentKind
from database.videos.records import MomentRecord
from ingest.library.writing import standing_texts
from ingest.media.decode import Decoded, Keyframe
from ingest.perception.hearing.sentences import Sentence
from ingest.perception.writing.screen_text import Writing, Written
from ingest.scenes.scene import (
    MAX_SCENE_S,
    Scene,
    Span,
    scene_at,
    scene_of,
    scenes_at_pauses,
    scenes_over,
)
from ingest.scenes.thumbnails import MIN_SHOT_S

MAX_SPAN_S = 8.0
"""Video models were trained on clips of a few seconds, from 10 s recordings (Kinetics-400)."""
_LEAD_S = MAX_SCENE_S / 4
"""Sound that begins so much before the first picture is no scene without one."""


@dataclass(frozen=True)
class _Showing:
    """A keyframe that stands for the picture of a scene over [start_s, end_s)."""

    keyframe: int
    """Its position among the keyframes."""
    scene: int
    time_s: float
    """When it is shown, in the scene."""
    start_s: float
    end_s: float


def build_scenes(decoded: Decoded, sentences: Sequence[Sentence]) -> list[Scene]:
    """The scenes of a whole recording: those of its pictures; where one stands still for long under
    speech, and where none is shown, those between the pauses.
    """
    first_s = decoded.scenes[0].start_s if decoded.scenes else decoded.duration_s
    scenes: list[Scene] = []
    if not decoded.scenes or first_s > _LEAD_S:
        before = Scene(0.0, first_s)
        scenes += scenes_at_pauses(before, _said_in(before, sentences))
    for scene in decoded.scenes:
        said = _said_in(scene, sentences) if scene.end_s - scene.start_s > MAX_SCENE_S else []
        scenes += scenes_at_pauses(scene, said) if said else [scene]
    return [Scene(0.0, scenes[0].end_s), *scenes[1:]]


def build_moments(
    decoded: Decoded,
    scenes: Sequence[Scene],
    sentences: Sequence[Sentence],
    written: Written,
    keyframe_folder: str,
) -> list[MomentRecord]:
    """All moments of a recording, without vectors: keyframes, speech, on-screen text, spans.

    `keyframe_folder` is where the JPEGs will lie, as image paths are: relative to the folder of all
    keyframes.
    """
    showings = list(_showings(decoded, scenes))
    return [
        *_keyframes(decoded.keyframes, showings, keyframe_folder),
        *_spoken(sentences, scenes),
        *standing_texts(written.lines, scenes, decoded.scenes),
        *_passing(written.passing, showings),
        *_spans(decoded, scenes),
    ]


def main_language(sentences: Sequence[Sentence]) -> str | None:
    """The language of most sentences, of those whose language is known."""
    counts = Counter(s.language for s in sentences if s.language is not None)
    return counts.most_common(1)[0][0] if counts else None


def _said_in(scene: Scene, sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """The sentences, of many in the order of their begin, that begin in a scene, and the last one
    before, if it reaches into it.
    """
    edges = (scene.start_s, scene.end_s)
    first, end = (bisect_left(sentences, at_s, key=lambda said: said.start_s) for at_s in edges)
    if first > 0 and sentences[first - 1].end_s > scene.start_s:
        first -= 1
    return sentences[first:end]


def _showings(decoded: Decoded, scenes: Sequence[Scene]) -> Iterator[_Showing]:
    """Where each keyframe stands for the picture, in order: in the scene that it lies in, and in
    the others of a picture that stands still.
    """
    for number, (keyframe, shown) in enumerate(_shown(decoded)):
        own = scene_at(scenes, keyframe.time_s)
        for position in scenes_over(scenes, shown.start_s, shown.end_s):
            scene = scenes[position]
            start_s, end_s = max(scene.start_s, shown.start_s), min(scene.end_s, shown.end_s)
            if position == own:
                yield _Showing(number, position, keyframe.time_s, start_s, max(start_s, end_s))
            elif end_s - start_s >= MIN_SHOT_S:
                yield _Showing(number, position, (start_s + end_s) / 2, start_s, end_s)


def _shown(decoded: Decoded) -> Iterator[tuple[Keyframe, Span]]:
    """Each keyframe with the span for which it stands within its scene of the pictures: a picture
    that is held from when it begins, others from half-way after the one before; until the next.
    """
    for position, group in groupby(decoded.keyframes, lambda k: scene_at(decoded.scenes, k.time_s)):
        scene, keyframes = decoded.scenes[position], list(group)
        inner = [_turn_s(before, after) for before, after in pairwise(keyframes)]
        spans = pairwise([scene.start_s, *inner, scene.end_s])
        yield from (
            (keyframe, Span(*edges)) for keyframe, edges in zip(keyframes, spans, strict=True)
        )


def _turn_s(before: Keyframe, after: Keyframe) -> float:
    """When the picture of one keyframe turns into that of the next."""
    if after.held_until_s is not None:
        return after.time_s
    return (min(before.held_until_s or before.time_s, after.time_s) + after.time_s) / 2


def _keyframes(
    keyframes: Sequence[Keyframe], showings: Sequence[_Showing], folder: str
) -> list[MomentRecord]:
    return [
        MomentRecord(
            scene=showing.scene,
            kind=MomentKind.KEYFRAME,
            start_s=showing.time_s,
            end_s=showing.time_s,
            image_path=f"{folder}/{keyframes[showing.keyframe].name}",
            look=keyframes[showing.keyframe].look,
        )
        for showing in showings
    ]


def _spoken(sentences: Sequence[Sentence], scenes: Sequence[Scene]) -> list[MomentRecord]:
    return [
        MomentRecord(
            scene=scene_of(scenes, sentence.start_s, sentence.end_s),
            kind=MomentKind.SPEECH,
            start_s=sentence.start_s,
            end_s=sentence.end_s,
            text=sentence.text,
            language=sentence.language,
            track=sentence.track,
            words=sentence.words or None,
        )
        for sentence in sentences
    ]


def _spans(decoded: Decoded, scenes: Sequence[Scene]) -> list[MomentRecord]:
    """Every scene, as far as pictures are shown in it, in equal parts, each of which a video model
    sees at once.
    """
    first_s = decoded.scenes[0].start_s if decoded.scenes else math.inf
    return [
        MomentRecord(scene=number, kind=MomentKind.SPAN, start_s=span.start_s, end_s=span.end_s)
        for number, scene in enumerate(scenes)
        if first_s < scene.end_s
        for span in Span(max(first_s, scene.start_s), scene.end_s).parts(MAX_SPAN_S)
    ]


def _passing(writing: Sequence[Writing | None], showings: Sequence[_Showing]) -> list[MomentRecord]:
    """Text that does not stand still, for as long as its keyframe stands for the picture; the same
    on neighbouring keyframes of a scene is one moment.
    """
    moments: list[MomentRecord] = []
    for showing in showings:
        found, start_s = writing[showing.keyframe], showing.start_s
        if found is None:
            continue
        last = moments[-1] if moments else None
        if last and (last.scene, last.text, last.end_s) == (showing.scene, found.text, start_s):
            start_s = moments.pop().start_s
        moments.append(
            MomentRecord(
                scene=showing.scene,
                kind=MomentKind.OCR,
                start_s=start_s,
                end_s=showing.end_s,
                text=found.text,
                boxes=[list(box) for box in found.boxes],
            )
        )
    return moments
