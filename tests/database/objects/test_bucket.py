"""A bucket is listed and read as it stands, and whatever goes wrong is told by name and without
keys."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.exceptions import GenericError

from database.errors import ObjectGone, ObjectRefused, ObjectsUnreachable
from database.objects.address import Address
from database.objects.bucket import Bucket, StoredObject, bucket, find_object
from database.objects.failures import translated
from database.objects.shared import Shared
from tests.helpers.s3 import BUCKET, S3, VARIABLES, serving_s3


@pytest.fixture(scope="module")
def served() -> Iterator[S3]:
    with serving_s3() as s3:
        yield s3


@pytest.fixture
def s3(served: S3) -> S3:
    """The server with one empty bucket."""
    served.reset()
    served.make_bucket()
    return served


def content(stored: StoredObject, *part: int) -> bytes:
    return b"".join(bucket(BUCKET).read(stored, *part))


@pytest.mark.parametrize("text", ["s3://", "s3:///key", "s3://B/key", "file://films/key", "films"])
def test_what_names_no_bucket_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no bucket: write s3://bucket/folder"):
        Address.parse(text)


def test_an_address_holds_itself_and_what_is_in_its_folder() -> None:
    talks = Address.parse("s3://films/talks/")
    assert str(talks) == "s3://films/talks"
    held = [talks.holds(Address("films", key)) for key in ("talks", "talks/a.mp4", "talks2/a.mp4")]
    assert held == [True, True, False]
    assert Address("films", "").holds(talks)
    assert not Address("other", "").holds(talks)


def test_a_folder_is_listed_without_what_only_begins_like_it(s3: S3) -> None:
    for key in ("talks/b.mp4", "talks/a/c.mp4", "talks2/d.mp4", "talks/a/"):
        s3.put(key, b"" if key.endswith("/") else b"film")
    assert s3.keys("talks") == ["talks/a/c.mp4", "talks/b.mp4"]
    assert len(s3.keys()) == 3


@pytest.mark.parametrize("key", ["ä ö/ü.mp4", "100%20.mp4", "a+b&c=d?.mp4", "#1/[x].mp4"])
def test_a_key_is_taken_as_it_stands(s3: S3, key: str) -> None:
    s3.put(key, b"film")
    assert s3.keys() == [key]
    assert content(bucket(BUCKET).look(key)) == b"film"


def test_a_part_of_an_object_is_read(s3: S3) -> None:
    s3.put("a.mp4", bytes(range(256)))
    stored = bucket(BUCKET).look("a.mp4")
    assert content(stored, 10, 20) == bytes(range(10, 20))
    assert content(stored, 250) == bytes(range(250, 256))


def test_an_object_that_was_written_anew_is_another_one_and_one_written_alike_is_not(
    s3: S3,
) -> None:
    s3.put("a.mp4", b"film")
    before = bucket(BUCKET).look("a.mp4")
    s3.put("a.mp4", b"film")
    assert bucket(BUCKET).look("a.mp4").mark == before.mark
    s3.put("a.mp4", b"bild")
    assert bucket(BUCKET).look("a.mp4").mark != before.mark
    with pytest.raises(ObjectGone, match=r"s3://films/a.mp4 was written anew"):
        content(before)


def test_who_has_the_url_may_read_for_a_while(s3: S3) -> None:
    s3.put("a b.mp4", b"film")
    signed = bucket(BUCKET).signed("a b.mp4", timedelta(seconds=60))
    assert signed.startswith(f"{s3.url}/films/a%20b.mp4?")
    assert VARIABLES["AWS_SECRET_ACCESS_KEY"] not in signed


def test_an_object_that_is_not_there_is_told_from_a_bucket_that_is_not(s3: S3) -> None:
    assert find_object(Address(BUCKET, "a.mp4")) is None
    with pytest.raises(ObjectsUnreachable, match=r"^there is no bucket s3://elsewhere$"):
        list(bucket("elsewhere").under(""))


@pytest.mark.parametrize(
    "ask",
    [
        content,
        lambda stored: bucket(BUCKET).look(stored.address.key),
        lambda _stored: list(bucket(BUCKET).under("")),
        lambda stored: bucket(BUCKET).remove([stored.address.key]),
    ],
    ids=["read", "look", "list", "remove"],
)
def test_keys_that_do_not_open_a_bucket_are_told_and_not_shown(
    s3: S3, ask: Callable[[StoredObject], object]
) -> None:
    s3.put("a.mp4", b"film")
    stored = bucket(BUCKET).look("a.mp4")
    with s3.forbidding(), pytest.raises(ObjectRefused, match=r"s3://films.* may not be") as raised:
        ask(stored)
    assert not any(value in str(raised.value) for value in VARIABLES.values())


def test_a_server_that_is_away_is_named_by_its_bucket(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ObjectsUnreachable, match=r"^s3://films does not answer \(no connection\)"):
        list(Bucket(BUCKET).under(""))


def test_without_keys_the_variables_are_named(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ObjectsUnreachable, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        list(Bucket(BUCKET).under(""))


def test_a_machine_without_a_role_has_no_keys_whatever_it_is_answered() -> None:
    told = "Error performing PUT http://169.254.169.254/latest/api/token: 403 Forbidden: no"
    with (
        pytest.raises(ObjectsUnreachable, match="there are no keys for it"),
        translated(Address(BUCKET, "")),
    ):
        raise GenericError(told)


def test_a_key_that_cannot_be_read_is_named(s3: S3) -> None:
    s3.put("a//b.mp4", b"film")
    with pytest.raises(ObjectRefused, match=r"the key 'a//b.mp4' has empty parts"):
        list(bucket(BUCKET).under(""))


def test_without_the_extra_it_is_said_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(ObjectsUnreachable, match=r"run pip install .*\[bundled,s3\]"):
        Bucket(BUCKET)


def test_what_one_home_shares_another_one_gets_under_the_same_name(s3: S3, tmp_path: Path) -> None:
    place = Address(BUCKET, "made")
    one, other = (Shared(tmp_path / name, place) for name in ("one", "other"))
    own = one.home / "keyframes" / "ab" / "1.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"jpeg")
    one.send({own: own})
    assert s3.keys() == ["made/keyframes/ab/1.jpg"]
    brought = other.home / "keyframes" / "ab" / "1.jpg"
    assert other.has(brought)
    assert other.bring(brought)
    assert brought.read_bytes() == b"jpeg"
    assert not other.bring(brought.with_name("2.jpg"))
    assert [path.name for path in brought.parent.iterdir()] == ["1.jpg"]
    one.remove([own.parent])
    assert s3.keys() == []
