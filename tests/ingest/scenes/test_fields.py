"""Fields of two times in one frame: what moves is shown as it was at one of them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.scenes.picture import shown, shown_size
from tests.helpers.forms import Form, write_formed
from tests.helpers.media import Picture

SIZE = (320, 240)
INTERLACED = (("x264-params", "tff=1:crf=1"),)


def scene(left: int) -> Picture:
    """A bar that stands at `left`, above a still one."""
    picture = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    picture[40:120, left : left + 40] = 220
    picture[160:200, 100:140] = 220
    return picture


def woven(first: Picture, second: Picture) -> Picture:
    """Both in one: the even lines of the first, the odd ones of the second."""
    picture = first.copy()
    picture[1::2] = second[1::2]
    return picture


def decoded(path: Path, picture: Picture, options: tuple[tuple[str, str], ...]) -> av.VideoFrame:
    frames = [av.VideoFrame.from_ndarray(picture, "rgb24") for _ in range(3)]
    write_formed(path, frames, Form(options=options))
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def test_what_moves_is_not_torn_into_lines(tmp_path: Path) -> None:
    torn = woven(scene(100), scene(124))
    image = shown(decoded(tmp_path / "a.mp4", torn, INTERLACED), SIZE).astype(int)
    lines = np.abs(np.diff(image[50:110, :, 1], axis=0))
    assert lines.max() < 30
    np.testing.assert_allclose(image[50:110], scene(100)[50:110], atol=30)


def test_what_stands_still_keeps_all_its_lines(tmp_path: Path) -> None:
    first, second = scene(100), scene(124)
    for picture in (first, second):
        picture[170:190:2, 150:250] = 200  # fine lines, of which each field has its own
        picture[171:190:4, 150:250] = 200
    image = shown(decoded(tmp_path / "a.mp4", woven(first, second), INTERLACED), SIZE).astype(int)
    still = slice(160, 200)
    assert np.abs(image[still, 95:145] - first[still, 95:145]).mean() < 4


def test_a_frame_without_fields_is_left_alone(tmp_path: Path) -> None:
    torn = woven(scene(100), scene(124))
    frame = decoded(tmp_path / "a.mp4", torn, (("crf", "1"),))
    assert not frame.interlaced_frame
    assert np.abs(np.diff(shown(frame, SIZE)[50:110, :, 1].astype(int), axis=0)).max() > 150


@pytest.mark.parametrize("height", [4, 8, 12])
def test_fields_of_few_lines_are_shown(height: int) -> None:
    stream = av.CodecContext.create("libx264", "w")
    stream.width, stream.height, stream.pix_fmt = 16, height, "yuv420p"
    stream.time_base, stream.options = Fraction(1, 25), {"x264-params": "tff=1"}
    frame = av.VideoFrame(16, height, "yuv420p")
    frame.pts = 0
    packets = [*stream.encode(frame), *stream.encode(None)]
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = stream.extradata
    frames = [f for packet in [*packets, None] for f in decoder.decode(packet)]
    assert frames[0].interlaced_frame
    assert shown(frames[0], shown_size(frames[0])).shape == (height, 16, 3)
