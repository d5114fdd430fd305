"""Folders, files and globs to files; what is refused is refused without being opened."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UsageError
from ingest.files.discover import (
    LINKED_FOLDER,
    RUBBISH_FOLDER,
    discover,
    discover_in,
)
from ingest.files.found import MAX_PATH_BYTES, FoundFile
from ingest.files.identity import require_unchanged

NOBODY = 65534


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


@pytest.mark.parametrize("argument", ["", "~nobody-of-this-name/a.mp4"])
def test_an_argument_that_is_no_path_is_a_usage_error(argument: str) -> None:
    with pytest.raises(UsageError, match="no such file or folder: "):
        discover([argument])


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


def test_a_link_to_a_file_is_followed_when_it_is_named_beside_its_folder(folder: Path) -> None:
    link = folder / "a.mp4"
    link.symlink_to(put(folder.parent / "elsewhere.mp4"))
    (found,) = discover([str(folder), str(link)])
    assert (found.path, found.refusal) == (link, None)


def told(folder: Path, *arguments: Path) -> list[tuple[str, str | None]]:
    """What is found, by its path in a folder, with the reason of what is refused."""
    found = discover([str(argument) for argument in arguments or (folder,)])
    return [(file.path.relative_to(folder).as_posix(), file.refusal) for file in found]


def test_a_link_to_a_folder_is_named_and_not_followed(folder: Path) -> None:
    put(folder.parent / "archive" / "a.mp4")
    put(folder / "b.mp4")
    (folder / "archive").symlink_to(folder.parent / "archive")
    link, film = sorted(discover([str(folder)]), key=lambda file: file.path)
    assert (link.refusal, link.left_out) == (LINKED_FOLDER, True)
    assert film.refusal is None


def test_a_link_to_a_folder_that_is_named_is_followed(folder: Path) -> None:
    put(folder.parent / "archive" / "a.mp4")
    link = folder / "archive"
    link.symlink_to(folder.parent / "archive")
    assert told(folder, link) == [("archive/a.mp4", None)]
    assert told(folder, folder, link) == [("archive/a.mp4", None)]


def test_links_that_go_round_end(folder: Path) -> None:
    put(folder / "a" / "b.mp4")
    (folder / "a" / "up").symlink_to(folder)
    (folder / "a" / "here").symlink_to(".")
    assert told(folder) == [
        ("a/b.mp4", None),
        ("a/here", LINKED_FOLDER),
        ("a/up", LINKED_FOLDER),
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", "#recycle", "$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "@Recycle"),
        *("System Volume Information", "@Recently-Snapshot", "#snapshot", "~snapshot"),
        *("lost+found", "__MACOSX", ".Trash-1000", ".Trashes", "Network Trash Folder"),
        *("Temporary Items", "@tmp", ".@__thumb", "FOUND.000"),
    ],
)
def test_a_folder_of_servers_and_systems_is_one_outcome_unless_it_is_named(
    name: str, folder: Path
) -> None:
    for number in range(3):
        put(folder / "tour" / name / "deep" / f"{number}.mp4")
    put(folder / "tour" / "a.mp4")
    assert told(folder) == [("tour/a.mp4", None), (f"tour/{name}", RUBBISH_FOLDER)]
    assert all(file.left_out for file in discover([str(folder)]) if file.refusal)
    assert told(folder, folder / "tour" / name) == [
        (f"tour/{name}/deep/{number}.mp4", None) for number in range(3)
    ]
    assert len(told(folder, folder, folder / "tour" / name)) == 4


def test_a_file_of_such_a_name_is_a_file(folder: Path) -> None:
    put(folder / "Recycled")
    assert told(folder) == [("Recycled", None)]


def test_a_hidden_folder_that_is_named_beside_its_parent_is_looked_into(folder: Path) -> None:
    put(folder / ".private" / "a.mp4")
    put(folder / "b.mp4")
    assert told(folder, folder, folder / ".private") == [
        ("b.mp4", None),
        (".private/a.mp4", None),
    ]


def test_a_file_that_vanishes_while_its_folder_is_read_is_told(folder: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        put(folder / name)
    found = iter(discover([str(folder)]))
    next(found)
    (folder / "b.mp4").unlink()
    (vanished,) = found
    assert vanished.refusal == "vanished while its folder was read; ingest it again"
    assert not vanished.seen


def test_a_folder_that_vanishes_while_its_parent_is_read_is_told(folder: Path) -> None:
    put(folder / "a.mp4")
    put(folder / "b" / "c.mp4")
    found = iter(discover([str(folder)]))
    next(found)
    shutil.rmtree(folder / "b")
    (vanished,) = found
    assert vanished.path == folder / "b"
    assert vanished.refusal == "vanished while its folder was read; ingest it again"


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


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that another user than root reaches; it is that user who looks."""
    made = Path(tempfile.mkdtemp(prefix="sceneseek-shared-"))
    made.chmod(0o755)
    yield made
    for path in made.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(made)


