"""Codec strings are those that FFmpeg writes for the same streams, that the standards have as
examples, and that browsers know."""

import os
import re
from fractions import Fraction
from pathlib import Path

import av
import pytest

from ingest.playing.codec_strings import (
    aac_string,
    av1_string,
    h264_string,
    hevc_string,
    mpeg4_string,
    picture_codec_string,
    sound_codec_string,
    vp9_string,
)
from tests.helpers.browser import chromium
from tests.helpers.marked_films import Recipe, write_marked

X265 = {"x265-params": "log-level=none"}


def strings_of(path: Path) -> list[str | None]:
    """Of each picture and sound of a file."""
    found = []
    with av.open(str(path)) as container:
        for stream in container.streams:
            if stream.type == "video":
                found.append(picture_codec_string(stream, float(stream.average_rate or 25)))
            else:
                found.append(sound_codec_string(stream))
    return found


def as_ffmpeg_writes_them(path: Path, folder: Path) -> list[str]:
    """Of each stream of a manifest that FFmpeg makes of the same packets."""
    manifest = folder / "manifest.mpd"
    with av.open(str(path)) as source, av.open(str(manifest), "w", format="dash") as target:
        copies = [target.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                target.mux(packet)
    return re.findall(r'codecs="([^"]*)"', manifest.read_text())


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("high.mp4", Recipe(seconds=1)),
        ("annex_b.ts", Recipe(seconds=1)),
        ("baseline.mp4", Recipe(seconds=1, options={"profile": "baseline"}, sounds=("flac",))),
        ("high_10.mp4", Recipe(seconds=1, pixel_format="yuv420p10le", sounds=())),
        ("high_444.mkv", Recipe(seconds=1, pixel_format="yuv444p", sounds=("libopus",))),
        ("vp9.webm", Recipe(seconds=1, picture="libvpx-vp9", sounds=("libopus",))),
        (
            "vp9_444.webm",
            Recipe(seconds=1, picture="libvpx-vp9", pixel_format="yuv444p", sounds=()),
        ),
    ],
)
def test_they_are_those_that_ffmpeg_writes(name: str, recipe: Recipe, tmp_path: Path) -> None:
    path = write_marked(tmp_path / name, recipe)
    ours = strings_of(path)
    theirs = as_ffmpeg_writes_them(path, tmp_path)
    assert None not in ours
    assert [each and each.lower() for each in ours] == [each.lower() for each in theirs]


@pytest.mark.parametrize(
    ("name", "recipe", "strings"),
    [
        ("hev1.mp4", Recipe(seconds=1, picture="libx265", options=X265), "hev1.1.6.L60.90"),
        (
            "hvc1.mkv",
            Recipe(seconds=1, picture="libx265", pixel_format="yuv420p10le", options=X265),
            "hvc1.2.4.L60.90",
        ),
        ("annex_b.ts", Recipe(seconds=1, picture="libx265", options=X265), "hvc1.1.6.L60.90"),
        (
            "range_extensions.mp4",
            Recipe(seconds=1, picture="libx265", pixel_format="yuv422p10le", options=X265),
            "hev1.4.10.L60.9D.8",
        ),
    ],
)
def test_hevc_is_told_by_its_profile_in_any_container(
    name: str, recipe: Recipe, strings: str, tmp_path: Path
) -> None:
    assert strings_of(write_marked(tmp_path / name, recipe)) == [strings, "mp4a.40.2"]


