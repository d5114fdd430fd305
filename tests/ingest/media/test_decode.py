"""One pass over a file: scenes, keyframes and sound, of good files and of bad ones."""

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.errors import VideoUnreadable
from ingest.files.discover import discover
from ingest.library.embed import read_image
from ingest.media.child import Isolation
from ingest.media.decode import Decoded, DecodeOptions, decode_file
from ingest.scenes.pixels import Pixels, rgb_pixels
from tests.helpers.commands import TOUR
from tests.helpers.held import write_held
from tests.helpers.media import (
    SIZE,
    drawn,
    frames_at,
    make_video,
    silence,
    solid,
    tone,
    write_sound,
)

OPTIONS = DecodeOptions(max_pixels=8192 * 4352, max_duration_s=24 * 3600.0)
PICTURES = [drawn(seed) for seed in (1, 2, 3)]


def ignore(part: float) -> None:
    """Progress that nobody looks at."""


def decoded(path: Path, options: DecodeOptions = OPTIONS) -> Decoded:
    return decode_file(path, path.parent / "out", options, ignore)


def edges(found: Decoded) -> list[float]:
    return [scene.start_s for scene in found.scenes] + [found.scenes[-1].end_s]


def scenes_with_keyframes(found: Decoded) -> list[int]:
    """For each keyframe, the position of the scene in which it lies."""
    return [
        number
        for keyframe in found.keyframes
        for number, scene in enumerate(found.scenes)
        if scene.start_s <= keyframe.time_s < scene.end_s
    ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize("fps", [10, 25, 60])
def test_scenes_of_a_film_end_at_its_cuts_to_one_frame(
    suffix: str, fps: int, tmp_path: Path
) -> None:
    found = decoded(make_video(tmp_path / f"a{suffix}", PICTURES, 2.0, fps=fps))
    assert edges(found) == pytest.approx([0.0, 2.0, 4.0, 6.0], abs=1 / fps)
    assert found.frame_rate == pytest.approx(fps, rel=0.02)
    assert found.duration_s == pytest.approx(6.0, abs=1 / fps)
    assert (found.width_px, found.height_px) == SIZE
    assert found.partial_reason is None


def test_each_scene_has_a_keyframe_that_shows_it(tmp_path: Path) -> None:
    found = decoded(make_video(tmp_path / "a.mp4", PICTURES, 2.0))
    assert scenes_with_keyframes(found) == [0, 1, 2]
    for keyframe, picture in zip(found.keyframes, PICTURES, strict=True):
        shown = read_image(tmp_path / "out" / keyframe.name)
        assert np.abs(shown.astype(int) - picture).mean() < 12


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Decoded, Path]:
    """The sample, decoded into a folder."""
    folder = tmp_path_factory.mktemp("tour")
    return decode_file(TOUR, folder, OPTIONS, ignore), folder


def test_a_keyframe_stands_where_its_time_says(tour: tuple[Decoded, Path]) -> None:
    found, folder = tour
    expected = frames_at(TOUR, [keyframe.time_s for keyframe in found.keyframes])
    for keyframe, picture in zip(found.keyframes, expected, strict=True):
        shown = read_image(folder / keyframe.name).astype(int)
        assert np.abs(shown - picture).mean() < 3, keyframe


def test_the_cuts_of_the_sample_are_found_to_one_frame(tour: tuple[Decoded, Path]) -> None:
    expected = [0.0, 7.0, 14.0, 21.0, 28.0, 34.0, 42.0]
    assert edges(tour[0]) == pytest.approx(expected, abs=0.041)


