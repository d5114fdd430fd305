"""High dynamic range brought to the range of a screen: BT.2100 (PQ, HLG) to BT.709."""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorTrc

HIGH_RANGE = frozenset((int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)))
"""The transfer characteristics that are tone-mapped."""
_WHITE_NITS = 203.0
"""Of a sheet of paper (ITU-R BT.2408, table 1): it becomes the white of the screen."""
_PEAK_NITS = 1000.0
"""The brightest that is told apart, as most films are graded; what is brighter becomes white."""
_SCREEN_GAMMA = 2.4
"""Of the screens for which ordinary films are made (ITU-R BT.1886)."""
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
"""Linear light of BT.2020's primaries in those of BT.709 (ITU-R BT.2407, 2.2)."""


def tone_mapped(
    rgb: npt.NDArray[np.uint16], transfer: int, primaries: int
) -> npt.NDArray[np.uint8]:
    """A picture of HIGH_RANGE, RGB uint16 [h, w, 3], as ordinary films are coded.

    Each channel by the EETF of ITU-R BT.2390 (5.4.1): darker than half of the white of paper all
    stays as it is, what is brighter is rolled off. Primaries that are not named are BT.2020's.
    """
    linear = _light(transfer)[rgb]
    if primaries in (ColorPrimaries.BT2020, ColorPrimaries.UNSPECIFIED):
        linear = np.asarray(cv2.transform(linear, _TO_BT709), np.float32)
    coded = cv2.pow(np.clip(linear, 0.0, 1.0), 1 / _SCREEN_GAMMA)
    return np.asarray(np.rint(255 * coded), np.uint8)


@cache
def _light(transfer: int) -> npt.NDArray[np.float32]:
    """The light of each 16-bit code after the roll-off, 1 being the screen's white."""
    codes = np.arange(1 << 16) / 0xFFFF
    if transfer == ColorTrc.SMPTE2084:
        signal = codes
    else:
        signal = _pq_of(_PEAK_NITS * _scene_light(codes) ** 1.2)  # BT.2100's OOTF at 1000 nits
    peak, white = _pq_of(np.array([_PEAK_NITS, _WHITE_NITS]))
    rolled = peak * _rolled_off(np.minimum(signal / peak, 1.0), white / peak)
    return np.asarray(_nits_of(rolled) / _WHITE_NITS, np.float32)


def _rolled_off(signal: npt.NDArray[np.float64], brightest: float) -> npt.NDArray[np.float64]:
    """The EETF: the PQ signal [0, 1] of a source on a screen up to `brightest`."""
    knee = 1.5 * brightest - 0.5
    t = (signal - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * brightest
    )
    return np.where(signal < knee, signal, spline)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
"""Of SMPTE ST 2084, as in BT.2100, table 4."""


def _nits_of(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The light of a PQ signal."""
    root = signal ** (1 / _M2)
    return np.asarray(10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1))


def _pq_of(nits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The PQ signal of light."""
    power = (nits / 10_000) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _scene_light(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The inverse OETF of HLG (BT.2100, table 5), in [0, 1]."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
