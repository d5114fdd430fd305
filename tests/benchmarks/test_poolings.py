"""The table of what each pooling of a vision-language model is worth."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from benchmarks.poolings import drawings, pictures_in, worth
from embeddings.errors import InvalidSettings
from tests.helpers.commands import ROOT
from tests.helpers.media import solid
from tests.helpers.tiny_vlm import declare_tiny_vlm

RIGHT = np.array([[True, True, False, False], [False, False, True, True]])
ITEMS = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)


def test_what_finds_all_that_is_right_before_all_else_is_worth_1() -> None:
    found = worth(np.eye(2, dtype=np.float32), ITEMS, RIGHT)
    assert (found.first, found.all) == (1, 1)


def test_what_finds_what_is_wrong_is_worth_what_stands_before_it() -> None:
    found = worth(np.eye(2, dtype=np.float32)[::-1], ITEMS, RIGHT)
    assert found.first == 0
    assert found.all == pytest.approx((1 / 3 + 2 / 4) / 2)


def test_vectors_that_are_all_the_same_find_by_chance() -> None:
    same = np.ones((4, 1), np.float32)
    found = worth(same[:2], same, RIGHT)
    assert found.first == 0.5
    assert found.all == pytest.approx(1.5 / 2.5)
    own = np.array([0, 0, 1, 1])
    assert worth(same, same, own[:, None] == own, themselves=True).first == pytest.approx(1 / 3)


def test_no_picture_finds_itself() -> None:
    own = np.array([0, 1, 0, 1])
    found = worth(ITEMS, ITEMS, own[:, None] == own, themselves=True)
    assert found.first == 0


def test_the_drawings_are_always_the_same() -> None:
    once, again = drawings(), drawings()
    assert len(once.names) == 15
    assert np.array_equal(once.pictures, again.pictures)


def test_a_folder_of_folders_is_measured(tmp_path: Path, models: Path) -> None:
    pictures = tmp_path / "pictures"
    for name, colour in {"red wall": (200, 20, 20), "blue wall": (20, 20, 200)}.items():
        (pictures / name).mkdir(parents=True)
        for number in range(3):
            red, green, blue = (min(255, level + 15 * number) for level in colour)
            Pillow.fromarray(solid(red, green, blue, (64, 48))).save(
                pictures / name / f"{number}.png"
            )
    assert [len(pictures_in(pictures).pictures), pictures_in(pictures).names] == [
        6,
        ["blue wall", "red wall"],
    ]
    own = declare_tiny_vlm(tmp_path / "own", "my-vlm")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.poolings", "my-vlm", "--pictures", pictures],
        cwd=ROOT,
        env={**os.environ, "EMBEDDING_MODEL_DIR": str(own), "SCENESEEK_HOME": str(models.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "6 pictures of 2 things"
    assert [line.split(" | ")[0] for line in lines[4:]] == [
        *("| last", "| multi_layer", "| mean", "| mean_text", "| echo", "| cls", "| last, int8")
    ]
    assert lines[9] == "| cls | cls | 50% | 0.57 | 40% | 0.50 | 50% |"


def test_a_folder_that_is_not_sorted_by_what_is_shown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "red").mkdir()
    with pytest.raises(InvalidSettings, match="named for what they show"):
        pictures_in(tmp_path)
