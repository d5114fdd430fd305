"""Objects of a bucket are files that many hosts may see: whatever becomes of them, nothing is lost,
nothing is doubled, and what a bucket does not say is not believed."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from database.errors import ObjectsUnreachable
from database.objects.address import Address
from database.objects.shared import Shared
from database.videos.forgetting import forget_videos
from database.videos.read import Library
from database.videos.removal import Removal
from database.videos.stored import Store
from ingest.errors import UsageError
from ingest.files.outcome import Outcome
from ingest.settings import IngestSettings
from tests.helpers.hosts import Host, host, pretend_keyframes, write
from tests.helpers.s3 import BUCKET, S3, serving_s3
from tests.helpers.sql import rows

TALKS = f"s3://{BUCKET}/talks"


@pytest.fixture(scope="module")
def served() -> Iterator[S3]:
    with serving_s3() as s3:
        yield s3


@pytest.fixture
def s3(served: S3) -> S3:
    """The server, with three films in its bucket."""
    served.reset()
    served.make_bucket()
    for name in ("one", "two", "three"):
        served.put(f"talks/{name}.mp4", f"a film of {name}".encode())
    return served


@pytest.fixture
def hosts(settings: IngestSettings, tmp_path: Path) -> Iterator[list[Host]]:
    with ExitStack() as opened:
        yield [opened.enter_context(host(name, settings, tmp_path / name)) for name in ("x", "y")]


@pytest.fixture(autouse=True)
def _pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_keyframes(monkeypatch)


def said(outcomes: list[Outcome]) -> dict[str, str]:
    """The status of each place."""
    return {outcome.path: outcome.status.value for outcome in outcomes}


def places(own: Host) -> set[tuple[Any, ...]]:
    """(place, whether it is missing) of each file."""
    return set(rows(own.database, "SELECT origin || path, missing_since IS NOT NULL FROM file"))


def test_objects_are_ingested_once_whichever_host_asks(hosts: list[Host], s3: S3) -> None:
    one, other = hosts
    names = [f"{TALKS}/{name}.mp4" for name in ("one", "three", "two")]
    assert said(one.ingest(TALKS)[0]) == dict.fromkeys(names, "done")
    assert said(one.ingest(TALKS)[0]) == dict.fromkeys(names, "unchanged")
    assert said(other.ingest(f"s3://{BUCKET}")[0]) == dict.fromkeys(names, "unchanged")
    assert places(one) == {(name, False) for name in names}
    (video, *others) = Library(other.database).list_videos(limit=10)
    assert len(others) == 2
    assert (video.path, video.origin) == (names[0], f"s3://{BUCKET}")


def test_an_object_and_a_file_of_one_content_are_one_video(
    hosts: list[Host], s3: S3, tmp_path: Path
) -> None:
    own = hosts[0]
    local = write(tmp_path / "films" / "mine.mp4", "a film of one")
    outcomes, _ = own.ingest(local, TALKS)
    assert len(outcomes) == 4
    assert len(Library(own.database).list_videos(limit=10)) == 3
    local.unlink()
    _, settled = own.ingest(local.parent)
    assert settled.num_missing == 1
    video = next(v for v in Library(own.database).list_videos(limit=10) if v.title == "one")
    assert (video.path, video.missing_since) == (f"{TALKS}/one.mp4", None)


def test_an_object_that_is_written_anew_is_another_video(hosts: list[Host], s3: S3) -> None:
    own = hosts[0]
    own.ingest(TALKS)
    s3.put("talks/one.mp4", b"a film of none")
    outcomes, _ = own.ingest(TALKS)
    assert said(outcomes)[f"{TALKS}/one.mp4"] == "done"
    assert len(Library(own.database).list_videos(limit=10)) == 3


def test_an_object_that_is_moved_keeps_its_video(hosts: list[Host], s3: S3) -> None:
    own = hosts[0]
    own.ingest(TALKS)
    before = {video.content_hash: video.id for video in Library(own.database).list_videos(limit=9)}
    s3.remove("talks/one.mp4")
    s3.put("talks/first.mp4", b"a film of one")
    own.ingest(TALKS)
    videos = Library(own.database).list_videos(limit=9)
    assert {video.content_hash: video.id for video in videos} == before
    assert (f"{TALKS}/one.mp4", False) not in places(own)
    assert "first" in {video.title for video in videos}


def test_an_object_that_is_gone_is_missing_and_forgotten_when_asked_for_by_any_host(
    hosts: list[Host], s3: S3
) -> None:
    one, other = hosts
    one.ingest(TALKS)
    s3.remove("talks/one.mp4")
    _, settled = other.ingest(TALKS)
    assert settled.num_missing == 1
    assert (f"{TALKS}/one.mp4", True) in places(other)
    _, settled = other.ingest(TALKS, grace=timedelta())
    assert settled.forgotten is not None
    assert settled.forgotten.paths == [f"{TALKS}/one.mp4"]
    assert len(Library(one.database).list_videos(limit=9)) == 2


def test_of_a_bucket_that_is_gone_or_away_nothing_is_missing(hosts: list[Host], s3: S3) -> None:
    own = hosts[0]
    own.ingest(TALKS)
    with s3.forbidding(), pytest.raises(Exception, match=r"s3://films/talks may not be read"):
        own.ingest(TALKS)
    s3.reset()
    with pytest.raises(ObjectsUnreachable, match="there is no bucket s3://films"):
        own.ingest(TALKS)
    assert not any(is_missing for _, is_missing in places(own))


def test_what_is_no_film_is_told_and_no_other_one_is_harmed(hosts: list[Host], s3: S3) -> None:
    own = hosts[0]
    s3.put("talks/bad.mp4", b"broken")
    s3.put("talks/empty.mp4", b"")
    s3.put("talks/one.srt", b"1\n00:00:01,000 --> 00:00:02,000\nOne.\n")
    s3.put("talks/.hidden.mp4", b"hidden")
    told = said(own.ingest(TALKS)[0])
    assert told.pop(f"{TALKS}/bad.mp4") == "failed"
    assert told.pop(f"{TALKS}/empty.mp4") == "failed"
    assert told.pop(f"{TALKS}/one.srt") == "skipped"
    assert set(told.values()) == {"done"}
    assert len(told) == 3


def test_a_place_where_nothing_is_is_a_slip(hosts: list[Host], s3: S3) -> None:
    with pytest.raises(UsageError, match=r"no such object or folder: s3://films/talk;"):
        hosts[0].ingest(f"s3://{BUCKET}/talk")


def test_of_a_bucket_that_was_emptied_all_is_missing(hosts: list[Host], s3: S3) -> None:
    own = hosts[0]
    own.ingest(TALKS)
    for name in ("one", "two", "three"):
        s3.remove(f"talks/{name}.mp4")
    outcomes, settled = own.ingest(f"s3://{BUCKET}")
    assert (outcomes, settled.num_missing) == ([], 3)
    _, settled = own.ingest(f"s3://{BUCKET}", grace=timedelta())
    assert settled.forgotten is not None
    assert len(settled.forgotten.paths) == 3


def test_one_object_that_is_named_is_ingested_alone(hosts: list[Host], s3: S3) -> None:
    outcomes, settled = hosts[0].ingest(f"{TALKS}/two.mp4")
    assert said(outcomes) == {f"{TALKS}/two.mp4": "done"}
    assert settled.num_missing == 0


def test_pictures_are_shared_by_hosts_and_go_with_their_video(
    settings: IngestSettings, tmp_path: Path, s3: S3
) -> None:
    store = settings.model_copy(update={"sceneseek_store": f"s3://{BUCKET}/made"})
    with host("x", store, tmp_path / "x") as one, host("y", store, tmp_path / "y") as other:
        one.ingest(TALKS)
        image = Library(other.database).get_keyframe_path(_first_scene(one))
        brought = other.settings.keyframe_file(image)
        assert not brought.exists()
        assert other.database.shared is not None
        assert other.database.shared.bring(brought)
        assert brought.read_bytes() == one.settings.keyframe_file(image).read_bytes()
        videos = [video.id for video in Library(one.database).list_videos(limit=9)]
        forget_videos(
            videos, other.settings.keyframes_dir, Removal(other.database), Store(other.database)
        )
        assert s3.keys("made") == []


def test_a_database_without_a_store_shares_nothing(hosts: list[Host], s3: S3) -> None:
    assert hosts[0].database.shared is None
    place = Address.parse(f"s3://{BUCKET}/made")
    with_store = dataclasses.replace(hosts[0].database, shared=Shared(Path("/home"), place))
    assert with_store.at(f"s3://{BUCKET}").shared == with_store.shared


def _first_scene(own: Host) -> int:
    ((scene,),) = rows(own.database, "SELECT min(id) FROM scene")
    return int(scene)
