"""Timecode, held to OpenTimelineIO's."""

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.exports.timecode import Rate, read_timecode, write_timecode

NTSC, DOUBLE = Rate(30000, 1001), Rate(60000, 1001)
STANDARD = (Rate(24000, 1001), Rate(24, 1), Rate(25, 1), NTSC, Rate(50, 1), DOUBLE, Rate(60, 1))
COUNTED = st.one_of(
    st.tuples(st.sampled_from(STANDARD), st.just(False)),
    st.tuples(st.sampled_from((NTSC, DOUBLE)), st.just(True)),
)


@pytest.mark.parametrize(
    ("frame", "rate", "timecode"),
    [
        (1799, NTSC, "00:00:59;29"),
        (1800, NTSC, "00:01:00;02"),
        (3597, NTSC, "00:01:59;29"),
        (3598, NTSC, "00:02:00;02"),
        (17981, NTSC, "00:09:59;29"),
        (17982, NTSC, "00:10:00;00"),
        (107892, NTSC, "01:00:00;00"),
        (2589407, NTSC, "23:59:59;29"),
        (2589408, NTSC, "00:00:00;00"),
        (3599, DOUBLE, "00:00:59;59"),
        (3600, DOUBLE, "00:01:00;04"),
        (35963, DOUBLE, "00:09:59;59"),
        (35964, DOUBLE, "00:10:00;00"),
    ],
)
def test_two_or_four_numbers_are_dropped_each_minute_but_the_tenth(
    frame: int, rate: Rate, timecode: str
) -> None:
    assert write_timecode(frame, rate, is_drop=True) == timecode


@given(counted=COUNTED, frame=st.integers(0, 24 * 3600 * 24 - 1))
def test_a_frame_is_what_its_timecode_says(counted: tuple[Rate, bool], frame: int) -> None:
    rate, is_drop = counted
    text = write_timecode(frame, rate, is_drop=is_drop)
    assert read_timecode(text, rate) == (frame, is_drop)
    assert otio.opentime.from_timecode(text, float(rate.exact)).to_frames() == frame


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("01:00:00:25", Rate(25, 1)),
        ("00:01:00;00", NTSC),
        ("00:61:00:00", Rate(25, 1)),
        ("01:00:00;00", Rate(25, 1)),
        ("1:2:3:4", Rate(25, 1)),
        ("", Rate(25, 1)),
    ],
)
def test_what_is_no_timecode_of_a_rate_is_refused(text: str, rate: Rate) -> None:
    with pytest.raises(ValueError, match="timecode"):
        read_timecode(text, rate)


def test_rates_are_told_as_fractions_and_by_their_timecode() -> None:
    assert [str(rate) for rate in (NTSC, Rate(25, 1))] == ["30000/1001", "25"]
    assert [rate.nominal for rate in STANDARD] == [24, 24, 25, 30, 50, 60, 60]
    assert [rate.is_ntsc for rate in STANDARD] == [True, False, False, True, False, True, False]
    assert [rate.may_drop for rate in STANDARD] == [False, False, False, True, False, True, False]
