"""The film and its sounds are found among the streams of a file by what comes of them."""

import struct
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from ingest.errors import VideoUnreadable
from ingest.media.container import Probe, probe
from ingest.media.frames import Picture, Sound
from ingest.media.timeline import Timeline
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.tracks import Pictures, Tone, write_programmes, write_tracks

MAX_PIXELS = 8192 * 4352
FILM, PREVIEW = Pictures((640, 360)), Pictures((160, 90), fps=5)
COVER = Pictures((800, 800), seconds=0.0, codec="mjpeg", pixels="yuvj420p")


def probed(path: Path, tracks: Sequence[Pictures | Tone]) -> Probe:
    return probe(write_tracks(path, tracks), MAX_PIXELS)


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".ts", ".nut"])
@pytest.mark.parametrize("order", list(permutations((FILM, PREVIEW, Tone()))))
def test_a_preview_is_not_the_film_wherever_it_stands(
    suffix: str, order: tuple[Pictures | Tone, ...], tmp_path: Path
) -> None:
    header = probed(tmp_path / f"a{suffix}", order)
    assert header.video is not None
    assert header.video.index == order.index(FILM)
    assert [sound.index for sound in header.sounds] == [order.index(Tone())]


@pytest.mark.parametrize("num_frames", [7, 8, 9, 10])
def test_a_film_of_a_few_frames_is_found_beside_another(num_frames: int, tmp_path: Path) -> None:
    film = Pictures((640, 360), seconds=num_frames / 25, fps=25)
    header = probed(tmp_path / "a.mkv", (Pictures((160, 90), seconds=0.4, fps=5), film))
    assert header.video is not None
    assert header.video.index == 1


def test_a_preview_that_alone_has_the_default_flag_is_not_the_film(tmp_path: Path) -> None:
    preview = Pictures((160, 90), disposition=Disposition.default)
    header = probed(tmp_path / "a.mkv", [preview, FILM])
    assert header.video is not None
    assert header.video.index == 1


def test_pictures_of_the_same_size_at_a_lower_rate_are_not_the_film(tmp_path: Path) -> None:
    stills = Pictures((640, 360), fps=1, seconds=6, disposition=Disposition.default)
    header = probed(tmp_path / "a.mkv", [stills, Pictures((640, 360), seconds=6)])
    assert header.video is not None
    assert header.video.index == 1


def test_thumbnails_of_chapters_are_not_the_film_however_large_they_are(tmp_path: Path) -> None:
    thumbnails = Pictures((800, 600), seconds=6, fps=1, codec="mjpeg", pixels="yuvj420p")
    film = Pictures((640, 360), seconds=6, fps=25)
    header = probed(tmp_path / "a.mov", [thumbnails, film, Tone(codec="aac")])
    assert header.video is not None
    assert header.video.index == 1


@pytest.mark.parametrize(("default", "film"), [(0, 0), (1, 1)])
def test_of_two_angles_the_default_one_is_the_film(default: int, film: int, tmp_path: Path) -> None:
    angles = [
        Pictures((640, 360), disposition=Disposition.default if n == default else 0)
        for n in range(2)
    ]
    header = probed(tmp_path / "a.mkv", angles)
    assert header.video is not None
    assert header.video.index == film


@pytest.mark.parametrize("order", list(permutations((COVER, FILM, Tone()))))
def test_one_large_picture_beside_a_film_is_its_cover(
    order: tuple[Pictures | Tone, ...], tmp_path: Path
) -> None:
    header = probed(tmp_path / "a.mov", order)
    assert header.video is not None
    assert header.video.index == order.index(FILM)


def test_one_picture_under_a_long_sound_is_the_film(tmp_path: Path) -> None:
    header = probed(tmp_path / "a.mkv", [COVER, Tone(seconds=60)])
    assert header.video is not None
    assert header.video.codec == "mjpeg"


