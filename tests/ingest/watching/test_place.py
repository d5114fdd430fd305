"""A watched folder is another place when its disk, or one below it, comes or goes."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from ingest.files.presence import mount_of
from ingest.watching.disks import remote_mounts
from ingest.watching.place import is_bare, place_of


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """A disk at a folder."""
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounts are not permitted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("where", [".", "deep/disk"])
def test_a_folder_is_another_place_with_a_disk_than_without(where: str, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    (folder / "deep" / "disk").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    for named in (folder, tmp_path / "link"):
        before = place_of(named)
        with mounted(folder / where):
            assert place_of(named) not in (before, None)
        assert place_of(named) == before


def test_a_folder_that_is_replaced_is_another_place(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    assert place_of(folder) is None
    folder.mkdir()
    before = place_of(folder)
    folder.rename(tmp_path / "aside")
    folder.mkdir()
    assert place_of(folder) not in (before, None)


def test_a_folder_is_bare_with_nothing_but_what_systems_keep_there(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".Trash-1000").mkdir()
    assert is_bare(tmp_path)
    assert is_bare(tmp_path / "absent")
    (tmp_path / "film.mp4").touch()
    assert not is_bare(tmp_path)


def test_disks_that_other_machines_write_to_are_told_by_their_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mount_of(tmp_path / "film.mp4") not in remote_mounts()
    kinds = {"/": "ext4", "/srv": "nfs4", "/mnt/nas": "cifs", "/mnt/pi": "fuse.sshfs"}
    disks = [SimpleNamespace(mountpoint=mount, fstype=kind) for mount, kind in kinds.items()]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: disks)
    assert remote_mounts() == {"/srv", "/mnt/nas", "/mnt/pi"}
