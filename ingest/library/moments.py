"""The scenes and moments of a recording, put together from what each stage found."""

from collections import Counter
from collections.abc import Sequence

from database.models import MomentKind
from database.videos.records import MomentRecord
from ingest.media.decode import Decoded, Keyframe
from ingest.perception.screen_text import Writing
from ingest.perception.speech import Sentence
from ingest.scenes.scene import Scene, scene_of, scenes_at_pauses

MAX_SPAN_S = 8.0
"""Video models were trained on clips of a few seconds, from 10 s recordings (Kinetics-400)."""


def build_scenes(decoded: Decoded, sentences: Sequence[Sentence]) -> list[Scene]:
    """The scenes of the pictures; of a recording without pictures, those between pauses."""
    return decoded.scenes or scenes_at_pauses(decoded.duration_s, sentences)


def build_moments(
    decoded: Decoded,
    scenes: Sequence[Scene],
    sentences: Sequence[Sentence],
    writing: Sequence[Writing | None],
    keyframe_folder: str,
) -> list[MomentRecord]:
    """All moments of a recording, without vectors: keyframes, speech, on-screen text, spans.

    `writing` has an entry for each keyframe. `keyframe_folder` is where the JPEGs will lie, as
    image paths are: relative to the folder of all keyframes.
    """
    return [
        *_keyframes(decoded.keyframes, keyframe_folder),
        *_spoken(sentences, scenes),
        *_written(decoded.keyframes, scenes, writing),
        *_spans(decoded.scenes),
    ]


def main_language(sentences: Sequence[Sentence]) -> str | None:
    """The language of most sentences, of those whose language is known."""
    counts = Counter(s.language for s in sentences if s.language is not None)
    return counts.most_common(1)[0][0] if counts else None


def _keyframes(keyframes: Sequence[Keyframe], folder: str) -> list[MomentRecord]:
    return [
        MomentRecord(
            scene=keyframe.scene,
            kind=MomentKind.KEYFRAME,
            start_s=keyframe.time_s,
            end_s=keyframe.time_s,
            image_path=f"{folder}/{keyframe.name}",
            look=keyframe.look,
        )
        for keyframe in keyframes
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
        )
        for sentence in sentences
    ]


def _spans(scenes: Sequence[Scene]) -> list[MomentRecord]:
    """Every scene with pictures in equal parts, each of which a video model sees at once."""
    return [
        MomentRecord(scene=number, kind=MomentKind.SPAN, start_s=span.start_s, end_s=span.end_s)
        for number, scene in enumerate(scenes)
        for span in scene.parts(MAX_SPAN_S)
    ]


def _written(
    keyframes: Sequence[Keyframe], scenes: Sequence[Scene], writing: Sequence[Writing | None]
) -> list[MomentRecord]:
    """On-screen text from half-way after the keyframe before to half-way before the next; the
    same text on neighbouring keyframes of a scene is one moment.
    """
    moments: list[MomentRecord] = []
    for index, (keyframe, found) in enumerate(zip(keyframes, writing, strict=True)):
        if found is None:
            continue
        scene = scenes[keyframe.scene]
        start_s, end_s = scene.start_s, scene.end_s
        if index > 0 and keyframes[index - 1].scene == keyframe.scene:
            start_s = (keyframes[index - 1].time_s + keyframe.time_s) / 2
        if index + 1 < len(keyframes) and keyframes[index + 1].scene == keyframe.scene:
            end_s = (keyframe.time_s + keyframes[index + 1].time_s) / 2
        last = moments[-1] if moments else None
        if last and (last.scene, last.text, last.end_s) == (keyframe.scene, found.text, start_s):
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
