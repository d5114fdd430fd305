"""Files are known by their content; what is no recording is refused before it is decoded."""

import struct
from contextlib import suppress
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import NotMedia, StillImage, VideoUnreadable
from ingest.media.container import Probe, open_media, probe, read_header
from tests.helpers.media import drawn, make_video, tone, write_sound
from tests.helpers.tracks import Pictures, Tone, write_tracks

MAX_PIXELS = 8192 * 4352


def probed(path: Path) -> Probe:
    return probe(path, MAX_PIXELS)


@pytest.mark.parametrize(
    ("suffix", "container", "video_codec", "audio_codec"),
    [
        (".mp4", "mov", "h264", "aac"),
        (".mkv", "matroska", "h264", "aac"),
        (".webm", "matroska", "vp8", "opus"),
    ],
)
def test_the_header_of_a_film_is_read(
    suffix: str, container: str, video_codec: str, audio_codec: str, tmp_path: Path
) -> None:
    path = make_video(tmp_path / f"a{suffix}", [drawn(1)], 2.0, audio=tone(2.0), title="A film")
    header = probed(path)
    assert header.video is not None
    assert (header.container, header.title) == (container, "A film")
    assert (header.video.codec, header.sounds[0].codec) == (video_codec, audio_codec)
    assert header.declared_s == pytest.approx(2.0, abs=0.2)


def test_a_film_without_sound_and_a_sound_without_film_are_recordings(tmp_path: Path) -> None:
    assert probed(make_video(tmp_path / "a.mp4", [drawn(1)])).sounds == ()
    assert probed(write_sound(tmp_path / "a.wav", tone(1.0))).video is None


def test_a_name_with_the_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.webm", [drawn(1)]).rename(tmp_path / "a.mp4")
    assert probed(path).container == "matroska"


@pytest.mark.parametrize("name", ["frame%03d.mp4", "concat:a|b.mp4", "-i.mp4", "a\nb'\".mp4"])
def test_a_name_is_never_interpreted(name: str, tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", [drawn(1)]).rename(tmp_path / name)
    assert probed(tmp_path / name).video is not None


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile secret.mp4\n",
        "\n\n  ffconcat version 1.0\nfile secret.mp4\n",
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "[playlist]\nFile1=secret.mp4\n",
        "<?xml version='1.0'?><MPD></MPD>",
        "file 'secret.mp4'\n",
    ],
)
def test_a_playlist_in_disguise_never_opens_its_sibling(text: str, tmp_path: Path) -> None:
    make_video(tmp_path / "secret.mp4", [drawn(1)])
    path = tmp_path / "a.mp4"
    path.write_text(text)
    with pytest.raises(NotMedia):
        open_media(path)


def test_text_named_as_a_film_is_no_media(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("Dear reader, " * 500)
    with pytest.raises(NotMedia, match="not a video or audio file"):
        open_media(path)


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".jpg", "JPEG"), (".png", "PNG"), (".webp", "WebP"), (".bmp", "BMP")]
)
def test_a_picture_named_as_a_film_is_a_still_image(suffix: str, kind: str, tmp_path: Path) -> None:
    picture = tmp_path / f"a{suffix}"
    assert cv2.imwrite(str(picture), drawn(1))
    with pytest.raises(StillImage, match=f"a still image \\({kind}\\)"):
        open_media(picture.rename(tmp_path / "a.mp4"))


def test_a_film_cut_off_before_its_index_is_damaged(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [drawn(1)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VideoUnreadable, match=r"damaged or cut off \(.*\); copy it again"):
        open_media(path)


def test_the_beginning_of_the_clock_and_the_length_are_those_of_the_header(tmp_path: Path) -> None:
    tracks: list[Pictures | Tone] = [Pictures(begin_s=20, seconds=3), Tone(begin_s=20, seconds=3)]
    header = probed(write_tracks(tmp_path / "a.ts", tracks))
    assert header.start_s == pytest.approx(20.0, abs=0.2)
    assert header.declared_s == pytest.approx(3.0, abs=0.2)


def test_the_length_is_of_pictures_and_sound_and_not_of_what_is_left_out(tmp_path: Path) -> None:
    tracks: list[Pictures | Tone] = [
        Pictures((320, 180)),
        Pictures((160, 90), seconds=60, fps=1),
        Tone(),
    ]
    header = probed(write_tracks(tmp_path / "a.mp4", tracks))
    assert header.declared_s == pytest.approx(2.0, abs=0.2)


def test_the_recording_behind_another_in_one_file_is_probed_by_itself(tmp_path: Path) -> None:
    first = write_tracks(tmp_path / "a.mkv", [Pictures(), Tone()]).read_bytes()
    second = write_tracks(tmp_path / "b.mkv", [Tone()]).read_bytes()
    (tmp_path / "c.mkv").write_bytes(first + second)
    header = read_header(tmp_path / "c.mkv", MAX_PIXELS, len(first))
    assert (header.video, len(header.sounds)) == (None, 1)


def test_a_single_sound_of_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(0.5))
    data = bytearray(path.read_bytes())
    format_at = data.index(b"fmt ") + 8
    struct.pack_into("<H", data, format_at, 0x2000 - 1)
    path.write_bytes(data)
    with pytest.raises(VideoUnreadable, match="the sound cannot be decoded: no decoder here knows"):
        probed(path)


def test_a_header_that_asks_for_all_memory_is_a_fault_of_the_file(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.wmv", [Pictures(codec="wmv2")])
    codec_list = bytes.fromhex("4052d1861d31d011a3a400a0c90348f6")
    encryption = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    data = path.read_bytes()
    at = data.index(codec_list)
    path.write_bytes(data[:at] + encryption + data[at + 16 : at + 24] + b"\xfe\xff\xff\x7f" * 9)
    with pytest.raises(VideoUnreadable):
        probed(path)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Small recordings in many containers."""
    folder = tmp_path_factory.mktemp("recordings")
    film, sound = Pictures((32, 32), seconds=0.5), Tone(seconds=0.5)
    found = [
        write_tracks(folder / f"a{suffix}", [film, sound]).read_bytes()
        for suffix in (".mp4", ".mkv", ".ts", ".mpg", ".avi", ".nut")
    ]
    flash = Pictures((32, 32), seconds=0.5, codec="flv")
    found.append(write_tracks(folder / "a.flv", [flash, Tone(codec="mp3")]).read_bytes())
    for codec, pixels in (("gif", "rgb8"), ("apng", "rgb24"), ("mjpeg", "yuvj420p")):
        animation = Pictures((32, 32), seconds=0.5, codec=codec, pixels=pixels)
        path = write_tracks(folder / f"a.{codec}", [animation], container_format=codec)
        found.append(path.read_bytes())
    found += [write_tracks(folder / f"a{s}", [sound]).read_bytes() for s in (".wav", ".mp2")]
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_with_a_reason(
    data: st.DataObject, recordings: list[bytes], tmp_path: Path
) -> None:
    whole = bytearray(data.draw(st.sampled_from(recordings)))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=20)):
        whole[at] = data.draw(st.integers(0, 255))
    for at in data.draw(st.lists(st.integers(0, min(len(whole), 600) - 1), max_size=8)):
        whole[at] = data.draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)))
    path = tmp_path / "a"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(VideoUnreadable):
        header = probed(path)
        assert header.video is not None or header.sounds


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(head=st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_reason(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(head)
    with pytest.raises(VideoUnreadable):
        probed(path)
