"""What is said on the sound tracks and channels of a recording, each sentence once.

The mix of the first track is listened to as a whole. Of all else only speech that was not there
before: where nothing like it is heard at the same time in the mix, or in a track before it.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from rapidfuzz import fuzz, utils

from ingest.media.audio import Voice
from ingest.media.channels import is_apart
from ingest.perception.hearing.sentences import Sentence
from ingest.perception.hearing.sound import Passage, Sound, Span, windows
from ingest.perception.hearing.speech import Transcriber

_PIECE_S = 5.0
"""Speech is compared with other sound in pieces up to this long."""
_LAG_S = 0.1
"""Copies of a sound, such as those of other codecs, may be late by this much."""
_MAX_SHARED_BY_MIX = 0.6
"""The part of its energy that speech of a channel may have in common with the mix and still be
listened to by itself. Of two unlike channels of equal loudness it is a half; a room's echoes in two
microphones have more in common, as has a voice in the middle of wide music."""
_MAX_SHARED_BY_TRACK = 0.8
"""The same of two tracks: a dubbed voice shares noises and music with the other."""
_MIN_SPEECH_S = 1.0
"""Less speech in one place is not worth listening to."""
_PAUSE_S = 1.0
"""Pieces of speech up to so far apart are listened to together."""
_MARGIN_S = 0.3
"""What is listened to before and after speech."""
_CENTRE = "front center channel"
"""Where films have what is said: no voice beside others, but the main one."""
_MIN_SAME_WORDS = 80
"""Sentences that are heard at the same time and are so similar, of 100, are one."""
_VAD = VadOptions(
    threshold=0.85, neg_threshold=0.35, min_speech_duration_ms=250, min_silence_duration_ms=500
)
"""Speech begins where it is nearly certain: made voices are at 0.95, real ones beside noise at 0.9,
growls and strings in films at 0.5 to 0.75."""


def hear(
    folder: Path,
    voices: Sequence[Voice],
    transcriber: Transcriber,
    on_progress: Callable[[float], None],
) -> list[Sentence]:
    """The sentences of all voices, whose samples lie in `folder`, in order of time.

    `on_progress` as `Transcriber.transcribe` has it. Raises WeightsMissing, WeightsCorrupt.
    """
    sentences: list[Sentence] = []
    before: list[Sound] = []
    for voice in voices:
        mix = Sound.of(folder, voice.mix)
        channels = {name: Sound.of(folder, part) for name, part in voice.channels.items()}
        names: set[str | None] = set()
        for channel, passages in _apart(mix, channels).items():
            sound = Sound(passages)
            if voice.track is not None:
                sound = _news(sound, before)
            said = transcriber.transcribe(sound, on_progress)
            track = ", ".join(filter(None, (voice.track, channel))) or None
            sentences = _merged(sentences, said, track, names, voice.track)
            names.add(track)
        before.append(mix)
    return sentences


def _apart(mix: Sound, channels: dict[str, Sound]) -> dict[str | None, list[Passage]]:
    """What is to be heard of a track: its mix, under None, but where channels say what the mix
    does not hold, these; a single one, or that in the centre, in the mix's place.
    """
    speech = {name: _speech(sound) for name, sound in channels.items()}
    lost = sorted(
        span
        for name, spans in speech.items()
        for span in spans
        if not _resembles(channels[name], mix, span, _MAX_SHARED_BY_MIX)
    )
    everywhere = _joined(span for spans in speech.values() for span in spans)
    places = [place for place in everywhere if _seconds(lost, place) >= _MIN_SPEECH_S]
    heard: dict[str | None, list[Passage]] = {None: mix.cut(_outside(places))}
    for place in places:
        speakers = _speakers(place, channels, speech)
        for name in speakers:
            main = len(speakers) == 1 or name == _CENTRE
            heard.setdefault(None if main else name, []).extend(channels[name].cut([place]))
    heard[None].sort(key=lambda passage: passage.time_s)
    return heard


def _speakers(
    place: Span, channels: dict[str, Sound], speech: dict[str, list[Span]]
) -> dict[str, Sound]:
    """The channels on which somebody speaks, without those that only repeat another, from the one
    with most speech on.
    """
    seconds = {name: _seconds(spans, place) for name, spans in speech.items()}
    speakers: dict[str, Sound] = {}
    for name in sorted(channels, key=lambda name: -seconds[name]):
        if seconds[name] >= min(_MIN_SPEECH_S, max(seconds.values())):
            own = [
                span
                for span in _within(speech[name], place)
                if not any(
                    _resembles(channels[name], other, span, _MAX_SHARED_BY_MIX)
                    for other in speakers.values()
                )
            ]
            if _seconds(own, place) > seconds[name] / 2:
                speakers[name] = channels[name]
    return speakers


def _news(sound: Sound, before: Sequence[Sound]) -> Sound:
    """The speech in a sound that is in none of those before it."""
    news = [
        span
        for span in _speech(sound)
        if not any(_resembles(sound, other, span, _MAX_SHARED_BY_TRACK) for other in before)
    ]
    places = [place for place in _joined(news) if _seconds(news, place) >= _MIN_SPEECH_S]
    return Sound(sound.cut(places))


def _speech(sound: Sound) -> list[Span]:
    """When somebody speaks, in pieces, in order of time."""
    spans: list[Span] = []
    for first, last in windows(sound):
        for chunk in get_speech_timestamps(sound.waveform(first, last), _VAD):
            spans += sound.spans(first + chunk["start"], first + chunk["end"], _PIECE_S)
    return sorted(spans)


def _resembles(sound: Sound, other: Sound, span: Span, max_shared: float) -> bool:
    """Whether a span of a sound is heard in another at the same time, or nearly so."""
    start_s, end_s = span
    one = sound.between(start_s, end_s).astype(np.float32)
    two = other.between(start_s - _LAG_S, end_s + _LAG_S).astype(np.float32)
    size = 1 << math.ceil(math.log2(len(one) + len(two)))
    products = np.fft.irfft(np.fft.rfft(two, size) * np.fft.rfft(one, size).conj(), size)
    num_lags = len(two) - len(one) + 1
    sums = np.concatenate([[0.0], np.cumsum(np.square(two, dtype=np.float64))])
    energies = sums[len(one) :] - sums[:num_lags]
    energy = np.square(one, dtype=np.float64).sum()
    return not is_apart(products[:num_lags], energies, energy, max_shared).all()


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans with their margins; those without a pause between them are one."""
    joined: list[Span] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s - _PAUSE_S <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_s + _MARGIN_S)
        else:
            joined.append((start_s - _MARGIN_S, end_s + _MARGIN_S))
    return joined