def test_hevc_is_told_by_the_name_that_the_container_has_for_it(tmp_path: Path) -> None:
    """hvc1 keeps the parameters of pictures out of band, as Safari wants them; hev1 need not."""
    path = write_marked(
        tmp_path / "hev1.mp4", Recipe(seconds=1, picture="libx265", options=X265, sounds=())
    )
    renamed = tmp_path / "hvc1.mp4"
    with av.open(str(path)) as source, av.open(str(renamed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.codec_context.codec_tag = "hvc1"
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert (strings_of(path), strings_of(renamed)) == (["hev1.1.6.L60.90"], ["hvc1.1.6.L60.90"])


def test_an_encoder_of_av1_leaves_the_tests_no_priority_over_all_else(tmp_path: Path) -> None:
    write_marked(tmp_path / "av1.mp4", Recipe(seconds=0.2, picture="libsvtav1"))
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.parametrize(
    ("name", "recipe", "strings"),
    [
        (
            "av1.mp4",
            Recipe(seconds=1, picture="libsvtav1", sounds=("eac3",)),
            ["av01.0.00M.08", "ec-3"],
        ),
        (
            "av1.mkv",
            Recipe(
                seconds=1,
                picture="libsvtav1",
                pixel_format="yuv420p10le",
                sounds=("libmp3lame", "ac3"),
            ),
            ["av01.0.00M.10", "mp3", "ac-3"],
        ),
        ("vp8.webm", Recipe(seconds=1, picture="libvpx", sounds=()), ["vp8"]),
        (
            "part_2.avi",
            Recipe(seconds=1, picture="mpeg4", sounds=("libmp3lame",)),
            ["mp4v.20.1", "mp3"],
        ),
        (
            "prores.mov",
            Recipe(
                seconds=1,
                picture="prores_ks",
                pixel_format="yuv422p10le",
                sounds=("pcm_s16le", "alac"),
            ),
            [None, "1", "alac"],
        ),
        ("mpeg_2.ts", Recipe(seconds=1, picture="mpeg2video", sounds=("mp2",)), [None, None]),
    ],
)
def test_other_codecs_have_what_browsers_ask_for_or_none(
    name: str, recipe: Recipe, strings: list[str | None], tmp_path: Path
) -> None:
    assert strings_of(write_marked(tmp_path / name, recipe)) == strings


def test_they_are_read_from_the_configuration_of_a_stream() -> None:
    assert h264_string(bytes.fromhex("014d4028ffe1")) == "avc1.4D4028"
    assert h264_string(bytes.fromhex("014d4028ffe1"), "avc3") == "avc3.4D4028"
    assert h264_string(bytes.fromhex("00000001 09f0 000001 6742c01e 000001 68ce")) == "avc1.42C01E"
    # ISO/IEC 14496-15, annex E.3: Main, main tier, level 3.1, progressive.
    main = "01 01 60000000 b00000000000 5d"
    assert hevc_string(bytes.fromhex(main)) == "hvc1.1.6.L93.B0"
    high_tier = "01 a1 20000000 b02300000000 7b"
    assert hevc_string(bytes.fromhex(high_tier), "hev1") == "hev1.B1.4.H123.B0.23"
    # Of AV1's binding to ISOBMFF: level 3.0 (4), main tier, 10 bits; profile 2 with 12.
    assert av1_string(bytes.fromhex("81044c00")) == "av01.0.04M.10"
    assert av1_string(bytes.fromhex("8153ec00")) == "av01.2.19H.12"
    assert mpeg4_string(bytes.fromhex("000001b0f5000001b5")) == "mp4v.20.245"


def test_bytes_that_only_keep_parameters_from_looking_like_a_begin_are_left_out() -> None:
    sps = "4201 01 01 60000003 00b0000003 000003 005d"
    assert hevc_string(bytes.fromhex(f"00000001 4001 0c01 00000001 {sps}")) == "hvc1.1.6.L93.B0"


def test_a_configuration_that_is_cut_off_or_missing_says_nothing() -> None:
    for read in (h264_string, hevc_string, av1_string):
        for length in range(4):
            assert read(bytes(length)) is None
        assert read(b"\1") is None
    assert hevc_string(bytes.fromhex("0000000142010101")) is None
    assert aac_string(b"", None) == "mp4a.40.2"
    assert mpeg4_string(b"\0\0\1\xb0") == "mp4v.20"


def test_aac_is_told_by_what_is_to_be_decoded() -> None:
    assert aac_string(bytes.fromhex("1190"), "LC") == "mp4a.40.2"
    assert aac_string(bytes.fromhex("2b92"), "LC") == "mp4a.40.5"  # told
    assert aac_string(bytes.fromhex("1310"), "HE-AAC") == "mp4a.40.5"  # found by the decoder
    assert aac_string(bytes.fromhex("eb09"), "HE-AACv2") == "mp4a.40.29"
    assert aac_string(b"", "HE-AACv2") == "mp4a.40.29"  # of ADTS
    assert aac_string(bytes.fromhex("f948"), None) == "mp4a.40.42"  # xHE-AAC, beyond five bits


@pytest.mark.parametrize(
    ("size", "rate", "level"),
    [
        ((320, 180), 25, "11"),
        ((1280, 720), 30, "31"),
        ((1280, 720), 60, "40"),
        ((1920, 1080), 30, "40"),
        ((3840, 2160), 60, "51"),
        ((16_000, 16_000), 60, "62"),
    ],
)
def test_vp9_has_the_lowest_level_that_its_pictures_fit_in(
    size: tuple[int, int], rate: float, level: str
) -> None:
    found = vp9_string(size[0] * size[1], rate, 10, is_quarter=True)
    assert found == f"vp09.02.{level}.10"


def test_a_browser_knows_them(tmp_path: Path) -> None:
    films = {
        "a.mp4": Recipe(seconds=1),
        "b.mp4": Recipe(seconds=1, picture="libvpx-vp9", sounds=("libopus",)),
        "c.mp4": Recipe(seconds=1, picture="libsvtav1", sounds=("flac",)),
        "d.mp4": Recipe(seconds=1, sounds=("libmp3lame",), rate=Fraction(50)),
        "e.mp4": Recipe(seconds=1, picture="libx265", options=X265, sounds=()),
        "f.mp4": Recipe(seconds=1, sounds=("ac3",)),
    }
    paths = [write_marked(tmp_path / name, recipe) for name, recipe in films.items()]
    asked = [f'video/mp4; codecs="{",".join(map(str, strings_of(path)))}"' for path in paths]
    with chromium() as browser:
        page = browser.new_page()
        ask = "types => types.map((each) => document.createElement('video').canPlayType(each))"
        answers = page.evaluate(ask, asked)
    assert answers == ["probably", "probably", "probably", "probably", "", ""]
