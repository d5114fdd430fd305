"""Turns: first come, first served; few wait too long, no more than can be answered wait at all."""

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

import httpx
import pytest
from annotated_types import Le
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Message

import api.routes
from api import lanes
from api.errors import Busy, QueueFull
from api.hang_up import ClientGone, unless_gone
from api.lanes import Lane, Lanes
from api.requests import _picture_bytes
from api.settings import ApiSettings
from database.opening import SERVING
from tests.helpers.state import request_of

pytestmark = pytest.mark.filterwarnings("error")


async def hold(lane: Lane, until: asyncio.Event, request: Request | None = None) -> None:
    async with lane.turn(request or request_of("")):
        await until.wait()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(20):
            await work()

    asyncio.run(within_time())


def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    async def work() -> None:
        lane, order = Lane("test", 1), []

        async def take(number: int) -> None:
            async with lane.turn(request_of("")):
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*map(take, range(20)))
        assert order == list(range(20))

    run(work)


def test_no_more_are_worked_on_than_there_are_places() -> None:
    async def work() -> None:
        lane, at_work, most = Lane("test", 3), 0, 0

        async def take() -> None:
            nonlocal at_work, most
            async with lane.turn(request_of("")):
                at_work += 1
                most = max(most, at_work)
                await asyncio.sleep(0.001)
                at_work -= 1

        await asyncio.gather(*(take() for _ in range(30)))
        assert most == 3

    run(work)


def test_who_waits_too_long_is_refused_and_the_next_one_is_served() -> None:
    async def work() -> None:
        lane, done = Lane("test", 1, patience_s=0.05), asyncio.Event()
        first = asyncio.ensure_future(hold(lane, done))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await hold(lane, done)
        done.set()
        await first
        await hold(lane, done)

    run(work)


def test_a_full_queue_refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MAX_WAITING", 2)

    async def work() -> None:
        lane, done = Lane("test", 1), asyncio.Event()
        waiting = [asyncio.ensure_future(hold(lane, done)) for _ in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFull):
            await hold(lane, done)
        done.set()
        await asyncio.gather(*waiting)
        await hold(lane, done)

    run(work)


def test_a_client_that_hangs_up_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MAX_WAITING", 1)

    async def work() -> None:
        lane, done, gone = Lane("test", 1), asyncio.Event(), asyncio.Event()
        first = asyncio.ensure_future(hold(lane, done))
        await asyncio.sleep(0)
        leaving = asyncio.ensure_future(hold(lane, done, request_of("", gone=gone)))
        await asyncio.sleep(0.01)
        gone.set()
        with pytest.raises(ClientGone):
            await leaving
        staying = asyncio.ensure_future(hold(lane, done))  # there is room for one again
        await asyncio.sleep(0.01)
        done.set()
        await asyncio.gather(first, staying)

    run(work)


def test_who_has_waited_for_something_else_gets_a_turn_all_the_same() -> None:
    """What a client sends is there once: listening for its leaving must not take it."""

    async def work() -> None:
        lane, done, request = Lane("test", 1), asyncio.Event(), request_of("")
        first = asyncio.ensure_future(hold(lane, done))
        await unless_gone(request, asyncio.sleep(0.01))
        second = asyncio.ensure_future(hold(lane, done, request))
        await asyncio.sleep(0.01)
        done.set()
        await asyncio.gather(first, second)

    run(work)


def test_a_picture_that_came_in_a_form_waits_for_its_turn() -> None:
    sent = httpx.Request("POST", "http://localhost", files={"file": b"a picture"})
    headers = [(name.lower(), value) for name, value in sent.headers.raw]
    messages: list[Message] = [{"type": "http.request", "body": sent.read()}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def work() -> None:
        request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
        assert await _picture_bytes(request) == b"a picture"
        await unless_gone(request, asyncio.sleep(0.01))

    run(work)


@pytest.mark.parametrize("late_s", [0.0, 0.001, 0.002])
def test_no_place_is_lost_where_clients_leave_just_when_their_turn_comes(late_s: float) -> None:
    async def work() -> None:
        lane = Lane("test", 1, patience_s=0.002)

        async def come_and_go() -> None:
            gone = asyncio.Event()
            asyncio.get_running_loop().call_later(late_s, gone.set)
            try:
                async with lane.turn(request_of("", gone=gone)):
                    await asyncio.sleep(0.0005)
            except (Busy, ClientGone):
                pass

        await asyncio.gather(*(come_and_go() for _ in range(200)))
        async with asyncio.timeout(1), lane.turn(request_of("")):
            pass

    run(work)


def test_who_leaves_just_when_work_is_done_is_not_cut_off_at_something_else() -> None:
    async def work() -> None:
        async def come_and_go() -> str:
            gone, loop = asyncio.Event(), asyncio.get_running_loop()
            done: asyncio.Future[None] = loop.create_future()
            loop.call_later(0.001, gone.set)
            loop.call_later(0.001, done.set_result, None)
            request = request_of("", gone=gone)
            try:
                await unless_gone(request, asyncio.wait_for(done, 5))
                await unless_gone(request, asyncio.sleep(1))
            except ClientGone:
                await asyncio.sleep(0.001)
            return "gone"

        ends = await asyncio.gather(*(come_and_go() for _ in range(50)), return_exceptions=True)
        assert ends == ["gone"] * 50

    run(work)


def test_no_thread_waits_for_the_connection_of_another() -> None:
    (most,) = (
        limit.le
        for limit in ApiSettings.model_fields["api_max_concurrent"].metadata
        if isinstance(limit, Le)
    )
    num_threads = Lanes(Lane("searches", int(str(most)))).num_threads
    assert num_threads <= SERVING.kept + SERVING.more


def test_every_route_that_needs_a_thread_waits_for_its_turn_first() -> None:
    without = set()
    for found in pkgutil.iter_modules(api.routes.__path__):
        router = importlib.import_module(f"api.routes.{found.name}").router
        for route in router.routes:
            if isinstance(route, APIRoute) and not iscoroutinefunction(route.endpoint):
                needed = [each.call for each in route.dependant.dependencies]
                if not any("_turn." in getattr(call, "__qualname__", "") for call in needed):
                    without.add(route.path)
    assert without == set()