def test_a_cover_that_is_flagged_leaves_a_recording_of_sound(tmp_path: Path) -> None:
    cover = Pictures(
        (64, 64),
        seconds=0.0,
        codec="mjpeg",
        pixels="yuvj420p",
        disposition=Disposition.attached_pic,
    )
    header = probed(tmp_path / "a.mp4", [cover, Tone(codec="aac")])
    assert header.video is None
    assert len(header.sounds) == 1


@pytest.mark.parametrize("second", [(320, 180), (640, 360)])
def test_pictures_and_sound_are_of_the_first_programme(
    second: tuple[int, int], tmp_path: Path
) -> None:
    path = write_programmes(
        tmp_path / "a.ts", [[Tone(), Pictures()], [Pictures(second, seed=9), Tone()]]
    )
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert header.video.index == 1
    assert [sound.index for sound in header.sounds] == [0]


def test_a_programme_of_the_radio_is_passed_over(tmp_path: Path) -> None:
    path = write_programmes(tmp_path / "a.ts", [[Tone()], [FILM, Tone(), Tone()]])
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert header.video.index == 1
    assert [sound.index for sound in header.sounds] == [2, 3]


def test_a_copy_for_phones_is_passed_over(tmp_path: Path) -> None:
    small = Pictures((160, 90))
    path = write_programmes(tmp_path / "a.ts", [[small, Tone()], [FILM, Tone()]])
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert header.video.index == 2
    assert [sound.index for sound in header.sounds] == [3]


def test_times_count_from_the_beginning_of_the_own_programme(tmp_path: Path) -> None:
    other: list[Pictures | Tone] = [Pictures(begin_s=0), Tone(begin_s=0)]
    own: list[Pictures | Tone] = [Pictures(begin_s=500), Tone(begin_s=500)]
    header = probe(write_programmes(tmp_path / "a.ts", [own, other]), MAX_PIXELS)
    assert header.start_s == pytest.approx(500.0, abs=0.2)
    assert header.declared_s == pytest.approx(2.0, abs=0.3)


def test_pictures_that_lie_hours_apart_have_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 10)
        for number, packet in enumerate(Pictures(seconds=0.2).packets(stream)):
            packet.pts = packet.dts = number * 10 * 3600 * 30
            container.mux(packet)
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert header.start_s == 0.0


@pytest.mark.parametrize("first_pid", ["256", "512"])
def test_the_beginning_is_that_of_the_first_of_recordings_that_were_joined(
    first_pid: str, tmp_path: Path
) -> None:
    parts = []
    for begin_s, pid in ((100.0, "256"), (1.0, first_pid)):
        tracks: list[Pictures | Tone] = [Pictures(begin_s=begin_s), Tone(begin_s=begin_s)]
        options = {"mpegts_start_pid": pid}
        parts.append(write_tracks(tmp_path / "part.ts", tracks, options).read_bytes())
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(parts))
    assert probe(path, MAX_PIXELS).start_s == pytest.approx(100.0, abs=0.2)


@pytest.mark.parametrize("cut_off_s", [5.0, 15.0])
@pytest.mark.parametrize("iframes_only", [False, True])
def test_what_was_cut_off_the_beginning_of_a_film_is_no_part_of_it(
    cut_off_s: float, iframes_only: bool, tmp_path: Path
) -> None:
    """An MP4 keeps all pictures from a whole one on, and tells which of them are not shown."""
    options = {"x264-params": "scenecut=0:bframes=0"}
    pictures = Pictures(
        (64, 64), -cut_off_s, cut_off_s + 8, codec="libx264", key_every=170, options=options
    )
    path = write_tracks(tmp_path / "a.mp4", [pictures, Tone(seconds=8, codec="aac")])
    header = probe(path, MAX_PIXELS)
    assert header.start_s == pytest.approx(0.0, abs=0.1)
    assert header.declared_s == pytest.approx(8.0, abs=0.2)
    line = Timeline(path, header, MAX_PIXELS, iframes_only)
    found = list(line)
    times = [each.time_s for each in found if isinstance(each, Picture)]
    if iframes_only:
        assert (times[0], len(times) <= 2) == (0.0, True)
    else:
        assert times == pytest.approx([n / 10 for n in range(80)], abs=0.1)
    assert line.video_end_s == pytest.approx(8.0, abs=0.2)
    assert next(each.time_s for each in found if isinstance(each, Sound)) < 0.1


