"""Films whose pictures are transparent, change, or are very large are shown as in players."""

import resource
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import ingest.media.film
from ingest.library.embed import read_image
from ingest.media.clips import Footage, read_clips
from ingest.media.film import num_threads
from ingest.media.sprites import write_sheets
from ingest.scenes.scene import Span
from tests.helpers.forms import (
    LAYS,
    MAX_PIXELS,
    Form,
    as_found,
    corners,
    ignore,
    joined,
    names_of_corners,
    repeated,
    text_on_transparent,
    write_formed,
)
from tests.helpers.media import drawn


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
    _, (picture, *_) = as_found(film, tmp_path)
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
    found, pictures = as_found(changing, tmp_path)
    assert [p.shape[1::-1] for p in pictures] == [(320, 180), (640, 480), (644, 242)]
    assert found.partial_reason is None


def test_clips_and_tiles_of_a_film_that_changes_its_size_are_made(
    tmp_path: Path, changing: Path
) -> None:
    found, _ = as_found(changing, tmp_path)
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
    _, (picture, *_) = as_found(write_formed(tmp_path / "a.mkv", repeated(grey), form), tmp_path)
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
