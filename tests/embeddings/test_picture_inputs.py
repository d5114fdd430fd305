"""Pictures as programs and requests hand them over: PIL images, arrays, bytes, base64."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from embeddings.errors import PictureUnreadable
from embeddings.pictures import MAX_PICTURE_BYTES, decode_picture_text, read_picture, rgb_of
from tests.helpers.media import drawn
from tests.helpers.pictures import encoded

DRAWN = drawn(3, (40, 20))
MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB",
         "HSV", "I;16", "I;16B", "I;16L"]  # fmt: skip


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_file_an_image_and_an_array_are_one_picture() -> None:
    image = Pillow.fromarray(DRAWN)
    for picture in (
        encoded(),
        image,
        image.convert("RGBA"),
        DRAWN,
        np.dstack([DRAWN, DRAWN])[..., :4],
    ):
        assert np.array_equal(rgb_of(picture), DRAWN)


@pytest.mark.parametrize("mode", MODES)
def test_an_image_of_any_mode_with_a_certain_range_becomes_rgb(mode: str) -> None:
    picture = rgb_of(Pillow.new(mode, (9, 7)))
    assert picture.shape == (7, 9, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("mode", ["I", "F"])
def test_an_image_of_values_without_a_certain_range_is_refused(mode: str) -> None:
    with pytest.raises(PictureUnreadable, match=f"mode {mode} .* make it RGB"):
        rgb_of(Pillow.new(mode, (9, 7)))


def test_an_image_opened_from_a_photo_is_turned_upright(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(encoded("JPEG", (40, 20), 6))
    with Pillow.open(photo) as opened:
        assert np.array_equal(rgb_of(opened), read_picture(photo.read_bytes()))


def test_an_image_is_left_as_it_was() -> None:
    palette = Pillow.new("P", (4, 4), 1)
    palette.info["transparency"] = b"\xff\x00"
    rgb_of(palette)
    assert palette.mode == "P"
    assert palette.info == {"transparency": b"\xff\x00"}


def test_an_image_that_is_closed_or_cut_off_is_refused(tmp_path: Path) -> None:
    cut = tmp_path / "a.png"
    cut.write_bytes(encoded("PNG", (200, 100))[:300])
    with Pillow.open(cut) as opened, pytest.raises(PictureUnreadable, match="damaged"):
        rgb_of(opened)
    closed = Pillow.fromarray(DRAWN)
    closed.close()
    with pytest.raises(PictureUnreadable, match="damaged"):
        rgb_of(closed)


def test_grey_is_the_same_in_all_three_colours() -> None:
    assert np.array_equal(rgb_of(DRAWN[..., 0]), np.dstack([DRAWN[..., 0]] * 3))


@pytest.mark.parametrize(
    "view", [DRAWN[::-1], DRAWN[:, ::2], DRAWN.transpose(1, 0, 2), DRAWN[..., 0]]
)
def test_a_view_of_an_array_becomes_a_plain_one_of_its_own(view: Any) -> None:
    handed_over = view.copy()
    picture = rgb_of(handed_over)
    assert np.array_equal(rgb_of(view), picture)
    assert rgb_of(view).flags.c_contiguous
    handed_over[:] = 0
    assert np.array_equal(rgb_of(view), picture), "the program may use its array again"


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (DRAWN / 255, r"float64 \[20, 40, 3\]"),
        (DRAWN.astype(np.float32), "float32"),
        (DRAWN.astype(np.int64), "int64"),
        (DRAWN.astype(np.uint16), "uint16"),
        (DRAWN[..., 0] > 0, r"bool \[20, 40\]"),
        (DRAWN.transpose(2, 0, 1), r"uint8 \[3, 20, 40\]"),
        (DRAWN[None], r"\[1, 20, 40, 3\]"),
        (DRAWN[..., :2], r"\[20, 40, 2\]"),
        (DRAWN[..., :1], r"\[20, 40, 1\]"),
        (DRAWN[0, :, 0], r"\[40\]"),
        (np.zeros(0, np.uint8), r"\[0\]"),
        (np.array([[object()]]), "object"),
    ],
)
def test_an_array_of_another_type_or_shape_is_refused_not_guessed(array: Any, told: str) -> None:
    with pytest.raises(PictureUnreadable, match=told):
        rgb_of(array)


@pytest.mark.parametrize("empty", [DRAWN[:0], DRAWN[:, :0], Pillow.new("RGB", (0, 5))])
def test_a_picture_of_no_pixels_is_refused(empty: Any) -> None:
    with pytest.raises(PictureUnreadable, match="no pixels"):
        rgb_of(empty)


def test_more_pixels_than_are_read_from_a_file_are_not_taken_otherwise() -> None:
    for huge in (
        np.broadcast_to(np.uint8(0), (10_000, 5_001, 3)),
        Pillow.new("1", (10_000, 5_001)),
    ):
        with pytest.raises(PictureUnreadable, match="more than 50,000,000 pixels"):
            rgb_of(huge)


@pytest.mark.parametrize("other", ["a.png", Path("a.png"), None, 3, [[1]]])
def test_a_path_and_other_things_are_no_pictures(other: Any) -> None:
    with pytest.raises(PictureUnreadable, match="a path is not opened: read the file"):
        rgb_of(other)


@given(st.binary(min_size=1))
def test_base64_of_any_bytes_is_those_bytes(data: bytes) -> None:
    assert decode_picture_text(in_base64(data)) == data


@pytest.mark.parametrize(
    "start",
    ["data:image/png;base64,", "DATA:image/PNG;BASE64,", "data:;base64,", "data:text/html;base64,",
     "data:image/jpeg;charset=utf-8;base64,"],
)  # fmt: skip
def test_a_data_uri_is_the_file_in_it_whatever_type_it_says(start: str) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        assert decode_picture_text(start + in_base64(encoded(kind))) == encoded(kind)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("data:image/png;base64,", "empty"),
        ("data:image/png,iVBORw0K", "a data URI begins like this here"),
        ("data:image/png;base64iVBORw0K", "a data URI begins like this here"),
        ("data:" + "x" * 300 + ";base64,iVBORw0K", "a data URI begins like this here"),
        ("iVBO\nRw0K", "on one line"),
        ("iVBORw0K\n", "on one line"),
        (" iVBORw0K", "on one line"),
        ("iVBO Rw0K", "on one line"),
        ("iV-ORw_K", "standard alphabet"),
        ("iV-ORw==", "standard alphabet"),
        ("iVBORw0", "lacks its end"),
        ("iVBOR", "lacks its end"),
        ("QQ==QQ==", "no base64"),
        ("====", "no base64"),
        ("QQ=", "no base64"),
        ("iVBÖRw0K", "no base64"),
        ("iVB\ud800Rw0K", "no base64"),
        ("iVB\0Rw0K", "no base64"),
        ("https://pictures.example/a.png", "no base64"),
        ("file:///etc/passwd", "no base64"),
        ("data:image/png;base64,data:image/png;base64,QUJD", "no base64"),
    ],
)
def test_what_is_not_quite_base64_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(PictureUnreadable, match=told):
        decode_picture_text(text)


@given(st.text())
def test_any_other_text_is_refused_or_is_base64(text: str) -> None:
    try:
        data = decode_picture_text(text)
    except PictureUnreadable:
        return
    assert len(data) <= len(text)


def test_a_path_is_never_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").write_bytes(encoded())  # a name that is base64, too
    assert decode_picture_text("pictures") == base64.b64decode("pictures")
    for path in ("/etc/passwd", str(tmp_path / "pictures"), f"file://{tmp_path}/pictures"):
        with pytest.raises(PictureUnreadable):
            decode_picture_text(path)


@pytest.mark.parametrize("start", ["", "data:image/png;base64,"])
def test_a_text_too_long_for_a_picture_is_refused_before_it_is_decoded(start: str) -> None:
    largest = in_base64(bytes(MAX_PICTURE_BYTES))
    assert len(decode_picture_text(start + largest)) == MAX_PICTURE_BYTES
    with pytest.raises(PictureUnreadable, match="larger than 16 MiB"):
        decode_picture_text(start + largest + "!")
