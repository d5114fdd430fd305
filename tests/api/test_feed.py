"""What one client that listens is told, and when."""

import asyncio

import pytest

from api import feed
from api.feed import Event, Listener

Told = tuple[str | None, str | None, str | None]


class Client:
    """Who listens, and takes one event after the other."""

    def __init__(self, since: int | None = 7) -> None:
        self.listener = Listener(since)
        self._stream = self.listener.stream()

    def tell(self, number: int, data: str) -> None:
        self.listener.tell(f"job {number}", Event("job", data))

    async def take(self, num: int = 1) -> list[Told]:
        taken = [await asyncio.wait_for(anext(self._stream), 5) for _ in range(num)]
        return [told(event.decode()) for event in taken]


def told(event: str) -> Told:
    """The name, the data and the id of an event."""
    fields = dict(line.split(": ", 1) for line in event.splitlines() if line)
    return fields.get("event"), fields.get("data"), fields.get("id")


def test_only_the_last_of_what_belongs_together_bears_the_id() -> None:
    """Who has seen only a part of it, and comes again, is told the whole again."""

    async def scenario() -> None:
        client = Client()
        for number in (1, 2, 3):
            client.tell(number, "{}")
        first, *told = await client.take(4)
        assert first == (None, None, None), "how soon to come again"
        assert told == [("job", "{}", None), ("job", "{}", None), ("job", "{}", "7")]

    asyncio.run(scenario())


def test_who_takes_events_slowly_is_told_the_newest_and_holds_no_more_than_that() -> None:
    async def scenario() -> None:
        client = Client()
        client.tell(1, "begun")
        await client.take(2)
        for step in range(1000):
            client.tell(1, f"{step}")
            client.tell(2, f"{step}")
        assert await client.take(2) == [("job", "999", None), ("job", "999", "7")]

    asyncio.run(scenario())


def test_what_is_known_already_is_not_told_again() -> None:
    async def scenario() -> None:
        client = Client()
        client.tell(1, "same")
        await client.take(2)
        client.tell(1, "same")
        client.tell(2, "other")
        assert await client.take() == [("job", "other", "7")]

    asyncio.run(scenario())


def test_who_knows_nothing_yet_is_given_no_id() -> None:
    async def scenario() -> None:
        client = Client(since=None)
        client.listener.tell("reach", Event("away", "{}"))
        assert (await client.take(2))[1] == ("away", "{}", None)

    asyncio.run(scenario())


def test_a_stream_without_anything_to_tell_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        client = Client()
        assert await client.take(3) == [(None, None, None)] * 3
        client.tell(1, "{}")
        assert await client.take() == [("job", "{}", "7")]

    monkeypatch.setattr(feed, "KEEP_ALIVE_S", 0.01)
    asyncio.run(scenario())


def test_a_stream_ends_after_a_while_and_when_the_server_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(*, by_itself: bool) -> None:
        client = Client()
        await client.take()
        if not by_itself:
            client.listener.end()
        with pytest.raises(StopAsyncIteration):
            await client.take()

    asyncio.run(scenario(by_itself=False))
    monkeypatch.setattr(feed, "LISTEN_S", 0.05)
    asyncio.run(scenario(by_itself=True))
