"""What is a recording is told by content; old and screen recorders' codecs are read, too."""

from pathlib import Path

import av
import cv2
import pytest
from av.format import formats_available

from ingest.errors import NotMedia, StillImage
from ingest.media.container import open_media, probe
from ingest.media.formats import FORMATS
from tests.helpers.media import drawn
from tests.helpers.tracks import Pictures, Tone, write_tracks

MAX_PIXELS = 8192 * 4352
SMALL = (176, 144)
DANGEROUS = (
    "concat hls dash sdp rtsp rtp sap image2 image2pipe lavfi tty bin xbin adf idf sbg vobsub "
    "tedcaptions webm_dash_manifest ffmetadata data rawvideo s16le u8 alsa x11grab v4l2 "
    "jpeg_pipe png_pipe svg_pipe srt ass webvtt"
).split()


@pytest.mark.parametrize("name", DANGEROUS)
def test_playlists_scripts_devices_and_samples_without_a_header_are_not_opened(name: str) -> None:
    assert name not in FORMATS.split(",")


def test_every_container_that_is_named_is_one_that_the_library_knows() -> None:
    known = {name for entry in formats_available for name in entry.split(",")}
    assert set(FORMATS.split(",")) <= known


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels", "sound"),
    [
        (".flv", "flashsv", "bgr24", "adpcm_swf"),
        (".flv", "flashsv2", "bgr24", "nellymoser"),
        (".flv", "flv", "yuv420p", "mp3"),
        (".avi", "msvideo1", "rgb555le", "pcm_u8"),
        (".avi", "zmbv", "bgr0", "pcm_alaw"),
        (".avi", "zlib", "bgr24", "adpcm_ms"),
        (".avi", "cinepak", "rgb24", "mp2"),
        (".avi", "asv1", "yuv420p", "pcm_mulaw"),
        (".avi", "cljr", "yuv411p", "g726"),
        (".avi", "huffyuv", "yuv422p", "ac3"),
        (".avi", "magicyuv", "gbrp", "pcm_s16le"),
        (".avi", "utvideo", "yuv420p", "adpcm_yamaha"),
        (".avi", "y41p", "yuv411p", "pcm_s24le"),
        (".avi", "speedhq", "yuv420p", "pcm_s16le"),
        (".mov", "svq1", "yuv410p", "adpcm_ima_qt"),
        (".mov", "rpza", "rgb555le", "pcm_s16be"),
        (".mov", "qtrle", "rgb24", "alac"),
        (".mov", "v210", "yuv422p10le", "pcm_s24be"),
        (".mov", "v308", "yuv444p", "pcm_s16le"),
        (".mov", "v408", "yuva444p", "pcm_s16le"),
        (".mov", "v410", "yuv444p10le", "pcm_s16le"),
        (".mov", "r210", "gbrp10le", "pcm_s16le"),
        (".mov", "yuv4", "yuv420p", "pcm_s16le"),
        (".mov", "targa", "bgr24", "pcm_s16le"),
        (".mov", "tiff", "rgb24", "pcm_s16le"),
        (".mov", "prores_ks", "yuv422p10le", "pcm_s16le"),
        (".mkv", "snow", "yuv420p", "wavpack"),
        (".rm", "rv20", "yuv420p", "real_144"),
        (".wmv", "wmv1", "yuv420p", "wmav1"),
        (".nut", "ffvhuff", "yuv420p", "wavpack"),
    ],
)
def test_a_codec_whose_decoder_is_there_is_read(
    suffix: str, codec: str, pixels: str, sound: str, tmp_path: Path
) -> None:
    rate = {"g726": 8000, "real_144": 8000, "adpcm_swf": 22050, "nellymoser": 22050}
    film = Pictures(SMALL, 0.0, 1.0, codec=codec, pixels=pixels, options={"strict": "-2"})
    layout = "stereo" if sound.startswith("wma") else "mono"
    tone = Tone(seconds=1.0, codec=sound, rate=rate.get(sound, 44100), layout=layout)
    path = write_tracks(tmp_path / f"a{suffix}", [film, tone])
    header = probe(path, MAX_PIXELS)
    assert header.left_out == ()
    assert header.video is not None
    assert len(header.sounds) == 1
    with open_media(path) as container:
        picture = next(container.decode(container.streams[header.video.index]))
    with open_media(path) as container:
        samples = next(container.decode(container.streams[header.sounds[0].index]))
    assert isinstance(picture, av.VideoFrame)
    assert (picture.width, picture.height) == SMALL
    assert isinstance(samples, av.AudioFrame)
    assert samples.samples


