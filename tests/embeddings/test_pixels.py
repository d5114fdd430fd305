"""Large pictures take little memory and look the same; what is transparent, grey or printed is
shown as people see it."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings import pixels
from embeddings.errors import PicturesWait
from embeddings.pictures import read_picture
from embeddings.pixels import ENOUGH_PX, Part
from search.query.image import Crop, read_query_picture
from tests.helpers.media import drawn
from tests.helpers.pictures import black_png, encoded, saved

LARGE = (3000, 1800)
PEAK = """
import sys
from pathlib import Path
from embeddings.pictures import read_picture

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

data = sys.stdin.buffer.read()
read_picture(Path({small!r}).read_bytes())
before = peak()
print(read_picture(data).shape[:2], peak() - before)
"""


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_large_picture_is_made_smaller_and_looks_the_same(kind: str) -> None:
    whole = Pillow.fromarray(drawn(3, (500, 300))).resize(LARGE, Pillow.Resampling.BICUBIC)
    picture = read_picture(saved(whole, kind))
    height, width, _ = picture.shape
    assert ENOUGH_PX**2 <= height * width < 4 * ENOUGH_PX**2
    assert height / width == pytest.approx(0.6, abs=0.001)
    expected = np.asarray(whole.resize((width, height), Pillow.Resampling.BOX)).astype(int)
    assert np.abs(picture - expected).mean() < 3


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "CMYK", "1"])
def test_a_large_picture_of_any_mode_keeps_its_brightness(mode: str) -> None:
    if mode == "I;16":
        large = Pillow.fromarray(np.full((2100, 2100), 100 * 257, np.uint16))
    else:
        large = Pillow.new("L", (2100, 2100), 100).convert(mode)
    picture = read_picture(saved(large, "JPEG" if mode == "CMYK" else "PNG"))
    assert picture.shape == (1050, 1050, 3)
    assert picture.mean() == pytest.approx(100, abs=2)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_part_is_that_of_the_picture_as_people_see_it(kind: str, orientation: int) -> None:
    part: Part = (0.1, 0.25, 0.4, 1.0)
    data = encoded(kind, (80, 40), orientation)
    upright = read_picture(data)
    height, width, _ = upright.shape
    rows, columns = slice(height // 4, height), slice(width // 10, width * 4 // 10)
    assert np.array_equal(read_picture(data, part=part), upright[rows, columns])


@pytest.mark.parametrize("size", [(40_000, 3), (3, 40_000), (65_000, 700)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_long_and_narrow_picture_is_a_picture(kind: str, size: tuple[int, int]) -> None:
    height, width, _ = read_picture(saved(Pillow.new("RGB", size), kind)).shape
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)


def test_a_small_part_of_a_large_picture_is_not_made_smaller() -> None:
    large = np.zeros((3000, 4000, 3), np.uint8)
    large[1000:1400, 2000:2400] = drawn(3, (400, 400))
    crop = Crop(0.5, 1 / 3, 0.1, 400 / 3000)
    picture = read_query_picture(saved(Pillow.fromarray(large)), crop)
    assert np.array_equal(picture, drawn(3, (400, 400)))


def test_a_search_sees_what_is_transparent_as_white() -> None:
    clear, half, full = (200, 10, 10, 0), (200, 10, 10, 128), (200, 10, 10, 255)
    row = np.array([[clear, half, full]], np.uint8)
    shown = read_query_picture(saved(Pillow.fromarray(row)))
    assert shown[0].tolist() == [[255, 255, 255], [227, 132, 132], [200, 10, 10]]


def test_a_search_sees_through_the_transparent_colour_of_a_palette_and_of_grey() -> None:
    palette = Pillow.new("P", (2, 1))
    palette.putpalette([0, 0, 0, 200, 10, 10])
    palette.putpixel((1, 0), 1)
    shown = read_query_picture(saved(palette, transparency=0))
    assert shown[0].tolist() == [[255, 255, 255], [200, 10, 10]]
    grey = Pillow.fromarray(np.array([[7, 90]], np.uint8))
    assert read_query_picture(saved(grey, transparency=7))[0].tolist() == [[255] * 3, [90] * 3]


def test_what_is_printed_shows_its_colours() -> None:
    cyan = Pillow.new("CMYK", (64, 64), (255, 0, 0, 0))
    red, green, blue = read_picture(saved(cyan, "JPEG", quality=95)).mean(axis=(0, 1))
    assert red < 10
    assert min(green, blue) > 230


def test_a_small_file_takes_little_memory_however_many_pixels_it_has(tmp_path: object) -> None:
    """50 million pixels of four bytes are 191 MiB; more than one copy of them is too much."""
    bomb = black_png(7000, 7000)
    assert len(bomb) < 200_000
    small = f"{tmp_path}/small.png"
    Pillow.new("RGB", (8, 8)).save(small)
    command = [sys.executable, "-c", PEAK.format(small=small)]
    told = subprocess.run(command, input=bomb, capture_output=True, check=True).stdout.decode()
    assert told.startswith("(1167, 1167)")
    assert int(told.split()[-1]) < 250 * 1024, "KiB"


def test_large_pictures_are_decoded_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data, at_once, most, lock = encoded("PNG", (2000, 1500)), 0, 0, threading.Lock()
    monkeypatch.setattr(pixels, "_ROOM", pixels._Room(2000 * 1500))
    reduced = pixels._reduced

    def slowly(*given: object, **named: object) -> Pillow.Image:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.02)
        with lock:
            at_once -= 1
        return reduced(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(pixels, "_reduced", slowly)
    with ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(read_picture, [data] * 8))) == 8
    assert most == 1


def test_a_large_picture_has_its_turn_before_small_ones_that_come_later() -> None:
    room, order, threads = pixels._Room(10), [], []

    def decode(name: str, num_pixels: int) -> None:
        with room.of(num_pixels):
            order.append(name)

    with room.of(1):
        for number, (name, num_pixels) in enumerate([("large", 10), ("small", 1), ("small", 1)]):
            threads.append(threading.Thread(target=decode, args=(name, num_pixels)))
            threads[-1].start()
            until = time.monotonic() + 20
            while len(room._waiting) <= number and len(order) == 0:
                assert time.monotonic() < until
                time.sleep(0.001)
    for thread in threads:
        thread.join(20)
    assert order == ["large", "small", "small"]


def test_a_picture_that_waits_too_long_is_told_to_come_again_and_leaves_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pixels, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(pixels, "_ROOM", pixels._Room(20_000))
    picture = encoded("PNG", (100, 100))
    with pixels._ROOM.of(15_000), pytest.raises(PicturesWait, match="try again"):
        read_picture(picture)
    assert read_picture(picture).shape == (100, 100, 3)
