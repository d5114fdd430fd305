"""Zips of clips, where somebody goes away at a bad moment."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from api.playing.clips import Clips, Cut
from api.playing.zips import zipped
from ingest.playing.zipped import ClipsZip


class Kept:
    """Clips of which one is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "clip.mp4").write_bytes(b"film" * 1000)
        (folder / "made.json").write_text(json.dumps({"start_s": 0.0, "end_s": 1.0}))

    async def made(self, _cut: Cut, _find_file: Callable[[], Path]) -> Path:
        return self.folder


def test_who_goes_away_while_a_clip_is_written_ends_it_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_open, may_go_on = threading.Event(), threading.Event()

    class Slow(ClipsZip):
        def add(self, name: str, path: Path) -> str:
            with self._zip.open("clip.mp4", "w") as file:
                is_open.set()
                may_go_on.wait(20)
                file.write(path.read_bytes())
            return name

    monkeypatch.setattr("api.playing.zips.ClipsZip", Slow)

    async def go_away() -> None:
        clips = cast(Clips, Kept(tmp_path))
        pieces: AsyncIterator[Any] = zipped(clips, [("a", cast(Cut, None))], lambda _: tmp_path)
        first = asyncio.ensure_future(anext(pieces))
        await asyncio.to_thread(is_open.wait, 20)
        first.cancel()
        asyncio.get_running_loop().call_later(0.2, may_go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(go_away())
