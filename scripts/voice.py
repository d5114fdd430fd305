"""Speech made by code: the espeak-ng synthesiser, which espeakng-loader carries."""

from __future__ import annotations

import ctypes

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

SPEECH_RATE = 130  # words per minute
SPEECH_VOLUME = 90  # percent of espeak-ng's own, which nearly clips


class Voice:
    """The espeak-ng synthesiser, through the shared library that espeakng-loader carries.

    `rate` is the number of samples per second that `say` returns.
    """

    SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: audio goes to the callback, within espeak_Synth
    RATE_PARAMETER, VOLUME_PARAMETER = 1, 2  # espeak_PARAMETER: words per minute, percent
    BY_CHARACTER = 1  # espeak_POSITION_TYPE
    UTF8 = 1  # flag of espeak_Synth

    def __init__(self, name: str = "en-us") -> None:
        """Start espeak-ng with one of its voices."""
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        where = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(self.SYNCHRONOUS, 0, where, 0)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng did not start")
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {name!r}")
        self._library.espeak_SetParameter(self.RATE_PARAMETER, SPEECH_RATE, 0)
        self._library.espeak_SetParameter(self.VOLUME_PARAMETER, SPEECH_VOLUME, 0)
        self._heard: list[Samples] = []
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self._callback = kind(self._hear)  # kept: the library holds only a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def _hear(self, wave: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        """Keep `count` samples; the answer 0 asks for more."""
        if wave and count > 0:
            self._heard.append(np.ctypeslib.as_array(wave, (count,)).astype(np.int16))
        return 0

    def say(self, sentence: str) -> Samples:
        """The sentence as one channel of samples at `rate`, without the silence around it."""
        self._heard.clear()
        text = sentence.encode()
        status = self._library.espeak_Synth(
            text, ctypes.c_size_t(len(text) + 1), 0, self.BY_CHARACTER, 0, self.UTF8, None, None
        )
        if status != 0 or not self._heard:
            raise RuntimeError(f"espeak-ng could not say {sentence!r}")
        wave = np.concatenate(self._heard)
        loud = np.flatnonzero(wave)
        return wave[loud[0] : loud[-1] + 1]
