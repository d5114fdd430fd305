"""Bodies of any size within bounds of time: what came of one that stops is not lost."""

import asyncio

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.hang_up import ClientGone
from api.uploading import bodies
from api.uploading.bodies import PIECE_BYTES, pieces

GONE: Message = {"type": "http.disconnect"}


def read(*messages: bytes | Message | None, max_bytes: int = 100) -> tuple[list[bytes], object]:
    """The pieces of a body, and what ended it; None is a message that does not come."""
    waiting = list(messages)

    async def receive() -> Message:
        message = waiting.pop(0)
        if message is None:
            await asyncio.Event().wait()
        if isinstance(message, bytes):
            return {"type": "http.request", "body": message, "more_body": bool(waiting)}
        assert message is not None
        return message

    async def all_of_it() -> tuple[list[bytes], object]:
        request = Request({"type": "http", "headers": []}, receive)
        found = []
        try:
            async for piece in pieces(request, max_bytes, "too large"):
                found.append(piece)
        except (HTTPException, ClientGone) as error:
            return found, getattr(error, "status_code", "gone")
        return found, None

    return asyncio.run(all_of_it())


def test_small_pieces_are_put_together_and_large_ones_are_given_out_at_once() -> None:
    assert read(b"a", b"b", b"c") == ([b"abc"], None)
    large = bytes(PIECE_BYTES)
    assert read(large, b"a", max_bytes=2 * PIECE_BYTES) == ([large, b"a"], None)
    assert read(b"") == ([], None)


def test_what_came_before_the_end_is_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.1)
    assert read(b"ab", GONE) == ([b"ab"], "gone")
    assert read(b"ab", None) == ([b"ab"], 408)
    assert read(b"ab", b"cd", b"ef", max_bytes=4) == ([b"abcd"], 413)
