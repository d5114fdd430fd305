"""Spaces, filled on a cluster: a row for each range of moments that one lacks, and an actor's
models for what is in it."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from ray.actor import ActorHandle

from database.opening import INGESTING, open_database
from database.spaces.coverage import MomentRange
from embeddings.errors import SceneseekError
from embeddings.space import Input, Space
from ingest.cluster.joining import Row, joined, node_name, shared_settings, worked_off
from ingest.cluster.models import Card, cards_of_cluster, encoders_for
from ingest.library.backfilling import Filled, Filler, Report
from ingest.library.embed import by_input
from ingest.media.child import begin_without_main
from ingest.settings import IngestSettings

MOMENTS = {Input.TEXT: 1000, Input.DESCRIPTION: 1000, Input.IMAGE: 500, Input.CLIP: 64}
"""Of a range: work for some ten seconds of one processor, so that little is done twice when a
machine is lost, and the models of an actor are loaded for more than one."""


class RangeWorker:
    """An actor that fills one range after the other, with models that it loads once."""

    def __init__(self, settings: IngestSettings, cards: Sequence[ActorHandle[Card]]) -> None:
        self._settings = settings
        self._cards = cards

    def __call__(self, row: Row) -> Row:
        """What was stored of a range, and the faults of its videos, as JSON; or what ends the run
        as `error`."""
        told = {"node": node_name(), "embedded": None, "faults": None, "error": None}
        try:
            spaces = [self._filler.encoders.spaces[key] for key in row["spaces"]]
            within = MomentRange(
                (row["after_video"], row["after_moment"]), (row["until_video"], row["until_moment"])
            )
            filled = self._filler.fill_range(spaces, within)
        except SceneseekError as error:
            return {**told, "error": str(error)}
        embedded, faults = json.dumps(filled.num_embedded), json.dumps(filled.faults)
        return {**told, "embedded": embedded, "faults": faults}

    @cached_property
    def _filler(self) -> Filler:
        begin_without_main()
        encoders = encoders_for(self._settings.runtime(1), self._cards)
        return Filler.of(
            open_database(self._settings, connections=INGESTING), self._settings, encoders
        )


def fill_on_cluster(
    address: str,
    filler: Filler,
    wanted: Sequence[Space],
    settings: IngestSettings,
    report: Report,
) -> Filled:
    """What `Filler.fill` does, on all machines of a cluster; one that has nothing to do is not
    joined. Raises ClusterFailed, ClusterUnavailable, and SpaceBusy if another process fills one of
    the spaces."""
    filled = Filled()
    with contextlib.ExitStack() as stack:
        for space in wanted:
            stack.enter_context(filler.spaces.filling(space.key))
        rows = list(_rows(filler, wanted))
        if not rows:
            return filled
        stack.enter_context(joined(address))
        shared = shared_settings(settings)
        cards = cards_of_cluster(shared.runtime(1))
        for row in worked_off(rows, RangeWorker, shared, cards):
            embedded = Counter[str](json.loads(row["embedded"]))
            filled.num_embedded += embedded
            filled.faults |= {int(key): why for key, why in json.loads(row["faults"]).items()}
            for space in wanted:
                if embedded[space.key]:
                    report(space, embedded[space.key])
    return filled


def _rows(filler: Filler, wanted: Sequence[Space]) -> Iterator[Row]:
    """A row for each range that a space lacks, with those that take the same input and come after
    it: what is read of the range serves them, too."""
    for takes, group in by_input(wanted).items():
        for number, space in enumerate(group):
            for within in filler.spaces.ranges_missing(space.key, MOMENTS[takes]):
                yield {
                    "spaces": [each.key for each in group[number:]],
                    "after_video": within.after[0],
                    "after_moment": within.after[1],
                    "until_video": within.until[0],
                    "until_moment": within.until[1],
                }
