"""A disk that is full at any byte: what has come is kept, and goes on when there is room."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from api.settings import ApiSettings
from api.uploading import shelf
from api.uploading.uploads import Uploads
from database.server.connection import Database
from tests.helpers.uploads import hash_of, make_film

MIB = 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A home of 8 MiB."""
    home = tmp_path / "small"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(home)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounts are not permitted here")
    yield home
    subprocess.run(["umount", str(home)], check=True)


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(content), MIB):
        yield content[at : at + MIB]


@pytest.mark.parametrize("spare", [0, MIB], ids=["to the last byte", "with some to spare"])
def test_a_film_goes_on_when_there_is_room_again(
    database: Database, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    monkeypatch.setattr(shelf, "SPARE_BYTES", spare)
    uploads = Uploads(ApiSettings(sceneseek_home=disk), database)
    film = make_film(tmp_path / "tour.mp4", 5 * MIB)
    content = film.read_bytes()
    upload = uploads.create(film.name, len(content))
    (disk / "other").write_bytes(bytes(5 * MIB + 1000))
    with pytest.raises(HTTPException, match="free some there") as full:
        asyncio.run(uploads.take_in(upload, 0, pieces(content)))
    assert full.value.status_code == 507
    at = uploads.offset(upload)
    assert 0 < at < len(content)
    with pytest.raises(HTTPException) as full:
        uploads.create("another.mp4", 6 * MIB)
    assert full.value.status_code == 507
    (disk / "other").unlink()
    done = asyncio.run(uploads.take_in(upload, at, pieces(content[at:])))
    assert done.state == "stored"
    assert hash_of(disk / "uploads" / "tour.mp4") == hash_of(film)


def test_room_that_others_are_to_fill_is_not_given_twice(
    database: Database, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SPARE_BYTES", 0)
    uploads = Uploads(ApiSettings(sceneseek_home=disk), database)
    first = uploads.create("first.mp4", 5 * MIB)
    with pytest.raises(HTTPException) as full:
        uploads.create("second.mp4", 5 * MIB)
    assert full.value.status_code == 507
    part = disk / "uploads" / ".incoming" / f"{first.id}.part"
    os.utime(part, (time.time() - 3600,) * 2)  # it may never go on
    assert uploads.create("second.mp4", 5 * MIB).name == "second.mp4"
