"""Videos of hours, by rows alone: scenes, stills, what is said and what is written in them."""

from collections.abc import Iterator
from dataclasses import replace

from database.models import MomentKind
from database.videos.records import MomentRecord, VideoRecord
from tests.helpers.records import TEXT, VISION, digest, image_path, unit_vector, video

SCENES_PER_HOUR = 750
LINES_PER_HOUR = 1250
"""Of what is said; with a still in each scene and writing in two of three, 2,500 moments."""
_WORDS = ("granite", "drill", "platform", "harbour", "engine", "weather", "crew", "coffee")


def long_video(name: str, hours: float) -> VideoRecord:
    """A video in which the crew goes on drilling; its lines, scenes and stills are numbered."""
    num_scenes, num_lines = int(SCENES_PER_HOUR * hours), int(LINES_PER_HOUR * hours)
    scene_s = 3600 / SCENES_PER_HOUR
    spans = tuple((n * scene_s, (n + 1) * scene_s) for n in range(num_scenes))
    moments = (*_seen(name, num_scenes, scene_s), *_said(num_lines, scene_s))
    return replace(
        video(name),
        content_hash=digest(name),
        title=name,
        duration_s=3600.0 * hours,
        scenes=spans,
        moments=moments,
    )


def _seen(name: str, num_scenes: int, scene_s: float) -> Iterator[MomentRecord]:
    for n in range(num_scenes):
        at_s = n * scene_s + 2
        vectors = {VISION: unit_vector(n % 97)}
        yield MomentRecord(
            n, MomentKind.KEYFRAME, at_s, at_s, image_path=image_path(name),
            look=(n * 0x9E3779B97F4A7C15 & 2**63 - 1), vectors=vectors,
        )  # fmt: skip
        if n % 3:
            text = f"PAGE {n}: {_WORDS[n % len(_WORDS)]}"
            yield MomentRecord(
                n, MomentKind.OCR, at_s, at_s + 1, text, vectors={TEXT: unit_vector(n % 89)}
            )


def _said(num_lines: int, scene_s: float) -> Iterator[MomentRecord]:
    line_s = 3600 / LINES_PER_HOUR
    for n in range(num_lines):
        start_s = n * line_s
        text = f"Part {n}: the crew is drilling for {_WORDS[n % len(_WORDS)]}."
        words = tuple((at, start_s + at / 40, start_s + at / 40 + 0.1) for at in range(0, 30, 5))
        yield MomentRecord(
            int(start_s / scene_s), MomentKind.SPEECH, start_s, start_s + line_s - 0.1, text, "en",
            words=words, vectors={TEXT: unit_vector(n % 101)},
        )  # fmt: skip
