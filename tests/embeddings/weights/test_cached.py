"""Files and folders appear whole or not at all, and are made again when they are damaged."""

from pathlib import Path

import pytest

from embeddings.weights.cached import sealed_file, written_whole


def test_a_file_has_its_name_only_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with written_whole(path) as partial:
        partial.write_text("content")
        assert not path.exists()
    assert path.read_text() == "content"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_another_process_put_there_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with written_whole(folder) as partial:
        for each in (partial, folder):
            each.mkdir()
            (each / "file").write_text(each.name)
    assert (folder / "file").read_text() == "folder"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_half_written_folder_is_removed(tmp_path: Path) -> None:
    def write(partial: Path) -> None:
        partial.mkdir()
        (partial / "file").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError), written_whole(tmp_path / "folder") as partial:
        write(partial)
    assert list(tmp_path.iterdir()) == []


def test_a_sealed_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "graph"
    assert sealed_file(path, lambda target: target.write_text("first") and None) == path
    sealed_file(path, lambda target: target.write_text("second") and None)
    assert path.read_text() == "first"


@pytest.mark.parametrize("damage", ["flipped", "cut off", "without seal", "gone"])
def test_a_damaged_sealed_file_is_made_again(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "graph"

    def make(target: Path) -> None:
        target.write_text("content")

    sealed_file(path, make)
    match damage:
        case "flipped":
            path.write_text("cOntent")
        case "cut off":
            path.write_text("cont")
        case "without seal":
            path.with_name("graph.sha256").unlink()
        case "gone":
            path.unlink()
    sealed_file(path, make)
    assert path.read_text() == "content"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["graph", "graph.sha256"]


def test_a_sealed_file_whose_making_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        target.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sealed_file(tmp_path / "graph", fail)
    assert list(tmp_path.iterdir()) == []
