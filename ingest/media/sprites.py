"""Sprite sheets: small stills of a whole video at equal steps, which show what lies where.

Runs in a child process.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.container import InputContainer

from embeddings.encoder import Image
from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage, fitted, made_of_shown
from ingest.media.container import Probe, Track, open_media, probe
from ingest.media.film import FilmDecoder
from ingest.scenes.picture import shown, size_within

MAX_TILES = 400
TILES_PER_SIDE = 10
"""Of a sheet: a hundred tiles."""
MAX_SHEETS = MAX_TILES // TILES_PER_SIDE**2
INDEX = "sprites.vtt"
FORMAT = "v2"
"""Of the sheets: sheets of another format are kept elsewhere, and made anew."""
_BOX_PX = (160, 284)
"""Width and height that a tile fits in: those of a phone's film held upright are 160 wide, too."""
_QUALITY = 78
_EXACT_PIXELS = 2e9
"""Of all frames of a video; the pixels of a longer one are not all decoded."""
_NICENESS = 5
_MAX_PACKETS = 2000
"""Read after a seek until an I-frame comes."""


@dataclass(frozen=True)
class Step:
    """The times of the tiles of a video: tile n shows [n, n + 1) steps of it."""

    num_tiles: int
    seconds: float

    @classmethod
    def of(cls, duration_s: float) -> "Step":
        """A tile for each second, or, of a long video, MAX_TILES in all."""
        seconds = max(1.0, duration_s / MAX_TILES)
        return cls(max(1, min(MAX_TILES, math.ceil(duration_s / seconds - 1e-6))), seconds)

    @property
    def times_s(self) -> list[float]:
        """The middle of each tile's time, which is what it shows."""
        return [(n + 0.5) * self.seconds for n in range(self.num_tiles)]


def write_sheets_aside(
    footage: Footage, folder: Path, duration_s: float, report: Callable[[float], None]
) -> None:
    """`write_sheets`, after what people wait for: the rest of this process has a low priority."""
    os.nice(_NICENESS)
    write_sheets(footage, folder, duration_s, report)


def write_sheets(
    footage: Footage, folder: Path, duration_s: float, report: Callable[[float], None]
) -> None:
    """The sheets of a video, `0.jpg` and so on, with INDEX, in a new folder.

    Raises VideoUnreadable, OSError.
    """
    folder.mkdir(exist_ok=True)
    step = Step.of(duration_s)
    tiles: list[Image] = []
    width = height = num_sheets = 0
    for number, tile in enumerate(_tiles(footage, step.times_s, duration_s, report), start=1):
        height, width = (height, width) if tiles or num_sheets else tile.shape[:2]
        tiles.append(fitted(tile, width, height))
        if len(tiles) == TILES_PER_SIDE**2 or number == step.num_tiles:
            _write_sheet(tiles, folder / f"{num_sheets}.jpg")
            num_sheets += 1
            tiles = []
        report(number / step.num_tiles)
    (folder / INDEX).write_text(_index(step, duration_s, width, height))


def _tiles(
    footage: Footage, times_s: list[float], duration_s: float, report: Callable[[float], None]
) -> Iterator[Image]:
    """A small picture for each of the times. Raises VideoUnreadable."""
    is_long = _num_pixels(footage, duration_s) > _EXACT_PIXELS
    if is_long and footage.may_be_sought_in:
        found = _iframes_before(footage, times_s)
        first = next(found, None)
        if first is not None:
            yield first
            yield from found
            return
    by_iframes = is_long and not footage.may_be_sought_in
    yield from made_of_shown(footage, times_s, _tile, report, iframes_only=by_iframes)


def _num_pixels(footage: Footage, duration_s: float) -> float:
    _, film = _film_of(footage)
    with open_media(footage.path) as container:
        stream: Any = container.streams[film.index]
        rate = float(stream.average_rate or 25)
        width, height = int(stream.codec_context.width), int(stream.codec_context.height)
        return duration_s * rate * width * height