def test_the_sound_that_people_hear_comes_first(tmp_path: Path) -> None:
    comments = Tone(disposition=Disposition.comment, metadata={"title": "Director"})
    german = Tone(metadata={"language": "ger"})
    dubbed = Disposition.default | Disposition.dub
    english = Tone(disposition=dubbed, metadata={"language": "eng"})
    header = probed(tmp_path / "a.mkv", [comments, FILM, german, english])
    assert [sound.index for sound in header.sounds] == [3, 2, 0]
    assert [sound.language for sound in header.sounds] == ["eng", "ger", None]
    assert header.sounds[2].title == "Director"


def test_of_sounds_that_are_alike_that_of_a_telephone_is_not_the_first(tmp_path: Path) -> None:
    small = Tone(codec="aac", rate=8_000, disposition=Disposition.default)
    full = Tone(codec="aac", rate=16_000, disposition=Disposition.default)
    header = probed(tmp_path / "a.mov", [FILM, small, full])
    assert [sound.index for sound in header.sounds] == [2, 1]


def test_sound_that_begins_late_is_known_and_comes_last(tmp_path: Path) -> None:
    late = Tone(begin_s=70, seconds=2, disposition=Disposition.default)
    film = Pictures((64, 64), seconds=72)
    header = probed(tmp_path / "a.mkv", [film, late, Tone(seconds=72)])
    assert [sound.index for sound in header.sounds] == [2, 1]


def test_sound_that_no_header_tells_of_is_known_after_a_while(tmp_path: Path) -> None:
    film = Pictures((176, 144), seconds=60, codec="mpeg1video", fps=25)
    path = write_tracks(tmp_path / "a.mpg", [film, Tone(begin_s=25)])
    assert len(probe(path, MAX_PIXELS).sounds) == 1


def test_the_film_may_go_on_in_pictures_that_have_not_begun(tmp_path: Path) -> None:
    first, second = Pictures(seconds=5), Pictures((640, 360), begin_s=5, seconds=5)
    header = probed(tmp_path / "a.mkv", [first, second, Tone(seconds=10)])
    assert header.video is not None
    assert (header.video.index, header.later_videos) == (0, (1,))
    beside = probed(tmp_path / "b.mkv", [Pictures(), PREVIEW])
    assert beside.later_videos == ()


def test_streams_that_are_kept_one_behind_the_other_run_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w", options={"max_interleave_delta": "1"}) as container:
        tracks = [(track, container.add_stream("mpeg4", track.fps)) for track in (PREVIEW, FILM)]
        packets = [packet for track, stream in tracks for packet in track.packets(stream)]
        for packet in packets:
            container.mux_one(packet)
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert (header.video.index, header.later_videos) == (1, ())


def test_pictures_that_begin_after_the_look_may_be_the_film_going_on(tmp_path: Path) -> None:
    first, second = Pictures((64, 64), seconds=210), Pictures((64, 64), begin_s=210)
    header = probed(tmp_path / "a.mkv", [first, second])
    assert header.video is not None
    assert (header.video.index, header.later_videos) == (0, (1,))


