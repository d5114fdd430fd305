"""Names of clips, which every system takes."""

import pytest

from ingest.playing.zipped import clip_name, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("tour", "tour"),
        ("Straße 🎬", "Straße 🎬"),
        ('a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j"),
        ("  dots and ends . ", "dots and ends"),
        ("line\nbreak\x00\u202e", "line break"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("...", "clip"),
        ("../../etc/passwd", "etc passwd"),
        ("\ud800", "clip"),
    ],
)
def test_a_name_is_safe_on_windows(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_title_leaves_room_for_the_times() -> None:
    for title in ("x" * 500, "視" * 500, "👩‍👩‍👧‍👦" * 100):
        name = clip_name(title, 724.0, 1090.0)
        assert name.endswith(" 00-12-04 to 00-18-10.mp4")
        assert len(name) <= 124
        assert len(name.encode()) <= 204