def _film_of(footage: Footage) -> tuple[Probe, Track]:
    """The header, with the stream of pictures. Raises VideoUnreadable."""
    header = probe(footage.path, footage.max_pixels)
    if header.video is None:
        raise VideoUnreadable("has no pictures")
    return header, header.video


def _iframes_before(footage: Footage, times_s: list[float]) -> Iterator[Image]:
    """For each of the times the I-frame before it: encoders put one at every cut, so it shows the
    same shot. Nothing for a file whose index leads nowhere."""
    header, film = _film_of(footage)
    with open_media(footage.path) as container:
        stream: Any = container.streams[film.index]
        decoder = FilmDecoder(stream, footage.max_pixels)
        # With threads by frames one frame would wait for the next.
        decoder.context.thread_type = "SLICE"
        shown: Image | None = None
        last: int | None = None
        num_waiting = 0
        for time_s in times_s:
            packet = _iframe_before(container, stream, time_s + header.start_s)
            if packet is not None and packet.dts != last:
                last = packet.dts
                picture = _decoded(decoder, packet)
                shown = shown if picture is None else picture
            num_waiting += 1
            if shown is not None:  # the first that there is stands for those that are damaged
                yield from repeat(shown, num_waiting)
                num_waiting = 0


def _iframe_before(container: InputContainer, stream: Any, stamp_s: float) -> Any | None:
    """The packet of the I-frame at or before a stamp; None where there is none."""
    try:
        at_us = round(stamp_s * 1e6)
        container.seek(at_us)
        for packet in islice(container.demux(stream), _MAX_PACKETS):
            if packet.is_keyframe and packet.dts is not None:
                return packet if packet.dts * packet.time_base * 1e6 <= at_us else None
    except av.error.FFmpegError:
        pass  # damaged there, or not to be sought in
    return None


def _decoded(decoder: FilmDecoder, packet: Any) -> Image | None:
    """The picture of an I-frame; None for one that is damaged."""
    try:
        frames = [*decoder.decode(packet), *decoder.decode(None)]
        return _tile(frames[0]) if frames else None
    except (av.error.FFmpegError, ValueError):
        return None
    finally:
        decoder.context.flush_buffers()  # it was told that nothing follows


def _tile(frame: av.VideoFrame) -> Image:
    """A frame as small as a tile, as it is shown, RGB uint8 [h, w, 3]."""
    return shown(frame, size_within(frame, *_BOX_PX))


def _write_sheet(tiles: list[Image], path: Path) -> None:
    height, width = tiles[0].shape[:2]
    num_rows = math.ceil(len(tiles) / TILES_PER_SIDE)
    num_columns = min(len(tiles), TILES_PER_SIDE)
    sheet = np.zeros((num_rows * height, num_columns * width, 3), np.uint8)
    for number, tile in enumerate(tiles):
        top, left = _place(number, width, height)
        sheet[top : top + height, left : left + width] = tile
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    if not done:
        raise OSError("the JPEG encoder refused a sheet")
    path.write_bytes(data.tobytes())


def _place(number: int, width: int, height: int) -> tuple[int, int]:
    """(top, left) of a tile of a sheet."""
    row, column = divmod(number, TILES_PER_SIDE)
    return row * height, column * width


def _index(step: Step, duration_s: float, width: int, height: int) -> str:
    """Which part of which sheet shows which time, as players read it: WebVTT."""
    lines = ["WEBVTT", ""]
    for number in range(step.num_tiles):
        start_s = number * step.seconds
        end_s = (
            max(duration_s, start_s + 0.001)
            if number == step.num_tiles - 1
            else start_s + step.seconds
        )
        sheet, place = divmod(number, TILES_PER_SIDE**2)
        top, left = _place(place, width, height)
        lines += [
            f"{_stamp(start_s)} --> {_stamp(end_s)}",
            f"sprites/{sheet}.jpg#xywh={left},{top},{width},{height}",
            "",
        ]
    return "\n".join(lines)


def _stamp(seconds: float) -> str:
    minutes, ms = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