def test_the_sound_is_written_beside_the_pictures(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", PICTURES, 1.0, audio=tone(3.0))
    found = decoded(path)
    (voice,) = found.voices
    heard = np.fromfile(tmp_path / "out" / voice.mix.file, np.int16)
    assert len(heard) == voice.mix.num_samples == pytest.approx(3 * 16_000, rel=0.05)
    assert len(voice.mix.stretches) == 1
    assert voice.mix.stretches[0].time_s == pytest.approx(0.0, abs=0.1)


def test_a_recording_without_pictures_has_no_scenes(tmp_path: Path) -> None:
    found = decoded(write_sound(tmp_path / "a.m4a", silence(3.0)))
    assert (found.scenes, found.keyframes, found.frame_rate) == ([], [], None)
    assert found.duration_s == pytest.approx(3.0, abs=0.2)


def test_a_film_of_one_frame_is_one_scene(tmp_path: Path) -> None:
    found = decoded(make_video(tmp_path / "a.mp4", [drawn(1)], 0.04))
    assert len(found.scenes) == len(found.keyframes) == 1


def test_iframes_alone_find_the_cuts_that_an_iframe_stands_at(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", PICTURES, 2.0, iframe_every=50)
    options = DecodeOptions(OPTIONS.max_pixels, OPTIONS.max_duration_s, keyframes_only=True)
    found = decoded(path, options)
    assert edges(found) == pytest.approx([0.0, 2.0, 4.0, 6.0], abs=0.05)
    assert scenes_with_keyframes(found) == [0, 1, 2]


def test_a_film_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [drawn(1)], 3.0, fps=5)
    with pytest.raises(VideoUnreadable, match=r"longer than the 2\.0 s that INGEST_MAX_DURATION_S"):
        decoded(path, DecodeOptions(OPTIONS.max_pixels, max_duration_s=2.0))


def test_a_film_cut_off_in_the_middle_is_partial_and_says_how_much_there_is(
    tmp_path: Path,
) -> None:
    path = make_video(tmp_path / "a.mkv", PICTURES, 2.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = decoded(path)
    assert found.partial_reason is not None
    assert "s of 6.0 s could be decoded" in found.partial_reason
    assert 0 < found.duration_s < 6
    assert found.keyframes


@pytest.mark.parametrize("refused", [{0}, {1}, {3}, {1, 2}, {0, 3}, {0, 1, 2, 3}])
def test_pictures_that_cannot_be_shown_are_damage_and_scenes_go_on_without_them(
    refused: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of what the scaler does not know, which only the full size of a keyframe shows."""

    def convert(frame: av.VideoFrame, width: int, height: int) -> Pixels:
        if int(frame.time or 0) // 5 in refused:
            raise ValueError("Invalid argument")
        return rgb_pixels(frame, width, height)

    monkeypatch.setattr("ingest.scenes.picture.rgb_pixels", convert)
    slides = [(drawn(seed), 5.0) for seed in range(4)]
    found = decoded(write_held(tmp_path / "a.mkv", slides))
    scenes = edges(found)
    assert all(before.end_s == after.start_s for before, after in pairwise(found.scenes))
    assert (scenes[0], scenes[-1]) == pytest.approx((0.0, 20.0), abs=0.01)
    shown = [n for n in range(4) if n not in refused]
    assert [k.time_s for k in found.keyframes] == pytest.approx([5.0 * n for n in shown], abs=0.01)
    assert f"{len(refused)} damaged part" in (found.partial_reason or "") or refused == {0, 1, 2, 3}
    assert "the pictures" in (found.partial_reason or "")


def test_what_a_former_run_left_in_the_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "000000123.jpg").write_bytes(b"old")
    found = decoded(make_video(tmp_path / "a.mp4", [solid(1, 2, 3)]))
    assert {p.name for p in (tmp_path / "out").glob("*.jpg")} == {k.name for k in found.keyframes}


def test_every_odd_or_damaged_file_of_the_shared_set_ends_as_it_should(
    dev_data: Path, tmp_path: Path
) -> None:
    entries = json.loads((dev_data / "manifest.json").read_text())["robust"]
    wrong = []
    for entry in entries:
        ended = ending_of(dev_data / entry["file"], tmp_path / "out")
        if (entry["expect"], ended) in (("ok", "rejected"), ("reject", "accepted")):
            wrong.append((entry["file"], ended))
    assert wrong == []


def ending_of(path: Path, folder: Path) -> str:
    (file,) = discover([str(path)])
    try:
        if file.refusal is not None:
            raise VideoUnreadable(file.refusal)
        found = Isolation(memory_mb=2048, stall_s=30.0).run(
            decode_file, path, folder, OPTIONS, on_progress=ignore
        )
    except VideoUnreadable:
        return "rejected"
    assert all(a.end_s == b.start_s for a, b in pairwise(found.scenes)), path
    assert sorted(set(scenes_with_keyframes(found))) == list(range(len(found.scenes))), path
    return "accepted"
