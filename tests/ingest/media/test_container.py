"""Files are known by their content; what is no recording is refused before it is decoded."""

import struct
from pathlib import Path

import cv2
import pytest

from ingest.errors import NotMedia, StillImage, VideoUnreadable
from ingest.media.container import Probe, open_media, probe
from tests.helpers.media import drawn, make_video, solid, tone, write_sound

MAX_PIXELS = 8192 * 4352


def probed(path: Path) -> Probe:
    with open_media(path) as container:
        return probe(container, MAX_PIXELS)


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
    assert (header.container, header.title) == (container, "A film")
    assert (header.video_codec, header.audio_codec) == (video_codec, audio_codec)
    assert header.declared_s == pytest.approx(2.0, abs=0.2)


def test_a_film_without_sound_and_a_sound_without_film_are_recordings(tmp_path: Path) -> None:
    assert probed(make_video(tmp_path / "a.mp4", [drawn(1)])).audio_index is None
    assert probed(write_sound(tmp_path / "a.wav", tone(1.0))).video_index is None


def test_a_name_with_the_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.webm", [drawn(1)]).rename(tmp_path / "a.mp4")
    assert probed(path).container == "matroska"


@pytest.mark.parametrize("name", ["frame%03d.mp4", "concat:a|b.mp4", "-i.mp4", "a\nb'\".mp4"])
def test_a_name_is_never_interpreted(name: str, tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", [drawn(1)]).rename(tmp_path / name)
    assert probed(tmp_path / name).video_codec == "h264"


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
    with pytest.raises(VideoUnreadable, match="the file is damaged or cut off"):
        open_media(path)


def test_frames_larger_than_the_limit_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [solid(0, 0, 0, (640, 480))], 0.2)
    with open_media(path) as container, pytest.raises(VideoUnreadable, match="640×480 pixels"):
        probe(container, 640 * 480 - 1)
    with open_media(path) as container:
        assert probe(container, 640 * 480).video_codec == "h264"


def test_a_sound_of_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(0.5))
    data = bytearray(path.read_bytes())
    format_at = data.index(b"fmt ") + 8
    struct.pack_into("<H", data, format_at, 0x2000 - 1)
    path.write_bytes(data)
    with pytest.raises(VideoUnreadable, match="audio that no decoder knows"):
        probed(path)
