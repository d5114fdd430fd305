"""Pictures as queries: an upright part of what was sent, or refused with the reason."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from search.errors import InvalidQuery
from search.query.image import Crop, read_query_picture
from tests.helpers.pictures import encoded, png_of, saved

side = st.floats(0, 1) | st.floats() | st.sampled_from([0.0, 0.5, 1.0, 1e-300, 5e-7, 1 - 1e-9])


def test_a_crop_is_that_part_of_the_upright_picture() -> None:
    whole = read_query_picture(encoded(orientation=6))
    assert whole.shape == (40, 20, 3)
    crop = Crop.parse("0.25, 0.5, 0.5, 0.25")
    assert np.array_equal(read_query_picture(encoded(orientation=6), crop), whole[20:30, 5:15])
    assert np.array_equal(read_query_picture(encoded(orientation=6), Crop(0, 0, 1, 1)), whole)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_every_format_that_a_search_takes_shows_the_picture(kind: str) -> None:
    assert read_query_picture(encoded(kind)).shape == (20, 40, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "send JPEG, PNG, WEBP, BMP"),
        (encoded("GIF"), "send JPEG, PNG, WEBP, BMP"),
        (encoded("PNG", (200, 100))[:300], "damaged"),
        (png_of(10_000, 5_001), "more than 50,000,000 pixels"),
    ],
)
def test_a_picture_that_cannot_be_read_is_a_fault_of_the_query(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidQuery, match=reason):
        read_query_picture(data)


@pytest.mark.parametrize(
    "text",
    ["", "1", "0,0,1", "0,0,1,1,1", "a,b,c,d", "0;0;1;1", "nan,0,1,1", "0,0,inf,1", "0,0,nan,1",
     "-0.1,0,1,1", "0.5,0,0.6,1", "0,0.5,1,0.6", "0,0,0,1", "0,0,1,0", "0,0,-1,1", "1e999,0,1,1"],
)  # fmt: skip
def test_a_crop_that_is_no_part_of_a_picture_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="crop"):
        Crop.parse(text)


@settings(deadline=None)
@given(st.text(max_size=20) | st.lists(side, min_size=4, max_size=4).map(lambda p: str(p)[1:-1]))
@example("1,0,5e-7,1")
@example("0,1,1,5e-7")
def test_any_crop_is_refused_or_shows_at_least_a_pixel(text: str) -> None:
    try:
        crop = Crop.parse(text)
    except InvalidQuery:
        return
    assert all(map(math.isfinite, (crop.left, crop.top, crop.width, crop.height)))
    for size in ((40, 20), (1, 1), (1, 300)):
        part = read_query_picture(saved(Pillow.new("RGB", size)), crop)
        assert part.dtype == np.uint8
        assert part.ndim == 3
        assert min(part.shape) >= 1
