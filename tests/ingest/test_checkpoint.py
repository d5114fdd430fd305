"""The results of finished stages outlive the process that computed them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.checkpoint import Checkpoint, write_atomically


@dataclass(frozen=True)
class Result:
    """What a stage may give."""

    spans: list[tuple[float, float]]
    text: str | None


RESULT = Result([(0.0, 1.5), (1.5, float(2**40) + 0.1)], "ünïcode\n\u2028")


def never() -> Result:
    raise AssertionError("computed again")


def test_a_finished_stage_is_read_and_not_computed_again(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path, "a").stage("decoded", Result, lambda: RESULT) == RESULT
    assert Checkpoint(tmp_path, "a").stage("decoded", Result, never) == RESULT


def test_lists_and_missing_texts_are_kept(tmp_path: Path) -> None:
    kept: list[str | None] = ["a", None]
    checkpoint = Checkpoint(tmp_path, "a")
    checkpoint.stage("writing", list[str | None], lambda: kept)
    assert checkpoint.stage("writing", list[str | None], list) == kept


def test_stages_and_keys_do_not_mix(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "a").stage("decoded", Result, lambda: RESULT)
    other = Result([], None)
    assert Checkpoint(tmp_path, "a").stage("speech", Result, lambda: other) == other
    assert Checkpoint(tmp_path, "b").stage("decoded", Result, lambda: other) == other


@pytest.mark.parametrize("content", [b"", b"{", b'{"spans": 1}', b"\xff", b'{"text": "a"}'])
def test_a_damaged_result_is_computed_again(content: bytes, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    write_atomically(checkpoint.folder / "decoded.json", content)
    assert checkpoint.stage("decoded", Result, lambda: RESULT) == RESULT
    assert checkpoint.stage("decoded", Result, never) == RESULT


def test_a_stage_that_fails_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Checkpoint(tmp_path, "a").stage("decoded", Result, never)
    assert Checkpoint(tmp_path, "a").stage("decoded", Result, lambda: RESULT) == RESULT


def test_clearing_removes_the_folder_and_can_be_repeated(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    checkpoint.stage("decoded", Result, lambda: RESULT)
    checkpoint.clear()
    checkpoint.clear()
    assert list(tmp_path.iterdir()) == []


def test_writing_replaces_a_file_and_leaves_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