@pytest.mark.parametrize(
    ("suffix", "container_format", "codec", "pixels"),
    [
        (".y4m", "yuv4mpegpipe", "wrapped_avframe", "yuv420p"),
        (".h264", "h264", "libx264", "yuv420p"),
        (".m2v", "mpeg2video", "mpeg2video", "yuv420p"),
        (".m4v", "m4v", "mpeg4", "yuv420p"),
        (".ivf", "ivf", "libvpx", "yuv420p"),
        (".mjpeg", "mjpeg", "mjpeg", "yuvj420p"),
        (".apng", "apng", "apng", "rgb24"),
        (".gif", "gif", "gif", "rgb8"),
    ],
)
def test_pictures_without_a_container_are_read(
    suffix: str, container_format: str, codec: str, pixels: str, tmp_path: Path
) -> None:
    fps = 25 if codec == "mpeg2video" else 10
    film = Pictures(SMALL, seconds=1.0, fps=fps, codec=codec, pixels=pixels)
    path = write_tracks(tmp_path / f"a{suffix}", [film], container_format=container_format)
    header = probe(path.rename(tmp_path / "film"), MAX_PIXELS)
    assert header.video is not None


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".aac", "aac"), (".ac3", "ac3"), (".eac3", "eac3"), (".caf", "pcm_s16be"),
        (".voc", "pcm_u8"), (".au", "pcm_s16be"), (".aiff", "pcm_s16be"), (".tta", "tta"),
        (".wv", "wavpack"), (".mp2", "mp2"), (".mp3", "mp3"), (".flac", "flac"),
        (".oga", "flac"), (".w64", "pcm_s16le"), (".wma", "wmav2"), (".amr", "libopencore_amrnb"),
        (".m2ts", "pcm_bluray"), (".g722.wav", "g722"),
    ],
)  # fmt: skip
def test_sound_by_itself_is_read(suffix: str, codec: str, tmp_path: Path) -> None:
    mono = {"libopencore_amrnb": 8000, "g722": 16_000}
    layout = "mono" if codec in mono else "stereo"
    tone = Tone(codec=codec, rate=mono.get(codec, 48_000), layout=layout)
    path = write_tracks(tmp_path / f"a{suffix}", [tone])
    header = probe(path.rename(tmp_path / "sound"), MAX_PIXELS)
    assert (header.video, len(header.sounds)) == (None, 1)


@pytest.mark.parametrize(
    ("codec", "suffix", "kind"), [("apng", ".png", "PNG"), ("gif", ".gif", "GIF")]
)
def test_an_animation_of_a_single_picture_is_a_still_image(
    codec: str, suffix: str, kind: str, tmp_path: Path
) -> None:
    pixels = "rgb8" if codec == "gif" else "rgb24"
    picture = Pictures(SMALL, seconds=0.0, codec=codec, pixels=pixels)
    path = write_tracks(tmp_path / f"a{suffix}", [picture], container_format=codec)
    with pytest.raises(StillImage, match=f"a still image \\({kind}\\)"):
        open_media(path)


def test_a_photograph_of_several_pictures_is_a_still_image(tmp_path: Path) -> None:
    parts = [cv2.imencode(".jpg", drawn(n))[1].tobytes() for n in range(3)]
    path = tmp_path / "stereo.jpg"
    path.write_bytes(b"".join(parts))
    with pytest.raises(StillImage, match="a still image \\(JPEG\\)"):
        open_media(path)


def test_an_animated_webp_is_not_called_damaged(tmp_path: Path) -> None:
    film = Pictures(SMALL, codec="libwebp_anim")
    path = write_tracks(tmp_path / "a.webp", [film], container_format="webp")
    with pytest.raises(StillImage, match="an animated picture \\(WebP\\), which is not read"):
        open_media(path)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"avif"])
def test_pictures_of_phones_are_still_images(brand: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(b"\x00\x00\x00\x18ftyp" + brand + bytes(100))
    with pytest.raises(StillImage, match="a still image \\(HEIF\\)"):
        open_media(path)


def test_text_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.ans"
    path.write_bytes(b"\x1b[31mred\x1b[0m" * 50)
    with pytest.raises(NotMedia):
        open_media(path)
