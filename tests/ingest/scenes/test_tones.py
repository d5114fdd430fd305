"""High dynamic range is shown as an ordinary film would be: paper is white, grey is grey."""

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ingest.scenes.picture import shown

PQ, HLG = 16, 18
PAPER_NITS = 203.0
LIGHT = npt.NDArray[np.float64]
"""In nits, [...]."""


def pq_signal(light: LIGHT) -> LIGHT:
    """Light as PQ codes it, in [0, 1] (BT.2100, table 4)."""
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg_signal(light: LIGHT) -> LIGHT:
    """Light of a display of 1000 nits as HLG codes it (BT.2100, table 5)."""
    scene = (light / 1000) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def light_of(grey: npt.ArrayLike) -> LIGHT:
    """What a grey of an ordinary film is on a screen whose white is paper."""
    return PAPER_NITS * (np.asarray(grey, float) / 255) ** 2.4


def frame_of(light: LIGHT, transfer: int) -> av.VideoFrame:
    """A picture [h, w] of grey light, or [h, w, 3] of BT.2020's primaries, in 10 bits."""
    signal = (pq_signal if transfer == PQ else hlg_signal)(light)
    rgb = np.dstack([signal] * 3) if signal.ndim == 2 else signal
    frame = av.VideoFrame.from_ndarray(np.rint(rgb * 0xFFFF).astype(np.uint16), "rgb48le")
    frame = frame.reformat(format="yuv444p10le", dst_colorspace=9, dst_color_range=1, threads=1)
    frame.color_trc, frame.color_primaries = transfer, 9
    frame.colorspace, frame.color_range = 9, 1
    return frame


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_ramp_of_greys_stays_one_and_its_mid_tones_are_right(transfer: int) -> None:
    greys = np.arange(256)
    ramp = shown(frame_of(np.tile(light_of(greys), (16, 1)), transfer), (256, 16))[8].astype(int)
    assert (np.diff(ramp.mean(axis=1)) >= 0).all()
    assert np.ptp(ramp, axis=1).max() <= 2
    np.testing.assert_allclose(ramp[20:180, 1], greys[20:180], atol=4)
    assert ramp[255, 1] in range(220, 246)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_lights_brighter_than_paper_are_told_apart_from_it(transfer: int) -> None:
    light = np.repeat(np.array([[0.0, 203.0, 320.0, 1000.0]]), 8, axis=0)
    levels = shown(frame_of(np.repeat(light, 8, axis=1), transfer), (32, 8))[4, 4::8, 1].astype(int)
    assert levels[0] <= 2
    assert levels[3] >= 250
    assert (np.diff(levels) >= 5).all()


def test_light_beyond_what_films_have_is_white() -> None:
    assert shown(frame_of(np.full((8, 8), 4000.0), PQ), (8, 8)).min() >= 250


def test_colours_of_wide_primaries_become_those_of_a_screen() -> None:
    to_bt2020 = np.array(
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    )
    rgb = np.array([150, 60, 40])
    light = np.full((8, 8, 3), to_bt2020 @ light_of(rgb))
    np.testing.assert_allclose(shown(frame_of(light, PQ), (8, 8))[4, 4], rgb, atol=5)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_text_is_as_light_as_on_an_ordinary_film(transfer: int) -> None:
    slide = np.full((180, 640), 30, np.uint8)
    cv2.putText(slide, "exit through the gift shop", (20, 100), 0, 1.2, 200, 2, cv2.LINE_AA)
    image = shown(frame_of(light_of(slide), transfer), (640, 180)).astype(int)
    np.testing.assert_allclose(image[:, :, 1], slide, atol=12)


def test_a_frame_with_the_curve_of_an_ordinary_film_is_left_alone() -> None:
    frame = frame_of(np.tile(light_of(np.arange(256)), (16, 1)), PQ)
    frame.color_trc = 1
    plain = frame.reformat(width=256, height=16, format="rgb24", interpolation="AREA")
    assert np.array_equal(shown(frame, (256, 16)), plain.to_ndarray())
