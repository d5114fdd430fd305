"""What somebody says, in a language and voice of espeak-ng, made by code."""

from collections.abc import Iterable
from functools import cache

import av
import numpy as np
import numpy.typing as npt

from ingest.media.samples import SAMPLE_RATE
from scripts.voice import Voice

Mono = npt.NDArray[np.int16]
"""Samples [n] at SAMPLE_RATE."""

ENGLISH = (
    "The new helicopter can reach every valley within twelve minutes.",
    "Nobody was hurt when the old bridge collapsed in the spring flood.",
    "The committee has decided to buy three more sledges and a larger tent.",
    "Dinner will be served in the school hall at half past seven.",
)
GERMAN = (
    "Im Sommer fahren viele Familien mit dem Fahrrad durch den Wald zum See.",
    "Guten Morgen, wir beginnen heute mit der Geschichte der alten Mühle am Fluss.",
)
SPANISH = (
    "Buenos días, hoy vamos a visitar el mercado antiguo de la ciudad.",
    "Mi abuela prepara una sopa de ajo con pan y huevos.",
)


@cache
def said(sentence: str, voice: str = "en-us") -> Mono:
    """A sentence, without the silence around it."""
    speaker = Voice(voice)
    frame = av.AudioFrame.from_ndarray(speaker.say(sentence)[np.newaxis], "s16", "mono")
    frame.sample_rate = speaker.rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([resampled.to_ndarray()[0] for resampled in frames])


def silence(seconds: float) -> Mono:
    """So many seconds in which nothing is heard."""
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)


def talk(*parts: tuple[Iterable[str], str], pause_s: float = 0.5) -> Mono:
    """Sentences one after the other, those of each part in a voice, with pauses between."""
    pieces = [silence(pause_s)]
    for sentences, voice in parts:
        for sentence in sentences:
            pieces += [said(sentence, voice), silence(pause_s)]
    return np.concatenate(pieces)
