"""Folders, files and globs to files; what is refused is refused without being opened."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from ingest.errors import UsageError
from ingest.files.discover import FoundFile, discover


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "videos"
    made.mkdir()
    return made


def put(path: Path, content: str = "content") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def names(found: Iterable[FoundFile]) -> list[str]:
    return [file.path.name for file in found]


def test_every_file_of_a_folder_is_found_once_in_the_order_of_names(folder: Path) -> None:
    for name in ("b.mp4", "a.mp4", "c/a.mp4", "c/d/e.mkv"):
        put(folder / name)
    found = list(discover([str(folder), str(folder / "c"), str(folder / "b.mp4")]))
    assert [file.path.relative_to(folder).as_posix() for file in found] == [
        "a.mp4",
        "b.mp4",
        "c/a.mp4",
        "c/d/e.mkv",
    ]
    status = (folder / "a.mp4").stat()
    assert found[0] == FoundFile(folder / "a.mp4", status.st_size, status.st_mtime_ns)


def test_hidden_files_and_folders_are_left_out_unless_named(folder: Path) -> None:
    put(folder / ".hidden.mp4")
    put(folder / ".cache" / "a.mp4")
    assert list(discover([str(folder)])) == []
    assert names(discover([str(folder / ".hidden.mp4")])) == [".hidden.mp4"]


def test_a_relative_path_becomes_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "a.mp4")
    put(folder / "b" / "c.mp4")
    monkeypatch.chdir(folder)
    (found,) = discover(["./b/../a.mp4"])
    assert found.path == folder / "a.mp4"


def test_a_glob_is_expanded_also_across_folders(folder: Path) -> None:
    for name in ("a.mp4", "b.mkv", "c/d.mp4"):
        put(folder / name)
    assert names(discover([f"{folder}/*.mp4"])) == ["a.mp4"]
    assert names(discover([f"{folder}/**/*.mp4"])) == ["a.mp4", "d.mp4"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(folder: Path) -> None:
    put(folder / "take [1].mp4")
    put(folder / "take 1.mp4")
    assert names(discover([str(folder / "take [1].mp4")])) == ["take [1].mp4"]


@pytest.mark.parametrize("argument", ["gone.mp4", "*.avi", "http://localhost/a.mp4", "-i"])
def test_an_argument_that_leads_nowhere_is_a_usage_error(argument: str, folder: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder: "):
        discover([str(folder / argument)])


def refusal_of(path: Path, root: Path) -> str | None:
    (file,) = [file for file in discover([str(root)]) if file.path == path]
    return file.refusal


def test_an_empty_file_is_refused(folder: Path) -> None:
    assert refusal_of(put(folder / "a.mp4", ""), folder) == "the file is empty"


def test_a_link_that_leaves_the_folder_is_refused(folder: Path) -> None:
    link = folder / "a.mp4"
    link.symlink_to(put(folder.parent / "secret.mp4"))
    assert "a link that leaves the folder" in (refusal_of(link, folder) or "")


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    link = folder / "a.mp4"
    link.symlink_to(put(folder / "b" / "c.mp4"))
    assert refusal_of(link, folder) is None


def test_a_link_that_the_person_named_is_followed(folder: Path) -> None:
    link = folder / "a.mp4"
    link.symlink_to(put(folder.parent / "elsewhere.mp4"))
    (found,) = discover([str(link)])
    assert found.refusal is None


def test_a_folder_behind_a_link_that_leaves_is_not_walked(folder: Path) -> None:
    put(folder.parent / "private" / "secret.mp4")
    (folder / "link").symlink_to(folder.parent / "private")
    assert "secret.mp4" not in names(discover([str(folder)]))


@pytest.mark.parametrize("target", ["nowhere", "a.mp4"])
def test_a_link_that_leads_nowhere_or_to_itself_is_refused(target: str, folder: Path) -> None:
    link = folder / "a.mp4"
    link.symlink_to(target)
    assert refusal_of(link, folder) == "the link leads nowhere"


def test_a_fifo_is_refused_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "a.mp4")
    assert refusal_of(folder / "a.mp4", folder) == "not a regular file"


def test_a_device_is_refused() -> None:
    (found,) = discover(["/dev/zero"])
    assert found.refusal == "not a regular file"


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mp4"))
    put(path)
    assert refusal_of(path, folder) == "the name is not valid UTF-8; rename the file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(folder: Path) -> None:
    put(folder / "a.mp4").chmod(0)
    assert refusal_of(folder / "a.mp4", folder) == "no permission to read the file"
