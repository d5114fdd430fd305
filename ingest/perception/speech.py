"""Speech, sentence by sentence, transcribed by faster-whisper over windows of bounded length."""

import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment, TranscriptionInfo

from embeddings.runtime import Runtime
from embeddings.weights.cached import sealed_file
from embeddings.weights.hub import HubWeights, get_model_folder
from embeddings.weights.packages import PackageWeights, verified_parts
from ingest.media.samples import SAMPLE_RATE
from ingest.perception.sound import Sound, Waveform, windows

BEAM = 5
"""Hypotheses that are kept while decoding, as in Whisper's own paper."""
_MAX_SENTENCE_S = 15.0
_PAUSE_S = 1.0
_MIN_LANGUAGE_PROBABILITY = 0.5
_TEMPERATURES = (0.0, 0.4)
"""The second one is tried where the first gives text that cannot be; Whisper's own six take long.
"""
_MAX_TOKENS = 200
"""Of 30 s of speech; a model that says more is going round in circles."""
_MAX_COMPRESSION = 2.4
_MIN_LOG_PROBABILITY = -1.0
_MIN_UNSURE_LOG_PROBABILITY = -0.6
"""Where even the language is unsure, what is heard is mostly music or noise."""


_ALONE_MARGIN_S = 0.3
"""What is heard before and after a segment that is heard alone."""


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a piece of a long one, said in [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    """ISO 639-1; None where the model was not sure."""
    track: str | None = None
    """The voice that it was heard in; None for the first."""


class Transcriber:
    """The speech model, loaded on the first recording that has sound; safe to share between
    threads, which take turns recording by recording.
    """

    def __init__(self, weights: PackageWeights | HubWeights, runtime: Runtime) -> None:
        self._weights = weights
        self._runtime = runtime
        self._model: WhisperModel | None = None
        self._lock = threading.Lock()

    def transcribe(self, sound: Sound, on_progress: Callable[[float], None]) -> list[Sentence]:
        """The sentences in a sound, in order of its samples.

        `on_progress` is told the time reached, in seconds of the recording; what it raises ends
        the transcription. Raises WeightsMissing, WeightsCorrupt.
        """
        sentences: list[Sentence] = []
        with self._lock:
            for first, last in windows(sound):
                sentences += self._window(self._loaded(), sound, (first, last), on_progress)
        return sentences

    def _window(
        self,
        model: WhisperModel,
        sound: Sound,
        window: tuple[int, int],
        on_progress: Callable[[float], None],
    ) -> list[Sentence]:
        """The sentences in the samples [first, last) of a sound."""
        first, last = window
        samples = sound.waveform(first, last)
        segments, info = _listen(model, samples)
        sure = info.language_probability >= _MIN_LANGUAGE_PROBABILITY
        language = info.language if sure else None
        words: list[Word] = []
        for segment in segments:
            if _is_speech(segment, sure=sure):
                words += [(w.start, w.end, w.word) for w in segment.words or []]
            elif segment.compression_ratio > _MAX_COMPRESSION and sure:
                words += _heard_alone(model, samples, segment, info.language)
            on_progress(sound.time_of(first + segment.end * SAMPLE_RATE))
        return [
            Sentence(
                sound.time_of(first + start * SAMPLE_RATE),
                sound.time_of(first + end * SAMPLE_RATE),
                text,
                language,
            )
            for start, end, text in split_sentences(words)
        ]

    def _loaded(self) -> WhisperModel:
        if self._model is None:
            self._model = WhisperModel(
                str(model_folder(self._weights, self._runtime)),
                device="cpu",
                compute_type="int8",
                cpu_threads=self._runtime.num_threads,
            )
        return self._model


def model_folder(weights: PackageWeights | HubWeights, runtime: Runtime) -> Path:
    """The folder that faster-whisper loads. Of pip packages it is made once: the parts of the
    weights joined, tokenizer and config beside them.

    Raises WeightsMissing, WeightsCorrupt.
    """
    if isinstance(weights, HubWeights):
        return get_model_folder(weights, runtime)
    parts = verified_parts(weights)
    folder = runtime.cache_dir / f"whisper-{weights.sha256[:12]}"

    def join(target: Path) -> None:
        with target.open("wb") as joined:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, joined)

    sealed_file(folder / "model.bin", join)
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        sealed_file(folder / name, partial(shutil.copyfile, parts[-1].parent / name))
    return folder


