"""Films whose pictures are turned, stretched, transparent or very large are shown as in players."""

import io
import resource
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

import ingest.media.film
from ingest.library.embed import read_image
from ingest.media.clips import Footage, read_clips
from ingest.media.decode import Decoded, DecodeOptions, decode_file
from ingest.media.film import num_threads
from ingest.media.sprites import write_sheets
from ingest.scenes.scene import Span
from tests.helpers.forms import (
    ONE,
    Form,
    corners,
    joined,
    names_of_corners,
    repeated,
    text_on_transparent,
    write_formed,
)
from tests.helpers.media import Picture, drawn

MAX_PIXELS = 8192 * 4352
OPTIONS = DecodeOptions(MAX_PIXELS, 3600.0)
LAYS = {
    "as coded": ((ONE, 0, 0, ONE), "rgbw"),
    "mirrored": ((-ONE, 0, 0, ONE), "grwb"),
    "upside down": ((-ONE, 0, 0, -ONE), "bwrg"),
    "mirrored top to bottom": ((ONE, 0, 0, -ONE), "wbgr"),
    "turned right": ((0, ONE, -ONE, 0), "wrgb"),
    "turned left": ((0, -ONE, ONE, 0), "gbwr"),
    "turned right and mirrored": ((0, ONE, ONE, 0), "rwbg"),
    "turned left and mirrored": ((0, -ONE, -ONE, 0), "bgrw"),
}
"""a, b, c, d of a display matrix, and the corners of `corners()` as they are to be shown."""
DAMAGED = {
    "zero": (0, 0, 0, 0),
    "half zero": (ONE, 0, 0, 0),
    "both axes on one": (ONE, ONE, 0, 0),
    "skewed": (ONE, 0, ONE // 2, ONE),
    "half way": (46341, 46341, -46341, 46341),
}


def ignore(part: float) -> None:
    """Progress that nobody looks at."""


def shown(path: Path, folder: Path) -> tuple[Decoded, Picture]:
    """What a decode pass finds of a film, and its first keyframe."""
    found = decode_file(path, folder / "out", OPTIONS, ignore)
    return found, read_image(folder / "out" / found.keyframes[0].name)


def size_of(path: Path, folder: Path) -> tuple[int | None, int | None]:
    found = decode_file(path, folder / "out", OPTIONS, ignore)
    return found.width_px, found.height_px


@pytest.mark.parametrize("lay", LAYS)
def test_a_picture_lies_as_its_display_matrix_says(tmp_path: Path, lay: str) -> None:
    matrix, expected = LAYS[lay]
    film = write_formed(tmp_path / "a.mp4", repeated(corners()), Form(matrix=matrix))
    found, picture = shown(film, tmp_path)
    size = (180, 320) if lay.startswith("turned") else (320, 180)
    assert (found.width_px, found.height_px) == size
    assert picture.shape[1::-1] == size
    assert names_of_corners(picture) == expected


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_display_matrix_is_left_aside(tmp_path: Path, damage: str) -> None:
    film = write_formed(tmp_path / "a.mp4", repeated(corners()), Form(matrix=DAMAGED[damage]))
    found, picture = shown(film, tmp_path)
    assert (found.width_px, found.height_px) == (320, 180)
    assert names_of_corners(picture) == "rgbw"
    assert found.partial_reason is None


def test_a_matrix_that_is_nearly_a_turn_is_one(tmp_path: Path) -> None:
    nearly = (2000, ONE, -ONE, -3000)
    _, picture = shown(
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
    found, picture = shown(film, tmp_path)
    assert (found.width_px, found.height_px) == size
    assert picture.shape[1::-1] == size
    assert names_of_corners(picture) == "rgbw"


def test_pixels_are_stretched_as_coded_and_then_turned(tmp_path: Path) -> None:
    form = Form(pixel_aspect=Fraction(2), matrix=LAYS["turned right"][0])
    found, picture = shown(write_formed(tmp_path / "a.mp4", repeated(corners()), form), tmp_path)
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
    assert size_of(with_pasp(film, *absurd), tmp_path) == size


def test_of_two_aspects_the_one_of_the_container_counts(tmp_path: Path) -> None:
    film = write_formed(tmp_path / "a.mp4", repeated(corners()), Form(pixel_aspect=Fraction(2)))
    assert size_of(with_pasp(film, 3, 2), tmp_path) == (480, 180)


def test_an_aspect_that_comes_from_rounding_changes_nothing(tmp_path: Path) -> None:
    plain = write_formed(tmp_path / "a.mp4", repeated(corners()), Form())
    nearly = write_formed(
        tmp_path / "b.mp4", repeated(corners()), Form(pixel_aspect=Fraction(640, 639))
    )
    found, picture = shown(nearly, tmp_path)
    assert (found.width_px, found.height_px) == (320, 180)
    assert np.array_equal(picture, shown(plain, tmp_path)[1])


def test_an_aspect_that_changes_is_that_of_each_picture(tmp_path: Path) -> None:
    parts = [
        write_formed(
            tmp_path / f"{n}.ts",
            repeated(drawn(n), 50),
            Form(pixel_aspect=aspect, options=(("g", "10"),)),
        )
        for n, aspect in enumerate((Fraction(4, 3), Fraction(2)))
    ]
    found = decode_file(joined(tmp_path / "a.ts", parts), tmp_path / "out", OPTIONS, ignore)
    pictures = [read_image(tmp_path / "out" / k.name) for k in found.keyframes]
    assert [picture.shape[1] for picture in pictures] == [427, 640]


@pytest.mark.parametrize(("degrees", "expected"), [("90", "wrgb"), ("180", "bwrg"), ("x", "rgbw")])
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
    assert names_of_corners(shown(tmp_path / "a.mkv", tmp_path)[1]) == expected


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
    found, picture = shown(tmp_path / "a.avi", tmp_path)
    assert (found.width_px, found.height_px) == (180, 320)
    assert names_of_corners(picture) == "wrgb"


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.webm", "libvpx-vp9", "yuva420p"),
        ("a.webm", "libvpx", "yuva420p"),
        ("a.mov", "qtrle", "argb"),
        ("a.mov", "png", "rgba"),
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("a.mkv", "ffv1", "yuva420p"),
    ],
)
def test_text_of_a_transparent_film_is_seen(
    tmp_path: Path, name: str, codec: str, pixel_format: str, level: int
) -> None:
    frame = av.VideoFrame.from_ndarray(text_on_transparent(level, level), "rgba")
    options = (("auto-alt-ref", "0"), ("cpu-used", "8"), ("deadline", "realtime"))
    film = write_formed(
        tmp_path / name,
        [frame] * 10,
        Form(codec, pixel_format, options=options if "vpx" in codec else ()),
    )
    _, picture = shown(film, tmp_path)
    assert int(picture.max()) - int(picture.min()) > 200


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    """A film that goes on in another size, and then in another format and aspect."""
    forms = [Form(), Form(), Form(pixel_format="yuv444p", pixel_aspect=Fraction(2))]
    sizes = [(320, 180), (640, 480), (322, 242)]
    parts = [
        write_formed(tmp_path / f"{n}.ts", repeated(drawn(n, size), 50), form)
        for n, (size, form) in enumerate(zip(sizes, forms, strict=True))
    ]
    return joined(tmp_path / "changing.ts", parts)


