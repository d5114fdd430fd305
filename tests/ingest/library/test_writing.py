"""Lines that stand in the picture become moments of the scenes in which they stand."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.library.writing import standing_texts
from ingest.perception.writing.lines import Line
from ingest.scenes.scene import Scene

SCENES = [Scene(0.0, 10.0), Scene(10.0, 30.0), Scene(30.0, 45.0)]
BOX = (0.1, 0.2, 0.5, 0.3)


def told(
    *lines: tuple[str, float, float],
    scenes: list[Scene] = SCENES,
    pictures: list[Scene] | None = None,
) -> list[tuple[int, float, float, str | None]]:
    stood = [Line(text, BOX, *span) for text, *span in lines]
    moments = standing_texts(stood, scenes, scenes if pictures is None else pictures)
    return [(m.scene, m.start_s, m.end_s, m.text) for m in moments]


def test_lines_that_come_and_go_together_are_one_moment_in_the_order_of_reading() -> None:
    lines = told(("Title", 1.3, 8.0), ("first point", 1.0, 8.2), ("second point", 1.4, 7.9))
    assert lines == [(0, 1.0, 8.2, "Title\nfirst point\nsecond point")]


def test_bullets_that_come_one_by_one_have_moments_of_their_own() -> None:
    assert told(("Title", 0.0, 9.0), ("first point", 3.0, 9.0), ("second", 6.0, 9.0)) == [
        (0, 0.0, 9.0, "Title"),
        (0, 3.0, 9.0, "first point"),
        (0, 6.0, 9.0, "second"),
    ]


def test_a_text_over_a_cut_is_told_in_both_scenes_within_each() -> None:
    assert told(("Title", 4.0, 20.0)) == [(0, 4.0, 10.0, "Title"), (1, 10.0, 20.0, "Title")]


def test_what_of_a_text_is_a_flash_before_or_after_a_cut_is_left_out() -> None:
    assert told(("Title", 9.9, 30.1)) == [(1, 10.0, 30.0, "Title")]


def test_a_flash_over_a_cut_is_kept() -> None:
    assert told(("Title", 9.8, 10.1)) == [(0, 9.8, 10.0, "Title")]


def test_a_mark_on_all_slides_is_in_no_text_of_a_slide() -> None:
    assert told(("Uni X", 0.0, 45.0), ("Slide 2", 10.0, 30.0)) == [
        (0, 0.0, 10.0, "Uni X"),
        (1, 10.0, 30.0, "Uni X"),
        (1, 10.0, 30.0, "Slide 2"),
        (2, 30.0, 45.0, "Uni X"),
    ]


def test_lines_that_scroll_through_a_scene_are_one_moment_of_it() -> None:
    lines = [(f"line {n}", 1.0 + n, 34.0 + n) for n in range(5)]
    whole = "\n".join(text for text, _, _ in lines)
    assert (1, 10.0, 30.0, whole) in told(*lines)


def test_a_mark_of_the_whole_recording_is_told_once_for_all_of_its_time() -> None:
    scenes = [Scene(float(n), n + 1.0) for n in range(50)]
    assert told(("Channel 7", 3.0, 48.0), scenes=scenes) == [(3, 3.0, 48.0, "Channel 7")]


def test_a_slide_under_long_speech_is_told_in_every_scene_that_its_pauses_make() -> None:
    scenes = [Scene(20.0 * n, 20.0 * n + 20) for n in range(30)]
    assert told(("Darcy's law", 0.0, 600.0), scenes=scenes, pictures=[Scene(0.0, 600.0)]) == [
        (n, scene.start_s, scene.end_s, "Darcy's law") for n, scene in enumerate(scenes)
    ]


@given(
    st.lists(
        st.tuples(
            st.text("abc", min_size=1, max_size=3), st.floats(0, 44.9), st.floats(0.01, 50)
        ).map(lambda drawn: (drawn[0], drawn[1], min(45.0, drawn[1] + drawn[2]))),
        max_size=20,
    )
)
def test_every_line_is_told_within_its_scene(lines: list[tuple[str, float, float]]) -> None:
    moments = told(*lines)
    for scene, start_s, end_s, _ in moments:
        assert SCENES[scene].start_s <= start_s < end_s <= SCENES[scene].end_s
    texts = [text for _, _, _, whole in moments for text in (whole or "").split("\n")]
    assert {text for text, _, _ in lines} <= {*texts}
    assert len(moments) <= 3 * len(lines)


def test_the_places_of_the_lines_are_told() -> None:
    lines = [Line("a", BOX, 0.0, 5.0), Line("b", BOX, 0.0, 5.0)]
    (moment,) = standing_texts(lines, SCENES, SCENES)
    assert moment.boxes == [[*BOX], [*BOX]]
