"""Image processors that resize with torch give the pixels that transformers' own give."""

from typing import Any

import numpy as np
import pytest
from PIL.Image import Resampling
from transformers import (
    CLIPImageProcessorPil,
    ConvNextImageProcessorPil,
    SiglipImageProcessorPil,
    VideoMAEImageProcessorPil,
)

from embeddings.backends.torch import pixels_of
from embeddings.backends.torch_resize import with_torch_resize
from tests.helpers.media import Picture, drawn, solid

LEVEL = 1 / 255
PICTURES = {
    "HD": drawn(1, (1280, 720)),
    "small": drawn(2, (90, 160)),
    "a view": drawn(3)[:, ::-1, ::-1],
    "one pixel": solid(200, 30, 30, (1, 1)),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (CLIPImageProcessorPil, {}),
        (CLIPImageProcessorPil, {"resample": Resampling.LANCZOS}),
        (ConvNextImageProcessorPil, {"size": {"shortest_edge": 224}}),
        (ConvNextImageProcessorPil, {}),
        (SiglipImageProcessorPil, {}),
        (VideoMAEImageProcessorPil, {"size": {"shortest_edge": 448}}),
    ],
)
def test_no_value_is_off_by_more_than_two_levels(
    kind: Any, options: dict[str, Any], picture: Picture
) -> None:
    theirs = kind(**options, do_normalize=False)
    ours = with_torch_resize(kind(**options, do_normalize=False))
    expected, found = pixels_of(theirs, [picture]), pixels_of(ours, [picture])
    np.testing.assert_allclose(found, expected, atol=2.01 * LEVEL)
    assert (found - expected).abs().mean() < 0.02 * LEVEL


def test_a_picture_that_is_read_only_stays_as_it_is() -> None:
    picture = drawn(5)
    picture.setflags(write=False)
    assert pixels_of(with_torch_resize(CLIPImageProcessorPil()), [picture]).shape[-1] == 224
