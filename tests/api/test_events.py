"""GET /events: changes of jobs as they happen."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from api.feed import MAX_LISTENERS
from database.jobs.records import BackfillRequest
from database.models import ApiScope
from database.opening import open_database
from database.server.cluster import find_postmaster
from database.server.embedded import data_dir, stop_embedded
from ingest.settings import IngestSettings
from tests.helpers.events import Event, listening
from tests.helpers.fixtures import NewSettings
from tests.helpers.guarded import bearer, make_key
from tests.helpers.http import answered, assert_problem
from tests.helpers.jobs import Board, board
from tests.helpers.waiting import wait_until


@pytest.fixture(scope="module")
def own(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Of this file."""
    folder = tmp_path_factory.mktemp("events")
    with new_settings(folder / "home") as settings, board(settings, folder) as served:
        yield served


def submitted(own: Board) -> int:
    return own.jobs.submit(BackfillRequest())


def job(job_id: int, state: str) -> Callable[[Event], bool]:
    """Whether an event says that the job is in this state."""

    def is_it(event: Event) -> bool:
        return event.name == "job" and (event.data["id"], event.data["state"]) == (job_id, state)

    return is_it


def named(name: str) -> Callable[[Event], bool]:
    return lambda event: event.name == name


def jobs_in(events: list[Event]) -> list[int]:
    return [event.data["id"] for event in events if event.name == "job"]


def num_listeners(client: httpx.Client) -> float:
    (line,) = (
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("event_listeners ")
    )
    return float(line.split()[1])


def test_who_listens_is_told_what_there_is_and_then_what_changes(own: Board) -> None:
    ended, waiting = submitted(own), submitted(own)
    own.set(ended, "done")
    with listening(own.client) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-cache"
        first = stream.until(named("workers"))
        assert {ended, waiting} <= set(jobs_in(first))
        assert first[-1].data == {"workers": []}
        own.set(waiting, "working", film="done", other="waiting")
        told = stream.until(job(waiting, "working"))
        assert jobs_in(told) == [waiting], "the others have not changed"
        assert told[-1].data == answered(own.client.get(f"/jobs/{waiting}"))
        assert told[-1].data["files"]["done"] == 1


def test_who_comes_again_is_told_what_has_changed_meanwhile(own: Board) -> None:
    same, changed = submitted(own), submitted(own)
    with listening(own.client) as stream:
        seen = stream.until(named("workers"))
    (last_id,) = (event.id for event in seen if event.id)
    own.set(changed, "working")
    new = submitted(own)
    with listening(own.client, last_id) as stream:
        again = stream.until(named("workers"))
    assert {changed, new} <= set(jobs_in(again))
    assert same not in jobs_in(again)


@pytest.mark.parametrize("last_id", ["nonsense", "-1", "9" * 18, "9" * 40, ""])
def test_who_comes_with_an_id_of_another_server_is_told_all(own: Board, last_id: str) -> None:
    waiting = submitted(own)
    with listening(own.client, last_id) as stream:
        assert waiting in jobs_in(stream.until(named("workers")))


def test_as_many_listen_as_may_and_one_more_is_told_when_to_come_again(own: Board) -> None:
    """And all others are answered meanwhile."""
    limits = httpx.Limits(max_connections=MAX_LISTENERS + 10)
    with httpx.Client(base_url=own.client.base_url, limits=limits) as many, ExitStack() as stack:
        streams = [stack.enter_context(listening(many)) for _ in range(MAX_LISTENERS)]
        refused = own.client.get("/events")
        assert "listen already" in assert_problem(refused, 503)
        assert refused.headers["retry-after"] == "5"
        assert num_listeners(own.client) == MAX_LISTENERS
        new = submitted(own)
        began = time.monotonic()
        for stream in streams:
            stream.until(job(new, "waiting"))
        assert time.monotonic() - began < 10
        assert own.client.get("/ready").elapsed.total_seconds() < 2
    wait_until(lambda: num_listeners(own.client) == 0)


def test_a_server_that_is_told_to_end_waits_for_nobody_who_listens(
    new_settings: NewSettings, tmp_path: Path
) -> None:
    with (
        new_settings(tmp_path / "home") as settings,
        board(settings, tmp_path) as served,
        listening(served.client) as stream,
    ):
        stream.until(named("workers"))
        served.server.process.terminate()
        began = time.monotonic()
        assert list(stream) == [], "the answer is whole"
        served.server.process.wait(10)
        assert time.monotonic() - began < 3
        assert "Traceback" not in served.server.log.text()


def test_a_key_is_needed_to_listen(new_settings: NewSettings, tmp_path: Path) -> None:
    with new_settings(tmp_path / "home") as settings:
        database = open_database(settings)
        key = make_key(database, "anna", ApiScope.READ)
        database.close()
        with board(settings, tmp_path, API_REQUIRE_KEYS="true") as served:
            assert_problem(served.client.get("/events"), 401)
            with listening(served.client, **bearer(key)) as stream:
                stream.until(named("workers"))


def test_while_the_database_is_away_the_stream_says_so_and_goes_on(
    home: Path, models: Path
) -> None:
    library = home / "events"
    library.mkdir()
    (library / "models").symlink_to(models)
    settings = IngestSettings(sceneseek_home=library)
    data = data_dir(library)
    hidden = data.with_name("hidden")
    try:
        with board(settings, library) as served, listening(served.client) as stream:
            stream.until(named("workers"))
            pid = find_postmaster(data)
            assert pid is not None
            data.rename(hidden)  # or it would be started again at once
            psutil.Process(pid).kill()
            away = stream.until(named("away"))[-1]
            assert "does not answer" in away.data["detail"]
            hidden.rename(data)
            stream.until(named("back"))
            new = submitted(served)
            assert jobs_in(stream.until(job(new, "waiting"))) == [new]
    finally:
        stop_embedded(library)
