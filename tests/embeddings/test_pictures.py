"""Pictures from outside: whatever comes is upright RGB, or refused with the reason."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from embeddings.errors import PictureUnreadable
from embeddings.pictures import MAX_PICTURE_BYTES, MAX_PIXELS, read_picture
from tests.helpers.media import Picture, drawn
from tests.helpers.pictures import encoded, png_of, saved

ACCEPTED = ("JPEG", "PNG", "WEBP")


def is_picture(picture: Picture) -> bool:
    height, width, channels = picture.shape
    return picture.dtype == np.uint8 and channels == 3 and min(height, width) >= 1


@pytest.mark.parametrize("kind", ACCEPTED)
def test_each_accepted_format_shows_what_was_drawn(kind: str) -> None:
    size = (320, 180)
    picture = read_picture(encoded(kind, size))
    assert picture.shape == (180, 320, 3)
    difference = np.abs(picture.astype(int) - drawn(3, size))
    assert difference.mean() <= (0 if kind == "PNG" else 5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(orientation: int) -> None:
    picture, lying = drawn(3, (40, 20)), read_picture(encoded("PNG", (40, 20), orientation))
    turned = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.transpose(1, 0, 2),
        6: np.rot90(picture, -1),
        7: np.rot90(picture.transpose(1, 0, 2), 2),
        8: np.rot90(picture),
    }
    assert np.array_equal(lying, turned[orientation])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_grey_transparent_and_other_pictures_become_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert read_picture(saved(Pillow.new(mode, (9, 7)), kind)).shape == (7, 9, 3)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(ACCEPTED),
    st.integers(0, 8),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    st.none() | st.integers(0, 4000),
)
def test_a_damaged_file_is_a_picture_or_refused(
    kind: str, orientation: int, flips: list[tuple[int, int]], end: int | None
) -> None:
    data = bytearray(encoded(kind, orientation=orientation))
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(PictureUnreadable):
        assert is_picture(read_picture(bytes(data[:end])))


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_file_that_ends_too_soon_is_refused(kind: str) -> None:
    data = encoded(kind, (200, 100))
    for length in (0, 1, 8, 30, len(data) // 2):
        with pytest.raises(PictureUnreadable, match="picture"):
            read_picture(data[:length])


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(PictureUnreadable, match="picture"):
        read_picture(data)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "PPM", "ICO"])
def test_other_formats_are_refused_with_those_that_are_not(kind: str) -> None:
    with pytest.raises(PictureUnreadable, match="send JPEG, PNG, WEBP$"):
        read_picture(saved(Pillow.new("RGB", (16, 16)), kind))


@pytest.mark.parametrize(
    ("width", "height"),
    [(MAX_PIXELS + 1, 1), (10_000, 5_001), (20_000, 20_000), (2**31 - 1, 2**31 - 1)],
)
def test_a_picture_of_huge_dimensions_is_refused_before_it_is_decoded(
    width: int, height: int
) -> None:
    with pytest.raises(PictureUnreadable, match="picture"):
        read_picture(png_of(width, height))


def test_a_picture_without_any_pixel_is_refused() -> None:
    for width, height in ((0, 0), (0, 5), (5, 0)):
        with pytest.raises(PictureUnreadable, match="picture"):
            read_picture(png_of(width, height))


def test_a_file_over_the_limit_is_refused() -> None:
    data = encoded() + bytes(MAX_PICTURE_BYTES)
    with pytest.raises(PictureUnreadable, match="larger than 16 MiB"):
        read_picture(data)
    assert is_picture(read_picture(data[:MAX_PICTURE_BYTES])), "what follows a PNG is no part of it"