def test_a_film_that_changes_its_size_has_keyframes_of_all_of_it(
    tmp_path: Path, changing: Path
) -> None:
    found = decode_file(changing, tmp_path / "out", OPTIONS, ignore)
    pictures = [read_image(tmp_path / "out" / k.name) for k in found.keyframes]
    assert [p.shape[1::-1] for p in pictures] == [(320, 180), (640, 480), (644, 242)]
    assert found.partial_reason is None


def test_clips_and_tiles_of_a_film_that_changes_its_size_are_made(
    tmp_path: Path, changing: Path
) -> None:
    found = decode_file(changing, tmp_path / "out", OPTIONS, ignore)
    footage = Footage(changing, found.clock, MAX_PIXELS)
    (clip,) = read_clips(footage, [Span(0.0, found.duration_s)], ignore)
    assert clip.shape == (16, 180, 320, 3)
    assert all(frame.std() > 10 for frame in clip)
    write_sheets(footage, tmp_path / "sheets", found.duration_s, ignore)
    assert read_image(tmp_path / "sheets" / "0.jpg").shape == (90, 6 * 160, 3)


def test_clips_and_tiles_are_of_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    form = Form(pixel_aspect=Fraction(2), matrix=LAYS["turned right and mirrored"][0])
    film = write_formed(tmp_path / "a.mp4", repeated(corners(), 25), form)
    footage = Footage(film, None, MAX_PIXELS)
    (clip,) = read_clips(footage, [Span(0.0, 1.0)], ignore)
    assert clip.shape == (16, 640, 180, 3)
    assert {names_of_corners(frame) for frame in clip} == {"rwbg"}
    write_sheets(footage, tmp_path / "sheets", 1.0, ignore)
    tile = read_image(tmp_path / "sheets" / "0.jpg")
    assert tile.shape == (284, 80, 3)
    assert names_of_corners(tile) == "rwbg"


