"""The nearest moments are found through the HNSW index, with their scenes."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from database.models import MomentKind
from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader
from database.queries.statement import LegMatch, VectorLeg, search_legs
from database.server.connection import Database
from database.videos.records import MomentRecord
from database.videos.stored import Store
from tests.helpers import records


def nearest(database: Database, vector: Any) -> list[LegMatch]:
    leg = VectorLeg("minilm-l6", vector)
    found, _ = search_legs(database, [leg], None, Conditions(), Scan.INDEX, 10)
    return sorted(found, key=lambda match: -match.raw)


def test_the_nearest_moment_is_found_with_its_scene(store: Store, database: Database) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    best, *_ = nearest(database, records.unit_vector(3))
    assert best.raw == pytest.approx(1.0, abs=1e-2)
    assert (best.scene_start_s, best.scene_end_s) == (2.0, 4.0)
    (moment,) = HitReader(database).moments({best.moment_id}).values()
    assert moment.text == "A train leaves."


def test_the_nearest_of_many_are_found_through_the_index(store: Store, database: Database) -> None:
    moments = tuple(
        MomentRecord(
            0, MomentKind.SPEECH, 0.0, 1.0, "x", vectors={"minilm-l6": records.unit_vector(i)}
        )
        for i in range(1000)
    )
    store.save_video(replace(records.video("a"), moments=moments), records.file("/v/a.mp4"))
    sent: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    best, *_ = nearest(database, records.unit_vector(567))
    assert best.raw == pytest.approx(1.0, abs=1e-2)
    statement, parameters = sent[-1]
    with database.session() as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
        assert "Index Scan using embedding_minilm_l6_hnsw" in "\n".join(plan.scalars())
