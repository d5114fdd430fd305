"""The results of finished stages outlive the process that computed them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.checkpoint import Checkpoint
from ingest.scenes.scene import Scene


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
    checkpoint.folder.mkdir()
    (checkpoint.folder / "decoded.json").write_bytes(content)
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


def test_a_result_of_an_older_version_is_computed_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    old = [(0.0, 5.0), (5.0, 12.0)]
    checkpoint.stage("scenes", list[tuple[float, float]], lambda: old)
    scenes = [Scene(0.0, 5.0), Scene(5.0, 12.0)]
    assert checkpoint.stage("scenes", list[Scene], lambda: scenes) == scenes
    assert checkpoint.stage("scenes", list[Scene], list) == scenes


def test_a_result_that_cannot_be_is_computed_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    checkpoint.folder.mkdir()
    (checkpoint.folder / "scene.json").write_text('{"start_s": 5.0, "end_s": 2.0}')
    assert checkpoint.stage("scene", Scene, lambda: Scene(2.0, 5.0)) == Scene(2.0, 5.0)
