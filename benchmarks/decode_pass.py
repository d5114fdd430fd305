"""Target 1: the one decode pass against ffmpeg decoding to nothing."""

import subprocess
from pathlib import Path

import imageio_ffmpeg

from benchmarks.measure import Row, medians
from benchmarks.media import full_hd
from ingest.media.decode import DecodeOptions, decode_file


def null_decode(path: Path) -> None:
    """ffmpeg -i F -f null -"""
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "null", "-"],
        check=True,
        capture_output=True,
    )


def measure(folder: Path) -> list[Row]:
    """One row."""
    path = full_hd(folder / "full_hd.mp4")
    options = DecodeOptions(max_pixels=8192 * 4352, max_duration_s=3600)
    ours, floor = medians(
        [
            lambda: decode_file(path, folder / "media", options, lambda _part: None),
            lambda: null_decode(path),
        ],
        rounds=5,
    )
    return [Row("1", "one pass over 30 s of 1080p, against ffmpeg -f null", ours, floor, "s", 1.25)]
