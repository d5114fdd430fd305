"""The end of an upload: a film is looked at, and given a name and a job, once, wherever that is
cut off."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from api.settings import ApiSettings
from api.uploading.shelf import Shelf, Upload
from api.uploading.uploads import Uploads
from database.errors import DatabaseUnreachable
from database.jobs.jobs import Jobs
from database.server.connection import Database
from database.videos.read import Library
from ingest.settings import IngestSettings
from tests.helpers.uploads import digest_of, hash_of, left, make_film, put, stored, take_up


@pytest.fixture
def uploads(settings: IngestSettings, database: Database) -> Uploads:
    return Uploads(ApiSettings(sceneseek_home=settings.home), database)


def fail(*_arguments: object, **_options: object) -> int:
    raise DatabaseUnreachable("gone")


def test_what_a_killed_server_has_left_whole_is_finished_by_the_next_one(
    uploads: Uploads, settings: IngestSettings, database: Database, film: Path
) -> None:
    upload_id = put(uploads, settings, film)
    Uploads(ApiSettings(sceneseek_home=settings.home), database).sweep()
    upload = uploads.get(upload_id)
    assert (upload.state, upload.stored) == ("stored", "tour.mp4")
    (job,) = Jobs(database).page()
    assert job.id == upload.job
    assert left(settings) == []


class Killed(BaseException):
    """What no code catches."""


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(5), ids=["link", "record", "job", "its record", "removal"])
def test_wherever_the_end_of_a_film_is_cut_off_it_is_stored_once(
    uploads: Uploads,
    settings: IngestSettings,
    database: Database,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    is_done: bool,
) -> None:
    upload_id = put(uploads, settings, film)
    left_to_do = [step]

    def cut_off(owner: object, name: str) -> None:
        work = getattr(owner, name)

        def may_be_killed(*arguments: object, **options: object) -> object:
            left_to_do[0] -= 1
            if left_to_do[0] != -1:
                return work(*arguments, **options)
            if is_done:
                work(*arguments, **options)
            raise Killed

        killing.setattr(owner, name, may_be_killed)

    with monkeypatch.context() as killing:
        for owner, name in ((os, "link"), (Shelf, "save"), (Jobs, "submit"), (Path, "unlink")):
            cut_off(owner, name)
        with pytest.raises(Killed):
            uploads.get(upload_id)
    Uploads(ApiSettings(sceneseek_home=settings.home), database).sweep()
    upload = uploads.get(upload_id)
    assert (upload.state, uploads.offset(upload)) == ("stored", film.stat().st_size)
    assert {name: hash_of(path) for name, path in stored(settings).items()} == {
        "tour.mp4": hash_of(film)
    }
    assert upload.job in [job.id for job in Jobs(database).page()]


def test_a_film_waits_for_a_database_that_is_away_and_is_stored_once(
    uploads: Uploads,
    settings: IngestSettings,
    database: Database,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload_id = put(uploads, settings, film)
    with monkeypatch.context() as away:
        away.setattr(Jobs, "submit", fail)
        for _ in range(2):
            with pytest.raises(DatabaseUnreachable):
                uploads.get(upload_id)
        uploads.sweep()  # tells it in the log
    assert uploads.get(upload_id).state == "stored"
    assert list(stored(settings)) == ["tour.mp4"]
    assert len(Jobs(database).page()) == 1


def test_who_gives_up_while_a_film_is_finished_is_told_to_wait(
    uploads: Uploads, settings: IngestSettings, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.uploading.uploads._LET_GO_S", 0.1)
    upload_id = put(uploads, settings, film)
    finish = uploads.finish

    def given_up(upload: Upload) -> Upload:
        with pytest.raises(HTTPException, match="another request") as refused:
            uploads.forget(upload_id)
        assert refused.value.status_code == 423
        assert uploads.get(upload_id).state == "receiving"
        return finish(upload)

    with monkeypatch.context() as giving_up:
        giving_up.setattr(uploads, "finish", given_up)
        assert uploads.get(upload_id).state == "stored"
    uploads.forget(upload_id)
    assert list(stored(settings)) == ["tour.mp4"]


def test_without_links_nothing_is_sent_in_vain(
    uploads: Uploads, settings: IngestSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(HTTPException, match="file system with hard links"):
        uploads.create("tour.mp4", 10)
    assert left(settings) == []


def test_a_film_that_this_server_may_not_read_is_no_reason_to_throw_one_away(
    uploads: Uploads, settings: IngestSettings, database: Database, film: Path, tmp_path: Path
) -> None:
    take_up(settings, film)
    roots = ApiSettings(sceneseek_home=settings.home, api_media_roots=str(tmp_path / "others"))
    assert uploads.get(put(uploads, settings, film)).state == "known"
    assert Uploads(roots, database).get(put(uploads, settings, film)).state == "stored"


def test_too_many_at_once_are_told_to_come_again(
    uploads: Uploads, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> AsyncGenerator[bytes, None]:
        yield film.read_bytes()

    upload = uploads.create(film.name, film.stat().st_size)
    monkeypatch.setattr("api.uploading.uploads.MAX_AT_ONCE", 0)
    with pytest.raises(HTTPException, match="too much is being sent") as refused:
        asyncio.run(uploads.take_in(upload, 0, body()))
    assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "5"})
    monkeypatch.undo()
    assert asyncio.run(uploads.take_in(upload, 0, body())).state == "stored"


def test_what_was_uploaded_may_be_read_whatever_the_roots_are(
    uploads: Uploads, settings: IngestSettings, film: Path, tmp_path: Path, database: Database
) -> None:
    upload = uploads.get(put(uploads, settings, film))
    path = stored(settings)[str(upload.stored)]
    take_up(settings, path)
    roots = ApiSettings(sceneseek_home=settings.home, api_media_roots=str(tmp_path / "films"))
    assert Library(database).get_intact_file(1, roots.media_roots).path == path
    held = Uploads(roots, database)
    known = held.find_known(held.same_size(film.stat().st_size), digest_of(film))
    assert known is not None
    assert known.id == 1
    path.unlink()
    assert held.find_known(held.same_size(film.stat().st_size), digest_of(film)) is None


def test_films_of_one_name_and_of_one_content(
    uploads: Uploads, settings: IngestSettings, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = make_film(tmp_path / "other" / "tour.mp4", seed=77)
    names = [uploads.get(put(uploads, settings, each)).stored for each in (film, other, film)]
    assert names == ["tour.mp4", "tour (2).mp4", "tour.mp4"]
    assert hash_of(stored(settings)["tour (2).mp4"]) == hash_of(other)
    assert len(stored(settings)) == 2
