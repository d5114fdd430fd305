"""Pictures from outside: whatever comes is upright RGB, or refused with the reason."""

import contextlib
import io
import sys
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from embeddings.errors import PictureUnreadable
from embeddings.pictures import MAX_PICTURE_BYTES, check_picture, read_picture
from embeddings.pixels import MAX_PIXELS
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


def test_what_is_transparent_shows_the_colour_that_is_stored() -> None:
    red = Pillow.new("RGBA", (4, 4), (200, 10, 10, 0))
    assert (read_picture(saved(red)) == (200, 10, 10)).all()
    palette = Pillow.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 200, 10, 10])
    assert (read_picture(saved(palette, transparency=b"\xff\x00")) == (200, 10, 10)).all()


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    grey = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    assert read_picture(saved(Pillow.fromarray(grey)))[0, :, 0].tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_read(kind: str) -> None:
    first, *others = (Pillow.fromarray(drawn(seed, (40, 20))) for seed in (3, 4, 5))
    animation = saved(first, kind, save_all=True, append_images=others, lossless=True)
    assert np.array_equal(read_picture(animation), drawn(3, (40, 20)))
    assert check_picture(animation) == (40, 20)


@pytest.mark.parametrize("kind", ACCEPTED)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_the_smallest_pictures_are_pictures(kind: str, size: tuple[int, int]) -> None:
    data = saved(Pillow.new("RGB", size), kind)
    assert read_picture(data).shape == (size[1], size[0], 3)
    assert check_picture(data) == size


@pytest.mark.parametrize("kind", ACCEPTED)
def test_what_follows_a_picture_is_no_part_of_it(kind: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.html", "<script>")
    picture = encoded(kind)
    assert np.array_equal(read_picture(picture + out.getvalue()), read_picture(picture))


@pytest.mark.parametrize("before", [b"GIF89a", b"<html>", b"%PDF-1.7\n", b"\n", b"PK\x03\x04"])
def test_what_begins_as_something_else_is_refused(before: bytes) -> None:
    with pytest.raises(PictureUnreadable, match="no picture that can be read"):
        read_picture(before + encoded("JPEG"))


@pytest.mark.parametrize(
    "exif",
    [
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\xff\xff\xff\x7f\xff\xff\xff\x7f",
        b"neither order of bytes",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08",
    ],
)
def test_a_photo_whose_metadata_is_nonsense_is_shown_as_it_lies(exif: bytes) -> None:
    lying = saved(Pillow.fromarray(drawn(3, (40, 20))), "JPEG", exif=b"Exif\0\0" + exif)
    assert read_picture(lying).shape == (20, 40, 3)


def test_a_file_whose_pixels_are_nonsense_is_refused() -> None:
    for kind in ("PNG", "WEBP"):
        data = bytearray(saved(Pillow.fromarray(drawn(3, (200, 100))), kind))
        data[60:-60] = b"\x55" * len(data[60:-60])
        assert check_picture(bytes(data)) == (200, 100)
        with pytest.raises(PictureUnreadable, match="damaged"):
            read_picture(bytes(data))


def test_reading_in_threads_leaves_the_warnings_of_the_process_as_they_are() -> None:
    before, interval = list(warnings.filters), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(read_picture, [encoded(kind) for kind in ACCEPTED] * 200))
        assert warnings.filters == before
    finally:
        sys.setswitchinterval(interval)


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
        picture = read_picture(bytes(data[:end]))
        assert is_picture(picture)
        assert sorted(check_picture(bytes(data[:end]))) == sorted(picture.shape[:2])


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
    with pytest.raises(PictureUnreadable, match=r"send JPEG, PNG, WEBP$"):
        read_picture(saved(Pillow.new("RGB", (16, 16)), kind))


@pytest.mark.parametrize(
    ("width", "height"),
    [(MAX_PIXELS + 1, 1), (10_000, 5_001), (13_000, 13_000), (19_000, 19_000)],
)
def test_a_picture_of_huge_dimensions_is_refused_before_it_is_decoded(
    width: int, height: int
) -> None:
    for read in (read_picture, check_picture):
        with pytest.raises(PictureUnreadable, match="more than 50,000,000 pixels"):
            read(png_of(width, height))


def test_a_picture_without_any_pixel_is_refused() -> None:
    for width, height in ((0, 0), (0, 5), (5, 0), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(PictureUnreadable, match="picture"):
            read_picture(png_of(width, height))


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded() -> None:
    data = saved(Pillow.new("L", (4096, 4096)), "JPEG", progressive=True)
    assert is_picture(read_picture(data))
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    bomb = data[:-2] + last_scan * 1000 + data[-2:]
    assert len(bomb) < 200_000
    for read in (read_picture, check_picture):  # a file of 1 MB would take three minutes
        with pytest.raises(PictureUnreadable, match="too many scans"):
            read(bomb)


def test_a_photo_with_a_film_behind_it_is_no_jpeg_of_many_scans() -> None:
    film = np.random.default_rng(0).bytes(10 * 2**20)
    assert film.count(b"\xff\xda") > 100
    photo = saved(Pillow.new("RGB", (4080, 3072)), "JPEG")
    assert check_picture(photo + film) == (4080, 3072)


@pytest.mark.parametrize("kind", ACCEPTED)
def test_the_header_tells_the_size_of_a_file_that_is_cut_off(kind: str) -> None:
    assert check_picture(encoded(kind, (320, 180))) == (320, 180)
    if kind != "WEBP":  # which says how long it is
        data = encoded(kind, (320, 180))[:700]
        assert check_picture(data) == (320, 180)
        with pytest.raises(PictureUnreadable, match="damaged"):
            read_picture(data)


@pytest.mark.parametrize("data", [b"", b"nonsense", encoded("GIF"), encoded("BMP")])
def test_the_header_of_another_format_is_refused(data: bytes) -> None:
    with pytest.raises(PictureUnreadable, match=r"send JPEG, PNG, WEBP$"):
        check_picture(data)


def test_a_file_over_the_limit_is_refused() -> None:
    data = encoded() + bytes(MAX_PICTURE_BYTES)
    for read in (read_picture, check_picture):
        with pytest.raises(PictureUnreadable, match="larger than 16 MiB"):
            read(data)
    assert is_picture(read_picture(data[:MAX_PICTURE_BYTES])), "what follows a PNG is no part of it"
