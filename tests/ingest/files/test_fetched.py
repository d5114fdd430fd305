"""Objects are fetched into a folder that stays within its bound, and what is read stays there."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from database.objects.bucket import StoredObject, bucket
from ingest.errors import FileChanged, Interrupted, NotFetched
from ingest.files.fetched import Fetched
from tests.helpers.s3 import BUCKET, S3, serving_s3

SIZE = 1000


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serving_s3() as served:
        yield served


@pytest.fixture
def fetched(tmp_path: Path) -> Fetched:
    """Room for two objects, and not for three."""
    return Fetched(tmp_path / "fetched", 2 * SIZE + SIZE // 2)


def stored(s3: S3, name: str) -> StoredObject:
    s3.put(name, name[:1].encode() * SIZE)
    return bucket(BUCKET).look(name)


def stop(_part: float) -> None:
    raise Interrupted


def sizes(fetched: Fetched) -> list[int]:
    return [p.stat().st_size for p in fetched.folder.iterdir() if p.stat().st_size]


def test_an_object_is_fetched_once_and_keeps_its_suffix(s3: S3, fetched: Fetched) -> None:
    one = stored(s3, "a.mp4")
    with fetched.held(one) as path:
        assert path.read_bytes() == b"a" * SIZE
        assert path.suffix == ".mp4"
    s3.remove("a.mp4")
    with fetched.held(one) as again:
        assert again == path


def test_what_was_held_longest_ago_makes_room(s3: S3, fetched: Fetched) -> None:
    paths = []
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        with fetched.held(stored(s3, name)) as path:
            paths.append(path)
    assert sizes(fetched) in ([SIZE], [SIZE, SIZE])
    assert paths[-1].exists()


def test_what_is_held_stays_and_the_next_one_waits_for_it(s3: S3, fetched: Fetched) -> None:
    one, two, three = (stored(s3, name) for name in ("a.mp4", "b.mp4", "c.mp4"))
    waits, came = threading.Event(), threading.Event()

    def fetch_third() -> None:
        with fetched.held(three, lambda _part: waits.set()) as path:
            assert path.read_bytes() == b"c" * SIZE
            came.set()

    with fetched.held(one) as first, fetched.held(two):
        third = threading.Thread(target=fetch_third)
        third.start()
        assert waits.wait(30)
        assert first.exists()
        assert not came.is_set()
    third.join(30)
    assert came.is_set()


def test_who_waits_for_room_can_be_interrupted(s3: S3, fetched: Fetched) -> None:
    one, two, three = (stored(s3, name) for name in ("a.mp4", "b.mp4", "c.mp4"))
    with fetched.held(one), fetched.held(two), pytest.raises(Interrupted):  # noqa: SIM117
        with fetched.held(three, stop):
            pass
    assert sizes(fetched) == [SIZE, SIZE]


def test_one_that_is_larger_than_all_the_room_is_refused(s3: S3, tmp_path: Path) -> None:
    small = Fetched(tmp_path / "fetched", SIZE - 1)
    with pytest.raises(NotFetched, match=r"INGEST_FETCHED_GB allows 0.0: raise it"):
        small.path_of(stored(s3, "a.mp4"))


def test_what_a_killed_process_has_left_makes_room(s3: S3, fetched: Fetched) -> None:
    fetched.folder.mkdir()
    (fetched.folder / "0123.mp4.part").write_bytes(bytes(2 * SIZE))
    with fetched.held(stored(s3, "a.mp4")):
        assert sizes(fetched) == [SIZE]


def test_what_a_killed_process_has_left_of_the_same_object_is_no_hindrance(
    s3: S3, fetched: Fetched
) -> None:
    one, two = stored(s3, "a.mp4"), stored(s3, "b.mp4")
    with fetched.held(one) as path:
        pass
    path.rename(path.with_name(f"{path.name}.part"))
    with fetched.held(two), fetched.held(one) as again:
        assert again.read_bytes() == b"a" * SIZE


def test_one_that_is_played_stays_for_the_next_request(s3: S3, fetched: Fetched) -> None:
    played = fetched.path_of(stored(s3, "a.mp4"))
    for name in ("b.mp4", "c.mp4"):
        with fetched.held(stored(s3, name)):
            pass
    assert played.exists()


def test_one_that_is_played_stays_though_an_ingest_reads_it_too(s3: S3, fetched: Fetched) -> None:
    one, two, three = (stored(s3, name) for name in ("a.mp4", "b.mp4", "c.mp4"))
    played = fetched.path_of(one)
    with fetched.held(one):
        pass
    with fetched.held(two), pytest.raises(Interrupted):  # noqa: SIM117
        with fetched.held(three, stop):
            pass
    assert played.exists()


def test_an_object_that_is_written_anew_meanwhile_is_none(s3: S3, fetched: Fetched) -> None:
    before = stored(s3, "a.mp4")
    s3.put("a.mp4", b"other")
    with pytest.raises(FileChanged, match="changed or vanished while it was fetched"):
        fetched.path_of(before)
    assert sizes(fetched) == []


def test_an_object_that_may_not_be_read_is_told_by_name(s3: S3, fetched: Fetched) -> None:
    one = stored(s3, "a.mp4")
    with s3.forbidding(), pytest.raises(NotFetched, match=r"s3://films/a.mp4 may not be read"):
        fetched.path_of(one)
