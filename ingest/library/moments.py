"""What the stages found, as scenes and moments."""

from collections import Counter

from database.models import MomentKind
from database.videos.records import MomentRecord
from ingest.media.decode import Decoded, Keyframe
from ingest.perception.screen_text import Writing
from ingest.perception.speech import Sentence
from ingest.scenes.detector import equal_parts, scene_of, scenes_at_pauses

MAX_SPAN_S = 8.0
"""Video models were trained on clips of a few seconds, from 10 s recordings (Kinetics-400)."""


def build_scenes(decoded: Decoded, sentences: list[Sentence]) -> list[tuple[float, float]]:
    """The scenes of the pictures; of a recording without pictures, those between pauses."""
    if decoded.scenes:
        return decoded.scenes
    return scenes_at_pauses(decoded.duration_s, [(s.start_s, s.end_s) for s in sentences])


def build_moments(
    decoded: Decoded,
    scenes: list[tuple[float, float]],
    sentences: list[Sentence],
    writing: list[Writing | None],
    image_folder: str,
) -> list[MomentRecord]:
    """All moments of a video. `writing` is what is written on each keyframe; `image_folder`
    is where keyframes will lie, relative to the keyframes folder."""
    keyframes = [
        MomentRecord(
            scene=k.scene,
            kind=MomentKind.KEYFRAME,
            start_s=k.time_s,
            end_s=k.time_s,
            image_path=f"{image_folder}/{k.name}",
            look=k.look,
        )
        for k in decoded.keyframes
    ]
    spoken = [
        MomentRecord(
            scene=scene_of(scenes, s.start_s, s.end_s),
            kind=MomentKind.SPEECH,
            start_s=s.start_s,
            end_s=s.end_s,
            text=s.text,
            language=s.language,
        )
        for s in sentences
    ]
    return keyframes + spoken + _written(decoded.keyframes, scenes, writing) + _spans(decoded)


def main_language(sentences: list[Sentence]) -> str | None:
    """The language of most of the speech."""
    counts = Counter(s.language for s in sentences if s.language is not None)
    return counts.most_common(1)[0][0] if counts else None


def _spans(decoded: Decoded) -> list[MomentRecord]:
    """Every scene with pictures in equal parts that a video model sees at once."""
    return [
        MomentRecord(scene=number, kind=MomentKind.SPAN, start_s=start_s, end_s=end_s)
        for number, scene in enumerate(decoded.scenes)
        for start_s, end_s in equal_parts(*scene, MAX_SPAN_S)
    ]


def _written(
    keyframes: list[Keyframe], scenes: list[tuple[float, float]], writing: list[Writing | None]
) -> list[MomentRecord]:
    """On-screen text from half-way after the keyframe before to half-way before the next; the
    same text on neighbouring keyframes of a scene is one moment."""
    moments: list[MomentRecord] = []
    for index, (keyframe, found) in enumerate(zip(keyframes, writing, strict=True)):
        if found is None:
            continue
        start_s, end_s = scenes[keyframe.scene]
        if index > 0 and keyframes[index - 1].scene == keyframe.scene:
            start_s = (keyframes[index - 1].time_s + keyframe.time_s) / 2
        if index + 1 < len(keyframes) and keyframes[index + 1].scene == keyframe.scene:
            end_s = (keyframe.time_s + keyframes[index + 1].time_s) / 2
        last = moments[-1] if moments else None
        if last and (last.scene, last.text, last.end_s) == (
            keyframe.scene,
            found.text,
            start_s,
        ):
            start_s = moments.pop().start_s
        moments.append(
            MomentRecord(
                scene=keyframe.scene,
                kind=MomentKind.OCR,
                start_s=start_s,
                end_s=end_s,
                text=found.text,
                boxes=found.boxes,
            )
        )
    return moments