def test_sound_that_no_decoder_knows_is_left_out_by_name(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.avi", [FILM, Tone(codec="pcm_s16le")])
    data = path.read_bytes()
    at = data.index(b"strf", data.index(b"auds")) + 8
    path.write_bytes(data[:at] + struct.pack("<H", 0x1FFF) + data[at + 2 :])
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert header.sounds == ()
    assert header.left_out == ("the sound cannot be decoded: no decoder here knows its codec",)


def test_one_sound_of_two_that_no_decoder_knows_is_named_by_its_number(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [FILM, Tone(), Tone(codec="flac")])
    data = path.read_bytes().replace(b"A_FLAC", b"A_FLUX")
    path.write_bytes(data)
    header = probe(path, MAX_PIXELS)
    assert [sound.index for sound in header.sounds] == [1]
    assert header.left_out[0].startswith("the sound of track 2 cannot be decoded")


def test_pictures_that_no_decoder_knows_leave_the_sound(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [Pictures(codec="mpeg2video", fps=25), Tone()])
    path.write_bytes(path.read_bytes().replace(b"V_MPEG2", b"V_MPEX2"))
    header = probe(path, MAX_PIXELS)
    assert header.video is None
    assert len(header.sounds) == 1
    assert header.left_out == ("the pictures cannot be decoded: no decoder here knows its codec",)


def test_larger_pictures_than_are_allowed_leave_the_sound(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [FILM, Tone()])
    header = probe(path, 640 * 360 - 1)
    assert header.video is None
    assert len(header.sounds) == 1
    assert "640×360 pixels are more than the 230,399 that INGEST_MAX_PIXELS" in header.left_out[0]
    assert probe(path, 640 * 360).video is not None


def test_a_preview_is_read_where_the_film_cannot_be_and_that_is_said(tmp_path: Path) -> None:
    header = probe(write_tracks(tmp_path / "a.mkv", [FILM, PREVIEW]), 640 * 360 - 1)
    assert header.video is not None
    assert header.video.index == 1
    assert header.left_out[0].startswith("the best track of pictures cannot be decoded: 640×360")
    assert header.left_out[0].endswith("(another one was read instead)")


def test_a_file_of_which_nothing_can_be_decoded_says_why_and_what_to_do(tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "a.mkv", [Pictures(codec="mpeg2video", fps=25), Tone(codec="flac")]
    )
    data = path.read_bytes().replace(b"V_MPEG2", b"V_MPEX2").replace(b"A_FLAC", b"A_FLUX")
    path.write_bytes(data)
    with pytest.raises(VideoUnreadable, match=r"the pictures .*; the sound .*; convert it to MP4"):
        probe(path, MAX_PIXELS)


def test_encrypted_sound_of_an_mp4_is_said_to_be_so(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [drawn(1)], 1.0, audio=tone(1.0))
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"enca"))
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert header.left_out == ("the sound cannot be decoded: it is encrypted (copy protection)",)


def test_an_encrypted_file_of_windows_media_says_so(tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "a.wmv", [Pictures(codec="wmv2"), Tone(codec="wmav2", layout="stereo")]
    )
    codec_list = bytes.fromhex("4052d1861d31d011a3a400a0c90348f6")
    encryption = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    data = path.read_bytes()
    at = data.index(codec_list)
    length = struct.unpack_from("<Q", data, at + 16)[0]
    encrypted = encryption + struct.pack("<Q", length) + bytes(length - 24)
    path.write_bytes(data[:at] + encrypted + data[at + length :])
    with pytest.raises(
        VideoUnreadable, match=r"the pictures .* encrypted .*the sound .* encrypted"
    ):
        probe(path, MAX_PIXELS)


def test_a_scrambled_stream_of_television_is_left_out(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.ts", [FILM, Tone()])
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), 188):
        if data[at + 2] == 1 and data[at + 1] & 0x1F == 1:  # the sound's packets
            data[at + 3] |= 0x80
    path.write_bytes(data)
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert "encrypted" in header.left_out[0]


def test_streams_of_data_are_no_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        container.add_attachment("font.ttf", "font/ttf", b"0123")
        stream = container.add_stream("mpeg4", 10)
        for packet in FILM.packets(stream):
            container.mux(packet)
    header = probe(path, MAX_PIXELS)
    assert header.video is not None
    assert (header.sounds, header.left_out) == ((), ())


def test_the_last_pictures_of_a_film_that_is_not_the_first_stream_are_shown(
    tmp_path: Path,
) -> None:
    film = Pictures((320, 180), codec="libx264", fps=25)
    path = write_tracks(tmp_path / "a.mov", [Tone(codec="aac"), PREVIEW, film])
    timeline = Timeline(path, probe(path, MAX_PIXELS), MAX_PIXELS)
    assert sum(isinstance(found, Picture) for found in timeline) == 50
