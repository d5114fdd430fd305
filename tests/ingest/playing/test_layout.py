"""Where copied segments begin, and which pictures are not copied."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from ingest.errors import VideoUnreadable
from ingest.playing.layout import Layout, NotCopyable, lay_out
from tests.helpers.marked_films import Recipe, frames_of, write_marked
from tests.helpers.segments import copied, footage_of, joined, laid_out

Change = Callable[[int, "av.Packet[Any]"], None]


def test_segments_begin_with_i_frames_at_least_two_seconds_apart(tmp_path: Path) -> None:
    recipe = Recipe(iframe_every=10, options={"sc_threshold": "0"}, sounds=("ac3",))
    layout = laid_out(write_marked(tmp_path / "film.mkv", recipe), duration_s=8.0)
    assert layout.starts_s == pytest.approx((0.0, 2.0, 4.0, 6.0))
    assert layout.end_s == pytest.approx(8.0)


def test_a_layout_is_the_same_after_being_kept(tmp_path: Path) -> None:
    layout = laid_out(write_marked(tmp_path / "film.mkv", Recipe(seconds=6)))
    assert Layout.of_json(layout.to_json()) == layout


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.playing.layout._REPORT_EVERY_S", 0.0)
    path = write_marked(tmp_path / "film.mkv", Recipe(seconds=6))
    parts: list[float] = []
    lay_out(footage_of(path), 0, 6.0, parts.append)
    assert parts == sorted(parts)
    assert 0.9 < parts[-1] <= 1.0


@pytest.mark.parametrize(
    ("name", "recipe", "why"),
    [
        ("film.mov", Recipe("prores_ks", pixel_format="yuv422p10le"), "do not play prores"),
        ("film.avi", Recipe("mpeg4"), "do not play mpeg4"),
        ("film.avi", Recipe(), "when its pictures are shown"),
        ("film.mka", Recipe(None), "no picture"),
        (
            "film.mkv",
            Recipe(rate=Fraction(5), seconds=45, iframe_every=200, options={"sc_threshold": "0"}),
            "no I-frame to begin with for 20 s",
        ),
        (
            "film.mkv",  # each later I-frame is one that pictures before it in time lean on
            Recipe(rate=Fraction(5), seconds=30, options={"x264-params": "open-gop=1:keyint=20"}),
            "no I-frame to begin with for 20 s",
        ),
        (
            "film.ts",  # a picture is refreshed column by column, and is never whole by itself
            Recipe(
                rate=Fraction(5), seconds=30, options={"x264-params": "intra-refresh=1:scenecut=0"}
            ),
            "no I-frame to begin with for 20 s",
        ),
    ],
)
def test_what_cannot_be_copied_says_why(
    tmp_path: Path, name: str, recipe: Recipe, why: str
) -> None:
    path = write_marked(tmp_path / name, replace(recipe, seconds=max(recipe.seconds, 1.0)))
    with pytest.raises(NotCopyable, match=why):
        laid_out(path)


def test_a_file_whose_clock_jumps_is_not_copied(tmp_path: Path) -> None:
    path = write_marked(tmp_path / "film.mkv", Recipe(seconds=2))
    footage = replace(footage_of(path), clock=((0.0, 0.0), (1.0, 500.0)))
    with pytest.raises(NotCopyable, match="time stamps jump"):
        lay_out(footage, 0, 2.0, lambda _part: None)


def test_a_picture_that_changes_its_size_is_not_copied(tmp_path: Path) -> None:
    small = write_marked(tmp_path / "small.ts", Recipe(seconds=3, size=(160, 96)))
    large = write_marked(tmp_path / "large.ts", Recipe(seconds=3))
    both = tmp_path / "both.ts"
    with av.open(both, "w") as target, av.open(small) as first, av.open(large) as second:
        streams = [target.add_stream_from_template(each) for each in first.streams]
        for source, later_s in ((first, 0.0), (second, 3.2)):
            for packet in source.demux():
                if packet.size:
                    _move(packet, round(later_s / packet.time_base))
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)
    with pytest.raises(NotCopyable, match="parameters of its picture change"):
        laid_out(both)


def test_a_recording_that_begins_between_i_frames_begins_with_the_first(tmp_path: Path) -> None:
    whole = write_marked(tmp_path / "whole.ts", Recipe(seconds=6))
    data = whole.read_bytes()
    packets = len(data) // 188
    cut = tmp_path / "cut.ts"
    cut.write_bytes(data[: 188 * 3] + data[packets // 6 * 188 :])
    numbers = [number for _, number in frames_of(joined(copied(cut, laid_out(cut))))]
    assert numbers[0] > 0
    assert numbers == list(range(numbers[0], 150))


def _twice_the_same(number: int, packet: "av.Packet[Any]") -> None:
    if number == 30:
        packet.pts = (packet.pts or 0) + 40


def _far_away(number: int, packet: "av.Packet[Any]") -> None:
    if number >= 30:
        packet.pts = (packet.pts or 0) + 3_000_000


def _back(number: int, packet: "av.Packet[Any]") -> None:
    if number >= 60:
        packet.pts = (packet.pts or 0) - 1500


@pytest.mark.parametrize("change", [_twice_the_same, _far_away, _back])
def test_stamps_that_cannot_be_are_not_copied(tmp_path: Path, change: Change) -> None:
    recipe = Recipe(sounds=(), seconds=6, options={"bf": "0", "sc_threshold": "0"})
    whole, wrong = write_marked(tmp_path / "whole.mkv", recipe), tmp_path / "wrong.mkv"
    with av.open(whole) as source, av.open(wrong, "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(each for each in source.demux() if each.size):
            change(number, packet)
            packet.stream, packet.dts = stream, number
            target.mux(packet)
    with pytest.raises(NotCopyable):
        laid_out(wrong, None)


def test_segments_of_absurd_size_are_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_marked(tmp_path / "film.mkv", Recipe(seconds=6))
    monkeypatch.setattr("ingest.playing.layout.MAX_SEGMENT_BYTES", 30_000)
    with pytest.raises(NotCopyable, match="too many bytes"):
        laid_out(path)


@pytest.mark.parametrize("name", ["film.mkv", "film.ts", "film.mov", "film.flv"])
def test_a_damaged_file_is_refused_or_copied_in_part_but_fails_cleanly(
    tmp_path: Path, name: str
) -> None:
    path = write_marked(tmp_path / name, Recipe(seconds=6, sounds=("aac",)))
    data = path.read_bytes()
    for place in range(1, 12):
        at = len(data) * place // 12
        damaged = bytearray(data)
        damaged[at : at + 300] = bytes(255 - byte for byte in damaged[at : at + 300])
        path.write_bytes(damaged)
        with suppress(VideoUnreadable):
            joined(copied(path, laid_out(path)))


def _move(packet: "av.Packet[Any]", ticks: int) -> None:
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
