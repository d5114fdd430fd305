"""Server-sent events as a client sees them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """An event, or a comment, whose name is empty."""

    name: str
    data: Any
    id: str | None


class Stream:
    """An answer of GET /events, read as it comes."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def __iter__(self) -> Iterator[Event]:
        """All events and comments up to its end."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                data = json.loads(fields.get("data", "null"))
                yield Event(fields.get("event", ""), data, fields.get("id"))
                fields = {}

    def until(self, is_it: Callable[[Event], bool]) -> list[Event]:
        """The events up to the one that is waited for."""
        seen = []
        for event in self:
            seen.append(event)
            if is_it(event):
                return seen
        raise AssertionError(f"the stream has ended after {seen}")


@contextmanager
def listening(client: httpx.Client, last_id: str | None = None, **headers: str) -> Iterator[Stream]:
    """GET /events; an event has to come every 20 s."""
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    with client.stream("GET", "/events", headers=headers, timeout=20) as response:
        assert response.status_code == 200, response.read()
        yield Stream(response)