def _listen(
    model: WhisperModel, samples: Waveform, language: str | None = None
) -> tuple[Iterable[Segment], TranscriptionInfo]:
    """What the model hears in samples, in a language, or in the one that it finds."""
    heard: tuple[Iterable[Segment], TranscriptionInfo] = model.transcribe(
        samples,
        language=language,
        beam_size=BEAM,
        vad_filter=True,
        word_timestamps=True,
        condition_on_previous_text=False,
        temperature=list(_TEMPERATURES),
        max_new_tokens=_MAX_TOKENS,
    )
    return heard


def _heard_alone(
    model: WhisperModel, samples: Waveform, segment: Segment, language: str
) -> "list[Word]":
    """The words of a segment among others that repeat each other: speech, if the model hears
    it without them, too. People do say things twice; a model that goes round in circles does not
    when it hears a single one of them.
    """
    start_s = max(0.0, segment.start - _ALONE_MARGIN_S)
    first, last = (round(t * SAMPLE_RATE) for t in (start_s, segment.end + _ALONE_MARGIN_S))
    again, _ = _listen(model, samples[first:last], language)
    return [
        (start_s + word.start, start_s + word.end, word.word)
        for part in again
        if _is_speech(part, sure=False)
        for word in part.words or []
    ]


def _is_speech(segment: Segment, *, sure: bool) -> bool:
    """Whether a segment was heard and not invented: where nobody speaks, Whisper makes up text that
    it is unsure of, or that repeats itself and so compresses well.
    """
    least = _MIN_LOG_PROBABILITY if sure else _MIN_UNSURE_LOG_PROBABILITY
    return bool(segment.avg_logprob >= least and segment.compression_ratio <= _MAX_COMPRESSION)


Word = tuple[float, float, str]
"""(start, end, text) in seconds; the text begins with its space, if it has one."""


def split_sentences(words: list[Word]) -> list[Word]:
    """The sentences of timed words: they end at full stops, at pauses, and, where somebody speaks
    on and on, at a comma.

    A sentence that only repeats the one before is left out: Whisper got stuck there.
    """
    sentences: list[Word] = []
    current: list[Word] = []
    for word in words:
        if current and _is_end(current, word):
            sentences.append(_joined(current))
            current = []
        elif current and word[1] - current[0][0] > _MAX_SENTENCE_S:
            cut = _last_comma(current)
            sentences.append(_joined(current[:cut]))
            current = current[cut:]
        current.append(word)
    if current:
        sentences.append(_joined(current))
    return [
        sentence
        for number, sentence in enumerate(sentences)
        if any(character.isalnum() for character in sentence[2])
        and (number == 0 or sentences[number - 1][2] != sentence[2])
    ]


def _is_end(current: list[Word], following: Word) -> bool:
    """Whether a sentence ends between the words so far and the one that follows."""
    # The first words after a pause are often timed too early: two are no sentence.
    paused = following[0] - current[-1][1] > _PAUSE_S and len(current) > 2
    return paused or current[-1][2].rstrip().endswith((".", "?", "!", "…", "。", "？", "！"))


def _last_comma(words: list[Word]) -> int:
    """The number of words up to the last comma of the second half; all, if there is no comma."""
    for number in range(len(words), len(words) // 2, -1):
        if words[number - 1][2].rstrip().endswith((",", ";", ":", "、", "，")):
            return number
    return len(words)


def _joined(words: list[Word]) -> Word:
    text = "".join(word[2] for word in words).strip().replace("\x00", "")
    return words[0][0], max(words[-1][1], words[0][0]), text
