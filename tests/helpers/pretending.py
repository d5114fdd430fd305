"""python -m tests.helpers.pretending: a worker for which files are recordings as
tests/helpers/hosts.py has it. It needs no model, and is otherwise as it is."""

import asyncio
import dataclasses
from contextlib import closing
from unittest.mock import patch

from database.opening import open_database
from embeddings.settings import load_settings
from ingest import pipeline, settling
from ingest.settings import IngestSettings
from ingest.work.bench import Bench
from ingest.work.shift import Shift, Times
from tests.helpers.hosts import PretendedIngest


class PretendingBench(Bench):
    """What such a worker works with."""

    def ingest(self, *, retry: bool = True, again: bool = False) -> pipeline.Ingest:
        """A pretended one."""
        made = super().ingest(retry=retry, again=again)
        fields = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
        return PretendedIngest(**fields)

    def grew(self, num_moments: int) -> None:
        """Nobody searches."""


def main() -> None:
    """Works until it is ended."""
    settings = load_settings(IngestSettings)
    with (
        closing(open_database(settings)) as database,
        patch.object(pipeline, "make_missing", lambda *_: 0),
        patch.object(settling, "renew_statistics", lambda _ingest: None),
    ):
        asyncio.run(_work(PretendingBench(database, settings)))


async def _work(bench: Bench) -> None:
    await Shift(bench, 2, Times()).run()


if __name__ == "__main__":
    main()
