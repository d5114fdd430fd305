"""Presented time runs forward, and is as long as what is shown, whatever the stamps say."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.clock import LONGEST_GAP_S, Clock
from ingest.media.lane import Lane, Stamped

FRAME_S = 0.04
DAY_S = 86_400.0


def place(
    stamps: Sequence[float | None], clock: Clock | None = None, length_s: float = FRAME_S
) -> list[float]:
    """The presented times of frames of equal length."""
    lane = Lane[int](clock or Clock(0.0))
    placed = [
        p for n, stamp_s in enumerate(stamps) for p in lane.place(Stamped(stamp_s, length_s, n))
    ]
    placed += lane.finish()
    assert [p.item for p in placed] == list(range(len(stamps)))
    return [p.time_s for p in placed]


def film(start_s: float, num_frames: int = 100, step_s: float = FRAME_S) -> list[float]:
    return [start_s + n * step_s for n in range(num_frames)]


@pytest.mark.parametrize("start_s", [0.0, -3.0, 1.7e9, 95_443.7])
def test_a_recording_begins_at_0_wherever_its_clock_does(start_s: float) -> None:
    assert place(film(start_s), Clock(start_s)) == pytest.approx(film(0.0), abs=1e-6)


def test_stamps_that_hold_are_times_and_nothing_is_told() -> None:
    clock = Clock(0.0)
    times = [*film(0.0), *film(9.0), *film(80.0, 5, step_s=70.0)]
    assert place(times, clock) == pytest.approx(times)
    assert (clock.pairs, clock.notes) == (None, [])


@pytest.mark.parametrize(
    ("second_s", "said"),
    [
        (0.0, "goes back by 4.0 s, as of a second recording: it comes right after"),
        (2.0, "goes back by 2.0 s, as of a second recording: it comes right after"),
        (-95_000.0, "goes back by 26 h 23 min, as of a second recording: it comes right after"),
        (40_000.0, "jumps ahead by 11 h 6 min: what follows comes right after"),
        (DAY_S + 4.0, "jumps ahead by 24 h: what follows comes right after"),
        (10 * DAY_S, "jumps ahead by 10 days: what follows comes right after"),
    ],
)
def test_joined_recordings_follow_each_other(second_s: float, said: str) -> None:
    clock = Clock(0.0)
    times = place([*film(0.0), *film(second_s)], clock)
    assert times == pytest.approx(film(0.0, 200))
    assert clock.notes == [f"at 4.0 s the clock of the file {said}"]
    assert clock.pairs == [(0.0, 0.0), (pytest.approx(4.0), pytest.approx(second_s))]


@pytest.mark.parametrize("wrong_s", [10 * DAY_S, 60.0, 5.0, -20.0, -10 * DAY_S])
@pytest.mark.parametrize("position", [0, 1, 50, 99])
def test_a_single_wrong_stamp_moves_nothing(wrong_s: float, position: int) -> None:
    clock = Clock(0.0)
    stamps = film(0.0)
    stamps[position] += wrong_s
    assert place(stamps, clock) == pytest.approx(film(0.0), abs=FRAME_S)
    assert clock.pairs is None
    assert clock.notes == ["1 time stamp was wrong, and replaced by what fits those around"]


def test_a_frame_without_a_stamp_follows_the_one_before() -> None:
    assert place([None] * 100) == pytest.approx(film(0.0))
    assert place([5.0, None, 5.08], Clock(5.0)) == pytest.approx([0.0, FRAME_S, 0.08])


def test_after_a_seek_the_first_frame_is_where_its_stamp_says_or_nowhere() -> None:
    lane = Lane[str](Clock(10.0), anywhere=True)
    assert [p.time_s for p in lane.place(Stamped(4000.0, FRAME_S, ""))] == [3990.0]
    lane = Lane[str](Clock(10.0), anywhere=True)
    assert [p.time_s for p in lane.place(Stamped(None, FRAME_S, ""))] == [math.inf]


def test_a_stream_is_silent_as_long_as_another_goes_on() -> None:
    """An hour between two pictures, in a container whose clock may jump."""
    clock = Clock.of("mpegts", 0.0, None, 2)
    sound, pictures = Lane[int](clock), Lane[int](clock)
    shown = pictures.place(Stamped(0.0, FRAME_S, 0))
    for second in range(3700):
        sound.place(Stamped(float(second), 1.0, 0))
        if second == 3600:
            shown += pictures.place(Stamped(3600.0, FRAME_S, 1))
    shown += pictures.finish()
    assert [p.time_s for p in shown] == [0.0, 3600.0]
    assert clock.notes == []


@pytest.mark.parametrize("first", ["sound", "pictures"])
@pytest.mark.parametrize("second_s", [0.0, 40_000.0])
def test_streams_go_on_together_after_a_jump(first: str, second_s: float) -> None:
    """Sound begins 20 ms before the pictures, in both parts."""
    clock = Clock.of("mpegts", 0.0, None, 2)
    lanes = {"sound": Lane[int](clock), "pictures": Lane[int](clock)}
    times: dict[str, list[float]] = {"sound": [], "pictures": []}
    for start_s in (0.0, second_s):
        for n in range(100):
            order = sorted(lanes, key=lambda name: name != first)
            for name in order:
                stamp_s = start_s + n * FRAME_S + (0.02 if name == "pictures" else 0.0)
                placed = lanes[name].place(Stamped(stamp_s, FRAME_S, n))
                times[name] += [p.time_s for p in placed]
    assert len(clock.epochs) == 2
    apart = [p - s for s, p in zip(times["sound"], times["pictures"], strict=False)]
    assert apart == pytest.approx([0.02] * len(apart), abs=1e-6)
    assert times["pictures"][150] == pytest.approx(150 * FRAME_S, abs=0.1)


def test_a_packet_without_data_shows_the_last_picture_on() -> None:
    lane = Lane[int](Clock(0.0))
    lane.place(Stamped(0.0, FRAME_S, 0))
    lane.hold(24.0)
    assert lane.end_s == 24.0
    lane.hold(30 * DAY_S)
    assert lane.end_s == 24.0


def test_a_last_picture_lasts_as_long_as_it_says_but_not_for_days() -> None:
    lane = Lane[int](Clock(0.0))
    lane.place(Stamped(0.0, 70.0, 0))
    assert lane.end_s == 70.0
    lane.place(Stamped(70.0, 10 * DAY_S, 1))
    assert lane.end_s == 70.0 + LONGEST_GAP_S


@pytest.mark.parametrize(
    ("stamps", "header_s", "end_s"),
    [([0.0, 15.0, 40.0], 70.0, 70.0), ([0.0, 15.0, 40.0], 4000.0, 40.04), (film(0.0), 60.0, 4.0)],
)
def test_a_last_picture_without_a_length_is_held_to_the_end_only_among_pictures_that_are_held(
    stamps: list[float], header_s: float, end_s: float
) -> None:
    lane = Lane[int](Clock(0.0))
    for stamp_s in stamps:
        lane.place(Stamped(stamp_s, FRAME_S, 0))
    lane.finish()
    lane.end(header_s)
    assert lane.end_s == pytest.approx(end_s)


@pytest.mark.parametrize("length_s", [900.0, FRAME_S])
def test_pictures_are_held_for_quarters_of_an_hour_if_they_or_the_header_say_so(
    length_s: float,
) -> None:
    clock = Clock.of("matroska", 0.0, 1200.0, 1)
    assert place([0.0, 900.0], clock, length_s) == [0.0, 900.0]
    clock = Clock.of("matroska", 0.0, 40_000.0, 1)
    assert place([*film(0.0), *film(36_000.0)], clock) == pytest.approx(film(0.0, 200))


@pytest.mark.parametrize("length_s", [60.0, DAY_S])
def test_the_last_frame_of_a_film_is_no_longer_than_others(length_s: float) -> None:
    lane = Lane[int](Clock(0.0))
    for stamp_s in film(0.0):
        lane.place(Stamped(stamp_s, length_s if stamp_s > 3.95 else FRAME_S, 0))
    lane.finish()
    lane.end(None)
    assert lane.end_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("apart_s", [36_000.0, -36_000.0])
def test_streams_whose_clocks_have_nothing_in_common_begin_together(apart_s: float) -> None:
    clock = Clock(0.0)
    sound, pictures = Lane[int](clock), Lane[int](clock)
    times = []
    for n, stamp_s in enumerate(film(0.0, 200)):
        sound.place(Stamped(stamp_s, FRAME_S, n))
        times += [p.time_s for p in pictures.place(Stamped(stamp_s + apart_s, FRAME_S, n))]
    times += [p.time_s for p in pictures.finish()]
    assert times == pytest.approx(film(0.0, 200), abs=0.1)


def test_another_recording_in_the_file_begins_where_the_one_before_has_ended() -> None:
    """Its sound, too, though the first one had none."""
    clock = Clock(0.0)
    pictures, sound = Lane[int](clock), Lane[int](clock)
    for stamp_s in film(0.0):
        pictures.place(Stamped(stamp_s, FRAME_S, 0))
    clock.follow_with(1000.0)
    (heard,) = sound.place(Stamped(1000.0, FRAME_S, 0)) or sound.finish()
    (shown,) = pictures.place(Stamped(1000.02, FRAME_S, 0))
    assert (heard.time_s, shown.time_s) == pytest.approx((4.0, 4.02))
    assert len(clock.notes) == 1


@pytest.mark.parametrize("start_s", [310.0, 9.0])
def test_two_wrong_stamps_in_a_row_move_nothing_either(start_s: float) -> None:
    clock = Clock(0.0)
    stamps = film(0.0)
    stamps[50:52] = [start_s, start_s + FRAME_S]
    assert place(stamps, clock) == pytest.approx(film(0.0), abs=FRAME_S)
    assert clock.pairs is None


def test_frames_without_stamps_wait_for_no_more_than_a_few_behind_a_doubtful_one() -> None:
    lane = Lane[int](Clock(0.0))
    num_placed = sum(
        len(lane.place(Stamped(0.5 if n == 0 else None, FRAME_S, n))) for n in range(1000)
    )
    assert num_placed >= 997


def test_a_counter_that_goes_back_a_little_now_and_then_loses_nothing() -> None:
    stamps = [stamp_s - 1.0 * (n // 100) for n, stamp_s in enumerate(film(0.0, 1000))]
    assert place(stamps) == pytest.approx(film(0.0, 1000), abs=0.1)


def test_one_wrong_length_makes_nothing_longer() -> None:
    lane = Lane[int](Clock(0.0))
    lane.place(Stamped(0.0, 550.0, 0))
    lane.place(Stamped(FRAME_S, FRAME_S, 1))
    assert lane.end_s == pytest.approx(2 * FRAME_S)


def test_a_clock_that_jumps_all_the_time_is_not_believed_and_takes_no_longer() -> None:
    clock = Clock(0.0)
    stamps = [s for n in range(3000) for s in film((n * 7919 % 3001) * 1000.0, 4)]
    assert place(stamps, clock)[-1] == pytest.approx(3000 * 4 * FRAME_S, abs=1.0)
    assert len(clock.epochs) <= 1000


def test_held_pictures_whose_stamps_stand_still_follow_each_other() -> None:
    """Joined recordings of one picture each."""
    assert place([0.0] * 6, length_s=4.0) == [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]


def test_slides_far_apart_stay_apart_beside_a_sound_that_goes_on() -> None:
    """Ten, each 15 s after the one before, in a container whose clock may jump."""
    clock = Clock.of("mpegts", 0.0, None, 2)
    sound, pictures = Lane[int](clock), Lane[int](clock)
    times = []
    for second in range(160):
        sound.place(Stamped(float(second), 1.0, 0))
        if second % 15 == 0:
            placed = pictures.place(Stamped(float(second), FRAME_S, second))
            times += [p.time_s for p in placed]
    times += [p.time_s for p in pictures.finish()]
    assert times == [15.0 * n for n in range(11)]
    assert clock.notes == []


@pytest.mark.parametrize("length_s", [30.0, FRAME_S])
def test_a_last_change_after_a_long_stillness_is_where_it_is(length_s: float) -> None:
    """A recording of a screen: the picture before says how long it is held, or the header does."""
    clock = Clock.of("matroska", 0.0, 40.0 + FRAME_S, 1)
    lane = Lane[int](clock)
    times = []
    for stamp_s in [*film(0.0, 250), 40.0]:
        own_s = length_s if stamp_s == film(0.0, 250)[-1] else FRAME_S
        times += [p.time_s for p in lane.place(Stamped(stamp_s, own_s, 0))]
    times += [p.time_s for p in lane.finish()]
    assert times[-1] == 40.0
    assert clock.num_wrong == 0


def test_a_last_picture_lasts_as_long_as_it_says_where_the_header_agrees() -> None:
    lane = Lane[int](Clock.of("mov", 0.0, 70.0, 1))
    for stamp_s in film(0.0, 250):
        lane.place(Stamped(stamp_s, FRAME_S, 0))
    lane.place(Stamped(10.0, 60.0, 0))
    assert lane.end_s == pytest.approx(70.0)


def test_a_sound_that_begins_after_a_jump_is_beside_the_pictures_of_its_time() -> None:
    clock = Clock.of("mpegts", 0.0, None, 2)
    pictures, sound = Lane[int](clock), Lane[int](clock)
    for stamp_s in [*film(100.0), *film(0.0)]:
        pictures.place(Stamped(stamp_s - 100.0, FRAME_S, 0))
    heard = [p for s in film(-96.0, 5) for p in sound.place(Stamped(s, FRAME_S, 0))]
    assert heard[0].time_s == pytest.approx(pictures.end_s, abs=0.2)


@pytest.mark.parametrize(("start_s", "pairs"), [(0.08, None), (1.7e9, [(0.0, 1.7e9)])])
def test_where_the_clock_begins_is_known_to_players(
    start_s: float, pairs: list[tuple[float, float]] | None
) -> None:
    clock = Clock(start_s)
    place(film(start_s), clock)
    assert clock.pairs == pairs
    assert clock.notes == []


def test_a_sound_that_begins_after_a_jump_waits_for_no_picture() -> None:
    """The pictures of the second part are still held back when its sound comes."""
    clock = Clock.of("mpegts", 0.0, None, 3)
    pictures, first, second = Lane[int](clock), Lane[int](clock), Lane[int](clock)
    for stamp_s in film(0.0, 500):
        pictures.place(Stamped(stamp_s, FRAME_S, 0))
        first.place(Stamped(stamp_s, FRAME_S, 0))
    heard = [p for s in film(0.0, 50) for p in second.place(Stamped(s, FRAME_S, 0))]
    shown = [p for s in film(0.02, 50) for p in pictures.place(Stamped(s, FRAME_S, 0))]
    assert heard[0].time_s == pytest.approx(20.0, abs=0.1)
    assert shown[0].time_s == pytest.approx(20.02, abs=0.1)


_stamps = st.lists(
    st.one_of(
        st.none(),
        st.floats(-1e10, 1e10),
        st.integers(0, 50).map(lambda n: n * FRAME_S),
    ),
    max_size=40,
)


@given(_stamps, _stamps, st.sampled_from(["mpegts", "matroska"]))
def test_whatever_the_stamps_are_time_runs_forward_and_is_no_longer_than_the_gaps_allow(
    ours: list[float | None], theirs: list[float | None], container: str
) -> None:
    clock = Clock.of(container, 0.0, None, 2)
    lanes = [Lane[int](clock), Lane[int](clock)]
    placed: list[list[float]] = [[], []]
    for n in range(max(len(ours), len(theirs))):
        for which, stamps in enumerate((ours, theirs)):
            if n < len(stamps):
                found = lanes[which].place(Stamped(stamps[n], FRAME_S, n))
                placed[which] += [p.time_s for p in found]
    for which, lane in enumerate(lanes):
        placed[which] += [p.time_s for p in lane.finish()]
    for times, stamps in zip(placed, (ours, theirs), strict=True):
        assert len(times) == len(stamps)
        assert times == sorted(times)
        assert all(0 <= time_s < math.inf for time_s in times)
    longest_s = (len(ours) + len(theirs)) * (2 * LONGEST_GAP_S)
    assert max((*placed[0], *placed[1], 0.0)) <= longest_s


def test_a_stream_whose_clock_is_of_another_day_is_told_as_that() -> None:
    clock = Clock(0.0)
    pictures: Lane[int] = Lane(clock)
    sound: Lane[int] = Lane(clock)
    for number in range(100):
        list(pictures.place(Stamped(number * FRAME_S, FRAME_S, number)))
        list(sound.place(Stamped(DAY_S + number * FRAME_S, FRAME_S, number)))
    for lane in (pictures, sound):
        list(lane.finish())
    assert clock.notes == ["the clock of one stream is 24 h ahead: it begins with the others"]
