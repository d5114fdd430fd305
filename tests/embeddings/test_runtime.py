"""How many processors a process counts on: what it may use, not what the machine has."""

import os
from pathlib import Path

import pytest

from embeddings import runtime
from embeddings.runtime import num_cores


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a container on a machine of 64 processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(64)), raising=False)
    monkeypatch.setattr(runtime, "_CGROUP", tmp_path)
    return tmp_path


def test_a_process_that_may_use_all_processors_counts_all(cgroup: Path) -> None:
    assert num_cores() == 64


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("200000 100000", 2), ("50000 100000", 1), ("250000 100000", 3), ("max 100000", 64)],
)
def test_a_container_with_a_share_of_the_processors_counts_its_share(
    cgroup: Path, quota: str, cores: int
) -> None:
    (cgroup / "cpu.max").write_text(f"{quota}\n")
    assert num_cores() == cores


@pytest.mark.parametrize(("quota", "cores"), [("400000", 4), ("-1", 64)])
def test_so_does_one_whose_machine_has_the_older_files(
    cgroup: Path, quota: str, cores: int
) -> None:
    (cgroup / "cpu").mkdir()
    (cgroup / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (cgroup / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert num_cores() == cores


def test_a_process_that_is_kept_from_some_counts_the_others(
    cgroup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {3})
    (cgroup / "cpu.max").write_text("800000 100000\n")
    assert num_cores() == 1
