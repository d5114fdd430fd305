"""Globs stand for what lies in the folders that an ingest looks into, and always end."""

from pathlib import Path

import pytest

from ingest.files.patterns import expand


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mkv", "c/d.mp4", "c/e/f.mp4", ".g/h.mp4", "@eaDir/i.mp4", "[j]/k.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp4", ["a.mp4"]),
        ("?.m*", ["a.mp4", "b.mkv"]),
        ("c/*.mp4", ["c/d.mp4"]),
        ("*/*.mp4", ["@eaDir/i.mp4", "[j]/k.mp4", "c/d.mp4"]),
        ("**/*.mp4", ["[j]/k.mp4", "a.mp4", "c/d.mp4", "c/e/f.mp4"]),
        ("c/**", ["c", "c/d.mp4", "c/e", "c/e/f.mp4"]),
        ("**/e/*", ["c/e/f.mp4"]),
        (".g/*", [".g/h.mp4"]),
        (".*/*.mp4", [".g/h.mp4"]),
        ("[j]/*.mp4", ["[j]/k.mp4"]),
        ("*.avi", []),
        ("nowhere/*.mp4", []),
        ("a.mp4/*", []),
    ],
)
def test_a_pattern_stands_for_what_it_says(pattern: str, expected: list[str], folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in expand(folder / pattern)]
    assert found == expected


def test_links_that_go_round_are_not_gone_into(folder: Path) -> None:
    for name in ("once", "again"):
        (folder / "c" / name).symlink_to(folder)
    found = [path.name for path in expand(folder / "**" / "*.mp4")]
    assert sorted(found) == ["a.mp4", "d.mp4", "f.mp4", "k.mp4"]
