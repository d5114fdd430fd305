"""What the resampler takes and gives."""

import sys
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.media.child import Isolation
from ingest.media.decode import DecodeOptions
from ingest.media.resampler import Resampler
from ingest.media.samples import SAMPLE_RATE
from tests.helpers import children
from tests.helpers.voices import Part, Track, frames, noise, write_tracks

FORMATS = ["s16", "s32", "flt", "fltp", "u8p", "dblp"]


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(["mono", "stereo", "quad", "5.1", "7.1"]),
    st.sampled_from([8000, 11_025, 16_000, 44_100, 48_000, 96_000]),
    st.sampled_from(FORMATS),
    st.booleans(),
)
def test_what_comes_out_is_that_of_ffmpeg_to_the_bit(
    layout: str, rate: int, kind: str, is_mixed: bool
) -> None:
    num_channels = av.AudioLayout(layout).nb_channels
    sound = np.stack([noise(0.5, seed=n) for n in range(num_channels)])
    heard = [frame for _, frame in frames([Part(sound, layout, rate, kind)])]
    target = "mono" if is_mixed else layout
    resampler = Resampler(heard[0], target)
    pieces = [resampler.feed(frame) for frame in [*heard, None]]
    theirs = av.AudioResampler(format="s16", layout=target, rate=SAMPLE_RATE)
    flushed = [] if theirs.resample(heard[0]) == [heard[0]] else [None]
    theirs = av.AudioResampler(format="s16", layout=target, rate=SAMPLE_RATE)
    right = [
        resampled.to_ndarray().reshape(-1, len(pieces[0]))
        for frame in [*heard, *flushed]
        for resampled in theirs.resample(frame)
    ]
    assert np.array_equal(np.concatenate(pieces, axis=1), np.concatenate(right).T)


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory")
def test_many_sound_tracks_fit_in_the_memory_on_a_machine_of_many_processors(
    tmp_path: Path,
) -> None:
    """Each thread reserves 8 MB for its stack."""
    sound = np.stack([noise(1.0, seed=n) for n in range(6)])
    path = write_tracks(tmp_path / "many.mkv", [Track(sound, "5.1", "alac")] * 16)
    decoded = Isolation(512, 30.0).run(
        children.decode_on_sixteen_processors,
        path,
        tmp_path / "media",
        DecodeOptions(max_pixels=10**6, max_duration_s=100.0),
        on_progress=lambda _part: None,
    )
    assert len(decoded.voices) == 16
    assert decoded.partial_reason is None