def _outside(places: Sequence[Span]) -> list[Span]:
    """All time but these places."""
    starts = [-math.inf, *(end_s for _, end_s in places)]
    ends = [*(start_s for start_s, _ in places), math.inf]
    return list(zip(starts, ends, strict=True))


def _within(spans: Sequence[Span], place: Span) -> list[Span]:
    """Those of the spans, which are in order, that begin in a place."""
    return list(spans[bisect_left(spans, (place[0],)) : bisect_left(spans, (place[1],))])


def _seconds(spans: Sequence[Span], place: Span) -> float:
    """How long the spans in a place are."""
    return sum(end_s - start_s for start_s, end_s in _within(spans, place))


def _merged(
    before: Sequence[Sentence],
    said: Sequence[Sentence],
    track: str | None,
    siblings: Collection[str | None],
    whole: str | None,
) -> list[Sentence]:
    """The sentences before and those that are said on a track, or a channel of it, in order of
    time. What other channels of it, its siblings, say as well is said on the whole of the track.
    """
    merged = list(before)
    for sentence in said:
        same = _same(sentence, before)
        if not same:
            merged.append(replace(sentence, track=track))
        for number in same:
            if before[number].track in siblings:
                merged[number] = replace(before[number], track=whole)
    return sorted(merged, key=lambda sentence: sentence.start_s)


def _same(sentence: Sentence, before: Sequence[Sentence]) -> Sequence[int]:
    """The positions of those sentences, of some in order of time, that are heard at the same time
    as one, if they are its words.
    """
    # Sentences last up to 15 s: what begins half a minute earlier has ended.
    first = bisect_left(before, sentence.start_s - 30, key=lambda s: s.start_s)
    last = bisect_left(before, sentence.end_s + _PAUSE_S, key=lambda s: s.start_s)
    beside = [n for n in range(first, last) if before[n].end_s > sentence.start_s - _PAUSE_S]
    words = " ".join(before[n].text for n in beside)
    if 100 * len(words) < _MIN_SAME_WORDS * len(sentence.text):
        return []
    score = fuzz.partial_ratio(sentence.text, words, processor=utils.default_process)
    return beside if score >= _MIN_SAME_WORDS else []
