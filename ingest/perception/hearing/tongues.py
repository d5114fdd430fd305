"""The languages that are spoken in a sound: each piece of it in one.

Most recordings are in one language. A piece is suspected of another one where what the encoder has
heard of it, among its neighbours, does not look like the language of the rest: that costs one step
of the decoder. Only then it is listened to alone, and written in both: the one that the model is
surer of is right.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.media.samples import SAMPLE_RATE
from ingest.perception.hearing.sound import Waveform
from ingest.perception.hearing.talk import Piece, Stretch, stretches_of
from ingest.perception.hearing.whisper import Heard, Transcript, Whisper

_STRANGE = 0.25
"""A piece that is less probably in a language than this is suspected of another."""
_SHORTEST_S = 1.5
"""Of a single word, the language is anybody's guess."""
_GUESSES = frozenset(
    {"la", "nn", "cy", "yi", "haw", "mi", "jw", "sa", "br", "fo", "oc", "yo", "ln"}
)
"""Languages of which Whisper has heard next to nothing; it names them where it is not sure."""


@dataclass(frozen=True)
class Take:
    """A stretch in one language."""

    stretch: Stretch
    language: str


class Listening:
    """A sound that is listened to; what was heard once is remembered."""

    def __init__(self, whisper: Whisper, samples: Waveform) -> None:
        self._whisper = whisper
        self._samples = samples
        self._heard: dict[Stretch, Heard] = {}
        self._transcripts: dict[Take, Transcript] = {}

    def transcript(self, take: Take) -> Transcript:
        """What is said in a take."""
        if take not in self._transcripts:
            heard = self._listen(take.stretch)
            self._transcripts[take] = self._whisper.transcribe(heard, take.language)
        return self._transcripts[take]

    def takes(self, pieces: Sequence[Piece], spoken: defaultdict[str, float]) -> Iterator[Take]:
        """All pieces in order, in stretches of one language.

        `spoken` counts the samples of a recording by language, as far as they are probably in it;
        these ones are added.
        """
        stretches = stretches_of(pieces)
        for stretch in stretches:
            for piece in stretch.pieces:
                for name, probability in self._odds(stretch, piece).items():
                    spoken[name] += probability * len(piece)
        main = _likeliest(spoken)
        for stretch in stretches:
            settled = self._settled(stretch, main)
            for language, group in groupby(settled, key=lambda pair: pair[1]):
                yield Take(Stretch(tuple(piece for piece, _ in group)), language)

    def _settled(self, stretch: Stretch, language: str) -> Iterator[tuple[Piece, str]]:
        """The pieces of a stretch that is mostly in a language, each with its own."""
        for is_strange, group in groupby(
            stretch.pieces, key=lambda piece: self._is_strange(stretch, piece, language)
        ):
            part = Stretch(tuple(group))
            if is_strange:
                yield from self._examined(part, language)
            else:
                yield from ((piece, language) for piece in part.pieces)

    def _examined(self, stretch: Stretch, language: str) -> Iterator[tuple[Piece, str]]:
        """The pieces of a stretch that may be in another language than the one around it, each with
        its own; all of them together if that tells it, else one by one.
        """
        # Of a few seconds, the language is told best as the model learned it: within 30 s.
        self._heard[stretch] = self._whisper.listen(stretch.cut(self._samples), at_length=True)
        other = _likeliest(self._whisper.languages(self._heard[stretch]))
        if other != language and self._is_surer(Take(stretch, other), Take(stretch, language)):
            yield from self._settled(stretch, other)
        elif other != language and len(stretch.pieces) > 1:
            for piece in stretch.pieces:
                yield from self._examined(Stretch((piece,)), language)
        else:
            yield from ((piece, language) for piece in stretch.pieces)

    def _is_surer(self, take: Take, other: Take) -> bool:
        """Whether what is said in a take is possible, and surer than in another one."""
        one, two = self.transcript(take), self.transcript(other)
        return one.is_possible and (
            not two.is_possible or one.log_probability > two.log_probability
        )

    def _is_strange(self, stretch: Stretch, piece: Piece, language: str) -> bool:
        """Whether a piece of a stretch may be in another language."""
        is_long = len(piece) >= _SHORTEST_S * SAMPLE_RATE
        return is_long and self._odds(stretch, piece)[language] < _STRANGE

    def _odds(self, stretch: Stretch, piece: Piece) -> dict[str, float]:
        """How probable each language is in a piece of a stretch."""
        if len(stretch.pieces) == 1:
            return self._whisper.languages(self._listen(stretch))
        first = stretch.position(piece)
        return self._whisper.languages(self._listen(stretch), first, first + len(piece))

    def _listen(self, stretch: Stretch) -> Heard:
        if stretch not in self._heard:
            self._heard[stretch] = self._whisper.listen(stretch.cut(self._samples))
        return self._heard[stretch]


def _likeliest(odds: Mapping[str, float]) -> str:
    return max(odds, key=lambda name: (name not in _GUESSES, odds[name]))
