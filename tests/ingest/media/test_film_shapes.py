"""Pictures that are turned, mirrored or of pixels that are not square are shown as in players."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from tests.helpers.forms import (
    LAYS,
    ONE,
    Form,
    as_found,
    corners,
    joined,
    names_of_corners,
    repeated,
    write_formed,
)
from tests.helpers.media import drawn

DAMAGED = {
    "zero": (0, 0, 0, 0),
    "half zero": (ONE, 0, 0, 0),
    "both axes on one": (ONE, ONE, 0, 0),
    "skewed": (ONE, 0, ONE // 2, ONE),
    "half way": (46341, 46341, -46341, 46341),
}


@pytest.mark.parametrize("lay", LAYS)
def test_a_picture_lies_as_its_display_matrix_says(tmp_path: Path, lay: str) -> None:
    matrix, expected = LAYS[lay]
    film = write_formed(tmp_path / "a.mp4", repeated(corners()), Form(matrix=matrix))
    found, (picture, *_) = as_found(film, tmp_path)
    size = (180, 320) if lay.startswith("turned") else (320, 180)
    assert (found.width_px, found.height_px) == size
    assert picture.shape[1::-1] == size
    assert names_of_corners(picture) == expected


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_display_matrix_is_left_aside(tmp_path: Path, damage: str) -> None:
    film = write_formed(tmp_path / "a.mp4", repeated(corners()), Form(matrix=DAMAGED[damage]))
    found, (picture, *_) = as_found(film, tmp_path)
    assert (found.width_px, found.height_px) == (320, 180)
    assert names_of_corners(picture) == "rgbw"
    assert found.partial_reason is None


def test_a_matrix_that_is_nearly_a_turn_is_one(tmp_path: Path) -> None:
    nearly = (2000, ONE, -ONE, -3000)
    _, (picture, *_) = as_found(
        write_formed(tmp_path / "a.mp4", repeated(corners()), Form(matrix=nearly)), tmp_path
    )
    assert names_of_corners(picture) == "wrgb"


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(2), (640, 180)), (Fraction(1, 2), (320, 360)), (Fraction(4, 3), (427, 180))],
)
def test_pixels_that_are_not_square_make_the_picture_longer(
    tmp_path: Path, container: str, aspect: Fraction, size: tuple[int, int]
) -> None:
    film = write_formed(tmp_path / f"a.{container}", repeated(corners()), Form(pixel_aspect=aspect))
    found, (picture, *_) = as_found(film, tmp_path)
    assert (found.width_px, found.height_px) == size
    assert picture.shape[1::-1] == size
    assert names_of_corners(picture) == "rgbw"


def test_pixels_are_stretched_as_coded_and_then_turned(tmp_path: Path) -> None:
    form = Form(pixel_aspect=Fraction(2), matrix=LAYS["turned right"][0])
    found, (picture, *_) = as_found(
        write_formed(tmp_path / "a.mp4", repeated(corners()), form), tmp_path
    )
    assert (found.width_px, found.height_px) == (180, 640)
    assert picture.shape == (640, 180, 3)
    assert names_of_corners(picture) == "wrgb"


def with_pasp(path: Path, across: int, down: int) -> Path:
    """A film with another `pasp` box."""
    data = bytearray(path.read_bytes())
    at = data.index(b"pasp") + 4
    data[at : at + 8] = across.to_bytes(4, "big") + down.to_bytes(4, "big")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("absurd", [(0, 1), (1, 0), (1000, 1), (1, 1000), (5, 1), (1, 5)])
@pytest.mark.parametrize(("codec", "size"), [("libx264", (640, 180)), ("qtrle", (320, 180))])
def test_an_absurd_aspect_is_left_aside_for_that_of_the_codec(
    tmp_path: Path, absurd: tuple[int, int], codec: str, size: tuple[int, int]
) -> None:
    pixel_format = "rgb24" if codec == "qtrle" else "yuv420p"
    film = write_formed(
        tmp_path / "a.mov", repeated(corners()), Form(codec, pixel_format, Fraction(2))
    )
    found, _ = as_found(with_pasp(film, *absurd), tmp_path)
    assert (found.width_px, found.height_px) == size


def test_of_two_aspects_the_one_of_the_container_counts(tmp_path: Path) -> None:
    film = write_formed(tmp_path / "a.mp4", repeated(corners()), Form(pixel_aspect=Fraction(2)))
    found, _ = as_found(with_pasp(film, 3, 2), tmp_path)
    assert (found.width_px, found.height_px) == (480, 180)


def test_an_aspect_that_comes_from_rounding_changes_nothing(tmp_path: Path) -> None:
    plain = write_formed(tmp_path / "a.mp4", repeated(corners()), Form())
    nearly = write_formed(
        tmp_path / "b.mp4", repeated(corners()), Form(pixel_aspect=Fraction(640, 639))
    )
    found, (picture, *_) = as_found(nearly, tmp_path)
    assert (found.width_px, found.height_px) == (320, 180)
    assert np.array_equal(picture, as_found(plain, tmp_path)[1][0])


def test_an_aspect_that_changes_is_that_of_each_picture(tmp_path: Path) -> None:
    parts = [
        write_formed(
            tmp_path / f"{n}.ts",
            repeated(drawn(n), 50),
            Form(pixel_aspect=aspect, options=(("g", "10"),)),
        )
        for n, aspect in enumerate((Fraction(4, 3), Fraction(2)))
    ]
    _, pictures = as_found(joined(tmp_path / "a.ts", parts), tmp_path)
    assert [picture.shape[1] for picture in pictures] == [427, 640]


@pytest.mark.parametrize(
    ("degrees", "expected"), [("90", "wrgb"), ("180", "bwrg"), ("x", "rgbw"), ("9" * 5000, "rgbw")]
)
def test_the_turn_that_old_files_have_as_a_tag_is_made(
    tmp_path: Path, degrees: str, expected: str
) -> None:
    source = write_formed(tmp_path / "a.mp4", repeated(corners()), Form())
    with av.open(str(source)) as film, av.open(str(tmp_path / "a.mkv"), "w") as copy:
        stream = copy.add_stream_from_template(film.streams.video[0])
        stream.metadata["rotate"] = degrees
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert names_of_corners(as_found(tmp_path / "a.mkv", tmp_path)[1][0]) == expected


def test_pictures_of_a_camera_that_turns_each_by_exif_are_upright(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    PIL.Image.fromarray(corners()).save(buffer, "JPEG", exif=exif, quality=95)
    with av.open(str(tmp_path / "a.avi"), "w") as film:
        stream = film.add_stream("mjpeg", 25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj420p"
        for number in range(10):
            packet = av.Packet(buffer.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            film.mux(packet)
    found, (picture, *_) = as_found(tmp_path / "a.avi", tmp_path)
    assert (found.width_px, found.height_px) == (180, 320)
    assert names_of_corners(picture) == "wrgb"
