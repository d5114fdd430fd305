"""What was said, as subtitles: nothing in it is markup, and no cue is lost."""

import re

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.subtitles import as_subtitles, plays, tracks_to_read
from database.errors import NotFound
from database.videos.contents import SpokenText


def spoken(text: str, start_s: float = 0.0, end_s: float = 1.0) -> SpokenText:
    return SpokenText(start_s, end_s, text, "en")


TRANSCRIPT = [
    spoken("Drilling through granite.", 0.18, 4.7404),
    spoken("The train is\nlate.", 59.9996, 3661.5),
]


def test_webvtt_has_its_header_times_and_texts() -> None:
    assert as_subtitles(TRANSCRIPT, "vtt").strip() == (
        "WEBVTT\n\n"
        "1\n00:00:00.180 --> 00:00:04.740\nDrilling through granite.\n\n"
        "2\n00:01:00.000 --> 01:01:01.500\nThe train is late."
    )


def test_subrip_has_commas_in_its_times() -> None:
    assert as_subtitles(TRANSCRIPT, "srt").strip() == (
        "1\n00:00:00,180 --> 00:00:04,740\nDrilling through granite.\n\n"
        "2\n00:01:00,000 --> 01:01:01,500\nThe train is late."
    )


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_what_is_said_is_never_markup(kind: str) -> None:
    text = "<script>alert(1)</script> a --> b {\\an8}top\\Nline"
    shown = as_subtitles([spoken(text)], kind)  # type: ignore[arg-type]
    assert "<" not in shown
    assert shown.count("-->") == 1
    assert "{" not in shown
    assert "alert(1)" in shown
    assert "line" in shown


def test_webvtt_escapes_what_is_special_in_it() -> None:
    assert "Q&amp;A: 1 &lt; 2 &gt; 0" in as_subtitles([spoken("Q&A: 1 < 2 > 0")], "vtt")


def test_subrip_shows_what_is_said_and_escapes_nothing() -> None:
    shown = as_subtitles([spoken("Q&A: R&D; &amp; 1 < 2 > 0")], "srt")
    assert shown.splitlines()[2] == "Q&A: R&D; &amp; 1 ‹ 2 › 0"


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_a_film_without_speech_has_no_cues(kind: str) -> None:
    assert "-->" not in as_subtitles([], kind)  # type: ignore[arg-type]


def test_lines_are_those_of_one_track() -> None:
    heard = [None, "Director", "French"]
    assert tracks_to_read(heard, None) == [None]
    assert tracks_to_read(heard, "Director") == ["Director"]
    with pytest.raises(NotFound, match="nothing is said"):
        tracks_to_read(heard, "Klingon")


def test_what_plays_is_the_first_track_with_its_channels() -> None:
    interview = [None, "left channel", "right channel"]
    heard = [*interview, "Commentary (en)", "German, left channel"]
    assert tracks_to_read(heard, None) == interview
    assert tracks_to_read(heard, "right channel") == ["right channel"]
    assert tracks_to_read(heard, "German, left channel") == ["German, left channel"]


def test_where_nobody_speaks_on_what_plays_the_track_that_is_heard_first_is_taken() -> None:
    assert tracks_to_read(["Commentary", "German"], None) == ["Commentary"]
    assert tracks_to_read([], None) == []


@pytest.mark.parametrize("layout", ["stereo", "7.1(wide)", "hexadecagonal", "22.2", "binaural"])
def test_every_channel_of_the_first_track_plays(layout: str) -> None:
    channels = av.AudioLayout(layout).channels
    assert all(plays(f"{channel.description} channel") for channel in channels)
    assert not any(plays(f"French, {channel.description} channel") for channel in channels)
    assert plays("channel 12")


any_speech = st.lists(
    st.builds(
        SpokenText,
        st.floats(0, 1e5),
        st.floats(0, 1e5),
        st.text(max_size=40)
        | st.lists(
            st.sampled_from(
                ["-->", "<b>", "&", "\n\n", "\\N", "{\\i1}", "\r", "1", "NOTE", "\u2028"]
            )
        ).map("".join),
        st.just("en"),
    ).filter(lambda s: s.start_s <= s.end_s and s.text.strip() and "\x00" not in s.text),
    max_size=5,
)


@settings(deadline=None, max_examples=150)
@given(any_speech, st.sampled_from(["srt", "vtt"]))
def test_every_piece_of_speech_is_one_cue_of_one_line(
    transcript: list[SpokenText], kind: str
) -> None:
    shown = as_subtitles(transcript, kind)  # type: ignore[arg-type]
    blocks = re.split(r"\n{2,}", shown.removeprefix("WEBVTT").strip("\n")) if transcript else []
    assert len(blocks) == len(transcript)
    for number, block in enumerate(blocks, start=1):
        lines = block.splitlines()
        assert len(lines) == 3
        assert lines[0] == str(number)
        assert lines[1].count("-->") == 1
        assert "-->" not in lines[2]
        assert "<" not in lines[2]