@contextmanager
def as_somebody() -> Iterator[None]:
    """No root, who may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_a_file_that_may_not_be_read_is_refused(shared_folder: Path) -> None:
    put(shared_folder / "a.mp4").chmod(0)
    with as_somebody():
        (found,) = discover([str(shared_folder)])
    assert "no permission to read the file: let this user read it" in (found.refusal or "")


@pytest.mark.parametrize("mode", [0o000, 0o311, 0o644], ids=oct)
def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_read(
    mode: int, shared_folder: Path
) -> None:
    put(shared_folder / "a" / "b.mp4")
    put(shared_folder / "c" / "d.mp4")
    (shared_folder / "a").chmod(mode)
    with as_somebody():
        lost, found = discover([str(shared_folder)])
        (named,) = discover([str(shared_folder / "a")])
        (by_glob,) = discover([f"{shared_folder}/a/*.mp4"])
    for each in (lost, named, by_glob):
        assert "cannot be read (Permission denied): let this user read it" in (each.refusal or "")
        assert not each.left_out
    assert (lost.refusal or "").startswith("the folder cannot be read") or mode == 0o644
    assert (found.path, found.refusal) == (shared_folder / "c" / "d.mp4", None)


def test_a_named_file_in_a_folder_that_cannot_be_entered_is_told(shared_folder: Path) -> None:
    film = put(shared_folder / "a" / "b.mp4")
    film.parent.chmod(0)
    with as_somebody():
        (found,) = discover([str(film)])
    assert "cannot be read (Permission denied)" in (found.refusal or "")


def test_a_path_that_is_too_long_for_the_library_is_refused_before_any_work(folder: Path) -> None:
    far = folder
    while len(os.fsencode(far)) < MAX_PATH_BYTES:
        far /= "é" * 100
    refusal = refusal_of(put(far / "a.mp4"), folder)
    assert "the path is too long for the library" in (refusal or "")
    assert "move the file to a shorter one" in (refusal or "")


@pytest.mark.parametrize("seconds", [-(2**33), 253402300799 // 20, 2**34 - 2**31 - 1])
def test_a_time_that_the_library_cannot_hold_is_the_nearest_that_it_can(
    seconds: int, folder: Path
) -> None:
    film = put(folder / "a.mp4")
    os.utime(film, ns=(0, seconds * 10**9))
    (found,) = discover([str(folder)])
    assert found.refusal is None
    assert abs(found.mtime_ns) <= 2**63 - 1
    require_unchanged(found)


names_of_entries = st.sampled_from(["a", "b", "c.mp4", ".d", "@eaDir", "lost+found"])
trees = st.recursive(
    st.sampled_from(["file", "link", "gone"]),
    lambda inner: st.dictionaries(names_of_entries, inner, max_size=4),
    max_leaves=12,
)
Tree = str | dict[str, "Tree"]


def lay(tree: Tree, path: Path, root: Path) -> None:
    if tree == "file":
        put(path)
    elif tree == "link":
        path.symlink_to(root)
    elif tree == "gone":
        path.symlink_to("nowhere")
    else:
        assert isinstance(tree, dict)
        path.mkdir()
        for name, inner in tree.items():
            lay(inner, path / name, root)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(names_of_entries, trees, max_size=4), st.data())
def test_whatever_is_named_each_path_is_found_once_and_counted(
    tree: Tree, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made).resolve() / "root"
        lay(tree, root, root)
        paths = [str(root), *(str(path) for path in sorted(root.rglob("*")))]
        named = data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=4))
        found = discover(named)
        seen = [file.path for file in found]
        assert len(seen) == len(set(seen)) == found.count()
        covered = [file for name in named for file in discover([name])]
        assert {file.path for file in covered if not file.left_out} <= set(seen)
        assert all(file.refusal or file.path.is_file() for file in found)


def test_of_parts_of_a_folder_is_found_what_a_walk_of_all_of_it_finds(folder: Path) -> None:
    for name in (
        "a.mp4",
        "a.srt",
        "deep/down/b.mp4",
        ".hidden.mp4",
        ".cache/c.mp4",
        "@eaDir/thumb.mp4",
        "../elsewhere/e.mp4",
    ):
        put(folder / name)
    (folder / "deep" / "out.mp4").symlink_to(folder.parent / "elsewhere" / "e.mp4")
    (folder / "deep" / "same.mp4").symlink_to(folder / "a.mp4")
    (folder / "linked").symlink_to(folder.parent / "elsewhere")
    whole = {file.path: file for file in discover([str(folder)]) if file.seen}
    everything = list(folder.rglob("*"))
    everything += [folder / "gone.mp4", folder / "linked" / "e.mp4", folder.parent / "elsewhere"]
    assert {file.path: file for file in discover_in(folder, everything)} == whole
    assert {file.path: file for file in discover_in(folder, [folder])}.items() >= whole.items()
    for path, file in whole.items():
        (found,) = discover_in(folder, [path])
        assert found == file
