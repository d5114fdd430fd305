"""A picture is shown as it was meant: turned, mirrored, in its proportions, on a fitting ground."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.library.embed import read_image
from ingest.scenes.keyframes import jpeg_of
from ingest.scenes.picture import reduced, shown, shown_size, size_within
from ingest.scenes.pixels import small_picture
from tests.helpers.forms import text_on_transparent
from tests.helpers.media import Picture, drawn

TRANSPARENT = (
    "rgba bgra argb abgr ya8 ya16le yuva420p yuva422p yuva444p yuva420p10le yuva444p10le "
    "yuva444p12le yuva444p16le gbrap gbrap10le gbrap16be rgba64le rgba64be ayuv64le"
).split()
ANY_FORMAT = (
    *TRANSPARENT,
    *"yuv420p yuvj420p yuv422p yuv444p yuv410p nv12 yuv420p10le p010le gray gray10le rgb24".split(),
    *"gbrp pal8 monow rgb565le uyvy422".split(),
)


def read_back(frame: av.VideoFrame, folder: Path) -> Picture:
    (folder / "a.jpg").write_bytes(jpeg_of(frame))
    return np.asarray(read_image(folder / "a.jpg"))


def contrast(picture: npt.NDArray[np.uint8]) -> int:
    """Between the darkest and the lightest of what is drawn."""
    return int(picture.max()) - int(picture.min())


def palette_frame(rgba: npt.NDArray[np.uint8]) -> av.VideoFrame:
    """A frame of two colours, by a palette: the first that is opaque, and that of the corner."""
    opaque = rgba[:, :, 3] > 128
    colours = np.zeros((256, 4), np.uint8)
    colours[0], colours[1] = rgba[0, 0], rgba[opaque][0]
    colours[1, 3] = 255
    argb = np.ascontiguousarray(colours[:, [3, 0, 1, 2]])
    of_palette: Any = opaque.astype(np.uint8), argb
    return av.VideoFrame.from_ndarray(of_palette, "pal8")


@pytest.mark.parametrize("hidden", [0, 255, 120])
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("pixel_format", TRANSPARENT)
def test_text_on_nothing_stands_out_whatever_its_colour_and_what_is_hidden(
    tmp_path: Path, pixel_format: str, level: int, hidden: int
) -> None:
    frame = av.VideoFrame.from_ndarray(text_on_transparent(level, hidden), "rgba")
    picture = read_back(frame.reformat(format=pixel_format), tmp_path)
    assert contrast(picture) > 220
    ground = picture[:50]
    assert ground.mean() > 245 if level == 0 else ground.mean() < 10


@pytest.mark.parametrize("level", [0, 255])
def test_a_palette_may_be_transparent(tmp_path: Path, level: int) -> None:
    picture = read_back(palette_frame(text_on_transparent(level, level)), tmp_path)
    assert contrast(picture) > 220


def test_a_transparent_picture_is_compared_on_a_ground_that_shows_black_and_white() -> None:
    for level in (0, 255):
        frame = av.VideoFrame.from_ndarray(text_on_transparent(level, level), "rgba")
        assert contrast(small_picture(frame)) > 60


def test_white_text_in_a_veil_of_black_is_read() -> None:
    picture = text_on_transparent(255)
    veil = picture[:, :, 3] < 128
    picture[60:120][veil[60:120]] = (0, 0, 0, 170)
    image = shown(av.VideoFrame.from_ndarray(picture, "rgba"), (320, 180))
    assert contrast(image[60:120]) > 150


def test_what_is_hidden_does_not_shine_through_at_the_edges_when_made_smaller() -> None:
    picture = np.zeros((180, 320, 4), np.uint8)
    picture[:, :, :3] = (0, 255, 0)
    picture[::2, ::2] = (255, 255, 255, 255)
    image = shown(av.VideoFrame.from_ndarray(picture, "rgba"), (80, 45)).astype(int)
    assert np.abs(image[:, :, 1] - image[:, :, 0]).max() <= 2


def test_an_opaque_picture_with_an_opacity_is_as_without(tmp_path: Path) -> None:
    rgb = drawn(3, (640, 360))
    rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    plain = read_back(av.VideoFrame.from_ndarray(rgb, "rgb24"), tmp_path)
    assert np.array_equal(read_back(av.VideoFrame.from_ndarray(rgba, "rgba"), tmp_path), plain)


def test_an_ordinary_frame_is_converted_in_one_step(tmp_path: Path) -> None:
    frame = av.VideoFrame.from_ndarray(drawn(3, (1920, 1080)), "rgb24").reformat(format="yuv420p")
    plain = frame.reformat(width=1280, height=720, format="rgb24", interpolation="AREA")
    bgr = cv2.cvtColor(plain.to_ndarray(), cv2.COLOR_RGB2BGR)
    expected = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    assert jpeg_of(frame) == expected.tobytes()


@pytest.mark.parametrize("matrix", [0, 1, 3, 5, 8, 10, 14, 17])
def test_colours_of_a_matrix_that_the_scaler_does_not_know_are_near_enough(
    tmp_path: Path, matrix: int
) -> None:
    rgb = np.full((180, 320, 3), (200, 60, 40), np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p")
    frame.colorspace = matrix
    np.testing.assert_allclose(read_back(frame, tmp_path), rgb, atol=40)
    assert small_picture(frame).shape[2] == 3
    assert frame.colorspace == matrix


def coded(
    rgb: tuple[int, int, int], matrix: tuple[float, float], is_full: bool
) -> tuple[int, int, int]:
    """A colour as Y, Cb, Cr of 8 bits, by the weights of red and blue."""
    (red, green, blue), (of_red, of_blue) = (part / 255 for part in rgb), matrix
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    differences = ((blue - luma) / (1 - of_blue) / 2, (red - luma) / (1 - of_red) / 2)
    scales = (255, 255, 0) if is_full else (219, 224, 16)
    parts = (scales[2] + scales[0] * luma, *(128 + scales[1] * d for d in differences))
    return tuple(round(part) for part in parts)  # type: ignore[return-value]


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize(("mark", "matrix"), [(5, (0.299, 0.114)), (1, (0.2126, 0.0722))])
@pytest.mark.parametrize("rgb", [(200, 40, 60), (30, 180, 90), (128, 128, 128)])
def test_colours_are_those_of_the_matrix_and_range_that_a_frame_is_marked_with(
    rgb: tuple[int, int, int], mark: int, matrix: tuple[float, float], is_full: bool
) -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane, value in zip(frame.planes, coded(rgb, matrix, is_full), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.colorspace, frame.color_range = mark, 2 if is_full else 1
    np.testing.assert_allclose(shown(frame, (64, 48))[24, 32], rgb, atol=4)


@settings(max_examples=100, deadline=None)
@given(
    pixel_format=st.sampled_from(ANY_FORMAT),
    width=st.one_of(st.integers(1, 40), st.sampled_from([641, 1919])),
    height=st.one_of(st.integers(1, 40), st.sampled_from([361, 1081])),
    transfer=st.sampled_from([2, 16, 18, 99]),
    matrix=st.integers(0, 20),
)
def test_every_picture_is_shown_however_narrow(
    pixel_format: str, width: int, height: int, transfer: int, matrix: int
) -> None:
    frame = av.VideoFrame(width, height, pixel_format)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.color_trc, frame.colorspace = transfer, matrix
    assert shown_size(frame) == (width, height)
    for box in ((1280, 1280), (160, 284)):
        size = size_within(frame, *box)
        assert shown(frame, size).shape == (size[1], size[0], 3)
    assert small_picture(frame).shape[2] == 3


@pytest.fixture
def without_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_frame_that_was_shown_is_free_at_once(without_collection: None) -> None:
    frame = av.VideoFrame.from_ndarray(drawn(1, (654, 322)), "rgb24").reformat(format="yuv420p")
    shown(frame, shown_size(frame))
    del frame
    # By type: some objects of other libraries warn when they are asked for their class.
    frames = [o for o in gc.get_objects() if type(o) is av.VideoFrame]
    assert not [frame for frame in frames if frame.width == 654]


def test_of_a_very_large_frame_only_what_a_keyframe_needs_is_kept(tmp_path: Path) -> None:
    picture = cv2.resize(drawn(2), (8192, 4352), interpolation=cv2.INTER_NEAREST)
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
    small = reduced(frame, 1280)
    assert (small.width, small.height) == (1280, 680)
    whole, later = read_back(frame, tmp_path), read_back(small, tmp_path)
    assert np.abs(whole.astype(int) - later).mean() < 2


def test_an_ordinary_frame_is_kept_as_it_was_decoded() -> None:
    frame = av.VideoFrame(3840, 2160, "yuv420p")
    assert reduced(frame, 1280) is frame


def test_a_frame_made_smaller_at_once_becomes_the_same_keyframe(tmp_path: Path) -> None:
    rgb = av.VideoFrame.from_ndarray(drawn(4, (3840, 2160)), "rgb24")
    frame = rgb.reformat(format="yuv420p10le")
    small = reduced(frame, 1280)
    assert small is not frame
    assert np.array_equal(read_back(small, tmp_path), read_back(frame, tmp_path))
