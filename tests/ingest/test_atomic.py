"""Files and folders are whole or not there, and nothing lies beside them."""

from pathlib import Path

import pytest

from ingest.atomic import atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writing_replaces_a_file_and_leaves_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    for content in (b"first", b"second"):
        with atomically(path) as partial:
            partial.write_bytes(content)
            assert partial.parent == path.parent
        assert path.read_bytes() == content
    assert names(path.parent) == ["file"]


def test_a_folder_replaces_the_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for name in ("old", "new"):
        with atomically(path) as partial:
            partial.mkdir()
            (partial / name).write_text(name)
    assert names(tmp_path) == ["folder"]
    assert names(path) == ["new"]


@pytest.mark.parametrize("makes_folder", [False, True])
def test_an_error_leaves_what_was_there_and_nothing_beside_it(
    makes_folder: bool, tmp_path: Path
) -> None:
    path = tmp_path / "kept"
    path.write_text("before")

    def fail(partial: Path) -> None:
        if makes_folder:
            partial.mkdir()
        (partial / "a" if makes_folder else partial).write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), atomically(path) as partial:
        fail(partial)
    assert names(tmp_path) == ["kept"]
    assert path.read_text() == "before"
