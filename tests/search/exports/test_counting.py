"""How frames are counted where much or little is known of a film."""

import pytest

from search.exports.counting import Caveat, count_frames
from tests.helpers.exports import film, streams


def test_frames_are_counted_from_the_first_picture_at_the_exact_rate() -> None:
    count = count_frames(film(of=streams((24000, 1001), "01:00:00:00", first_s=0.5)))
    assert [count.frame_at(0.5 + n * 1001 / 24000) for n in (0, 1, 86_400)] == [0, 1, 86_400]
    assert count.frame_at(0.0) == 0
    assert count.timecode_of(24) == "01:00:01:00"
    assert count.caveats == ()


@pytest.mark.parametrize(
    ("average", "rate"),
    [
        (23.98, "24000/1001"),
        (24.01, "24"),
        (29.955, "30000/1001"),
        (59.95, "60000/1001"),
        (15, "15"),
    ],
)
def test_an_average_rate_is_taken_to_the_nearest_standard_one_and_told(
    average: float, rate: str
) -> None:
    count = count_frames(film(frame_rate=average))
    assert str(count.rate) == rate
    assert count.start == 0
    assert count.caveats == (Caveat.AVERAGE_RATE,)


def test_a_varying_rate_and_a_missing_picture_are_told() -> None:
    assert count_frames(film(of=streams(None))).caveats == (Caveat.VARYING_RATE,)
    sound = count_frames(film(of=streams(has_picture=False)))
    assert (str(sound.rate), sound.caveats) == ("25", (Caveat.NO_PICTURE,))


def test_faster_films_than_timecode_can_count_are_counted_at_a_part_of_their_rate() -> None:
    count = count_frames(film(of=streams((240000, 1001))))
    assert str(count.rate) == "60000/1001"
    assert count.caveats == (Caveat.TOO_FAST,)


def test_a_timecode_that_is_none_of_the_rate_is_left_out_and_told() -> None:
    count = count_frames(film(of=streams((25, 1), "01:00:00:29")))
    assert (count.start, count.caveats) == (0, (Caveat.ODD_TIMECODE,))


def test_film_at_2997_without_timecode_is_counted_with_drop_frame() -> None:
    assert count_frames(film(of=streams((30000, 1001)))).timecode_of(1800) == "00:01:00;02"
    counted = count_frames(film(of=streams((30000, 1001), "00:00:00:00")))
    assert counted.timecode_of(1800) == "00:01:00:00"


def test_the_last_frame_is_not_that_of_sound_that_goes_on_a_little() -> None:
    count = count_frames(film(of=streams()))
    assert [count.num_until(s) for s in (42.0, 42.0266, 41.999, 42.04)] == [1050, 1050, 1050, 1051]
