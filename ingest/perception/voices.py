"""What is said on the sound tracks and channels of a recording, each sentence once."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from ingest.media.audio import Voice
from ingest.perception.speech import Sentence, Transcriber


def hear(
    folder: Path,
    voices: Sequence[Voice],
    transcriber: Transcriber,
    on_progress: Callable[[float], None],
) -> list[Sentence]:
    """The sentences of all voices, whose samples lie in `folder`.

    `on_progress` as `Transcriber.transcribe` has it. Raises WeightsMissing, WeightsCorrupt.
    """
    sentences: list[Sentence] = []
    for voice in voices:
        said = transcriber.transcribe(folder / voice.file, voice.stretches, on_progress)
        sentences += [dataclasses.replace(sentence, track=voice.track) for sentence in said]
    return sorted(sentences, key=lambda sentence: sentence.start_s)
