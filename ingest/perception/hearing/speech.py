"""Speech, sentence by sentence, each in its language, over windows of bounded length."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import PackageWeights
from ingest.perception.hearing.sentences import Sentence, Word, split_sentences
from ingest.perception.hearing.sound import Sound, windows
from ingest.perception.hearing.talk import Stretch, pieces_of
from ingest.perception.hearing.tongues import Listening, Take
from ingest.perception.hearing.whisper import AT_ONCE, Whisper


class Transcriber:
    """The speech model, loaded on the first recording in which somebody speaks; safe to share
    between threads, of which AT_ONCE are served at a time, recording by recording.
    """

    def __init__(self, weights: PackageWeights | HubWeights, runtime: Runtime) -> None:
        self._weights = weights
        self._runtime = runtime
        self._whisper: Whisper | None = None
        self._loading = threading.Lock()
        self._turns = threading.Semaphore(AT_ONCE)

    def transcribe(self, sound: Sound, on_progress: Callable[[float], None]) -> list[Sentence]:
        """The sentences in a sound, in order of its samples.

        `on_progress` is told the time reached, in seconds of the recording; what it raises ends
        the transcription. Raises WeightsMissing, WeightsCorrupt.
        """
        sentences: list[Sentence] = []
        spoken: defaultdict[str, float] = defaultdict(float)
        with self._turns:
            for first, last in windows(sound):
                samples = sound.waveform(first, last)
                pieces = pieces_of(samples)
                if pieces:
                    listening = Listening(self._loaded(), samples)
                    takes = listening.takes(pieces, spoken)
                    sentences += _sentences(listening, takes, sound, first, on_progress)
        return sentences

    def _loaded(self) -> Whisper:
        with self._loading:
            if self._whisper is None:
                self._whisper = Whisper(self._weights, self._runtime)
            return self._whisper


def _sentences(
    listening: Listening,
    takes: Iterable[Take],
    sound: Sound,
    first: int,
    on_progress: Callable[[float], None],
) -> Iterator[Sentence]:
    """What is said in takes, whose samples count from sample `first` of the sound."""
    for language, group in groupby(takes, key=lambda take: take.language):
        words: list[Word] = []
        for take in group:
            for said in _possible(listening, take):
                for word in listening.transcript(said).words:
                    begin, end = said.stretch.place(word.start_s, word.end_s)
                    times = sound.time_of(first + begin), sound.time_of(first + end)
                    words.append(Word(*times, word.text))
            on_progress(sound.time_of(first + take.stretch.pieces[-1].last))
        yield from split_sentences(words, language)


def _possible(listening: Listening, take: Take) -> list[Take]:
    """A take, if somebody says it. Text that repeats itself is made up, or people do say things
    twice: then each piece of it is possible by itself.
    """
    if listening.transcript(take).is_possible:
        return [take]
    alone = [Take(Stretch((piece,)), take.language) for piece in take.stretch.pieces]
    return [part for part in alone if listening.transcript(part).is_possible]