def test_a_film_of_high_range_has_an_ordinary_keyframe(tmp_path: Path) -> None:
    marks = "log-level=none:pools=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    grey = np.full((180, 320, 3), 110, np.uint8)  # 26 nits in PQ is a code of 97, of grey card
    grey[60:120, 100:200] = 148  # 203 nits, the white of paper
    form = Form("libx265", "yuv420p10le", options=(("x265-params", marks),))
    _, picture = shown(write_formed(tmp_path / "a.mkv", repeated(grey), form), tmp_path)
    assert picture[90, 150].mean() > 220
    assert 120 < picture[20, 20].mean() < 160


@pytest.fixture
def memory_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Sets the cores and the memory, in MiB, that decoding has."""

    def have(cores: int, memory_mb: int) -> None:
        limit = memory_mb << 20 if memory_mb else resource.RLIM_INFINITY
        monkeypatch.setattr(ingest.media.film, "num_cores", lambda: cores)
        monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))

    return have


@pytest.mark.parametrize(
    ("cores", "memory_mb", "size", "pixel_format", "expected"),
    [
        (1, 2048, (1920, 1080), "yuv420p", 1),
        (2, 2048, (1920, 1080), "yuv420p", 3),
        (64, 2048, (1920, 1080), "yuv420p", 16),
        (64, 2048, (3840, 2160), "yuv420p10le", 16),
        (64, 0, (8192, 4352), "yuv420p10le", 16),
        (64, 1024, (8192, 4352), "yuv420p10le", 1),
        (64, 1, (8192, 4352), "yuv420p", 1),
        (64, 2048, (0, 0), None, 16),
    ],
)
def test_threads_are_as_many_as_processors_and_memory_allow(
    memory_of: Callable[[int, int], None],
    cores: int,
    memory_mb: int,
    size: tuple[int, int],
    pixel_format: str | None,
    expected: int,
) -> None:
    memory_of(cores, memory_mb)
    known = None if pixel_format is None else av.VideoFormat(pixel_format)
    assert num_threads(*size, known) == expected


def test_the_larger_and_deeper_a_picture_the_fewer_threads_decode_it(
    memory_of: Callable[[int, int], None],
) -> None:
    memory_of(64, 2048)
    small, large, deep = (
        num_threads(*size, av.VideoFormat(pixel_format))
        for size, pixel_format in (
            ((3840, 2160), "yuv420p"),
            ((8192, 4352), "yuv420p"),
            ((8192, 4352), "yuv420p10le"),
        )
    )
    assert 1 < deep < large < small
