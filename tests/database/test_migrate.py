"""Migrations build what the models say, and go down and up on a library with videos in it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from database.doctor.findings import Level
from database.doctor.library import Looks
from database.judgements import Judgements
from database.migrate import (
    MIGRATIONS,
    current_revision,
    downgrade_schema,
    head_revision,
    upgrade_schema,
)
from database.models import (
    ApiScope,
    Base,
    FileStatus,
    JobFileState,
    JobKind,
    JobState,
    Moment,
    MomentKind,
    SpaceState,
    VideoStatus,
)
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces.partitions import partition_name
from database.spaces.spaces import Spaces
from database.spaces.tuning import Tuning
from database.videos.descriptions import DescriptionStore, description_of
from database.videos.read import Library
from database.videos.stored import Store
from embeddings.registry.spaces import PROFILES, SPACES
from ingest.library.moments import MAX_SPAN_S
from ingest.scenes.scene import Span
from tests.helpers import records, sql
from tests.helpers.commands import run_command
from tests.helpers.waiting import wait_until


def tables_of(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def test_the_models_agree_with_the_migrations(database: Database) -> None:
    def is_modelled(name: str | None, kind: str, parents: object) -> bool:
        if kind == "index":  # those of trigrams are there only where the server has these
            return not (name or "").endswith("_trgm_idx")
        return kind != "table" or name in Base.metadata.tables

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_modelled})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    ("name", "enum"),
    [
        ("video_status", VideoStatus),
        ("file_status", FileStatus),
        ("moment_kind", MomentKind),
        ("space_state", SpaceState),
        ("api_scope", ApiScope),
        ("job_kind", JobKind),
        ("job_state", JobState),
        ("job_file_state", JobFileState),
    ],
)
def test_enums_have_the_members_of_the_models(
    name: str, enum: type[StrEnum], database: Database
) -> None:
    with database.session() as session:
        labels = session.scalars(sa.text(f"SELECT unnest(enum_range(NULL::{name}))::text"))
        assert list(labels) == [member.value for member in enum]


def test_every_space_has_a_partition_with_its_own_index(database: Database) -> None:
    inspector = sa.inspect(database.engine)
    for space in PROFILES["bundled"].spaces:
        table = partition_name(space.key)
        assert f"{table}_hnsw" in {index["name"] for index in inspector.get_indexes(table)}


def test_a_library_with_videos_goes_down_and_up_again(database: Database, store: Store) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    downgrade_schema(database)
    assert tables_of(database) <= {"alembic_version"}
    assert current_revision(database.engine) is None
    upgrade_schema(database)
    assert current_revision(database.engine) == head_revision()
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    assert Library(database).row_counts() == {
        "video": 1,
        "scene": 2,
        "moment": 3,
        "embedding": 3,
    }


def test_a_library_that_was_migrated_has_the_statistics_that_searches_are_planned_by(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    _go_to(database, "0008")
    upgrade_schema(database)
    with database.session() as session:
        known = session.scalars(
            sa.text("SELECT DISTINCT tablename FROM pg_stats WHERE attname = 'video_id'")
        )
        assert {"moment", "embedding_minilm_l6", "coverage"} <= set(known)


def test_a_library_from_before_its_server_had_trigrams_is_given_them(
    database: Database, settings: DatabaseSettings
) -> None:
    names = (
        "SELECT indexname || ' ' || regexp_replace(indexdef, '.* ON', '') FROM pg_indexes "
        "WHERE indexname LIKE '%_trgm_idx' ORDER BY 1"
    )
    with database.session() as session:
        migrated = session.scalars(sa.text(names)).all()
        session.execute(sa.text("DROP EXTENSION pg_trgm CASCADE"))
        assert session.scalars(sa.text(names)).all() == []
    finding = Looks(settings)
    assert finding.database().level is Level.OK
    assert finding.extensions().remedy == "python -m database upgrade"
    upgrade_schema(database)
    assert finding.extensions().level is Level.OK
    with database.session() as session:
        assert session.scalars(sa.text(names)).all() == migrated
    assert len(migrated) == 4


def test_upgrading_twice_keeps_what_is_stored(database: Database, store: Store) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    upgrade_schema(database)
    assert Library(database).row_counts()["embedding"] == 3


def test_a_library_without_spaces_gets_the_bundled_ones(database: Database) -> None:
    with database.session() as session:
        session.execute(sa.text("DROP TABLE embedding_minilm_l6, embedding_imagenet_concepts"))
        session.execute(sa.text("DELETE FROM space"))
    upgrade_schema(database)
    assert "embedding_minilm_l6" in tables_of(database)
    assert Spaces(database).coverage("minilm-l6").embedded == 0


def test_a_library_of_the_first_schema_gets_its_spans_and_keeps_its_spaces(
    database: Database, store: Store
) -> None:
    long = replace(records.video("a"), scenes=((0.0, 2.0), (2.0, 22.0)))
    store.save_video(long, records.file("/v/a.mp4"))
    _go_to(database, "0001")
    upgrade_schema(database)
    with database.session() as session:
        query = sa.select(Moment.start_s, Moment.end_s).where(Moment.kind == MomentKind.SPAN)
        found = session.execute(query.order_by(Moment.start_s)).all()
    expected = [*Span(0.0, 2.0).parts(MAX_SPAN_S), *Span(2.0, 22.0).parts(MAX_SPAN_S)]
    np.testing.assert_allclose(np.asarray(found), [(s.start_s, s.end_s) for s in expected])
    states = {key: (info.slot, info.state) for key, info in Spaces(database).all().items()}
    assert states == {
        "minilm-l6": ("text", SpaceState.ACTIVE),
        "imagenet-concepts": ("vision", SpaceState.ACTIVE),
    }


def test_views_of_an_older_library_are_as_they_were_and_then_say_more(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    _go_to(database, "0003")
    views = ("visual_embeddings", "text_embeddings")
    older = {view: _columns(database, view) for view in views}
    assert older["visual_embeddings"] == [
        "scene_id",
        "keyframe_path",
        "embedding",
        "embedding_model",
    ]
    assert sql.rows(database, "SELECT count(*) FROM visual_embeddings") == [(1,)]
    upgrade_schema(database)
    assert {view: _columns(database, view)[:4] for view in views} == older
    said = sql.rows(database, "SELECT kind, start_s, end_s FROM text_embeddings ORDER BY start_s")
    assert said == [("ocr", 0.0, 2.0), ("speech", 2.5, 3.5)]


def test_videos_of_an_older_library_have_no_notes_and_the_stamps_of_their_files(
    database: Database, store: Store
) -> None:
    store.save_video(records.commented("a"), records.file("/v/a.mp4"))
    _go_to(database, "0005")
    upgrade_schema(database)
    assert sql.rows(database, "SELECT title, notes, clock FROM video") == [("a", [], None)]
    assert sql.rows(database, "SELECT DISTINCT track FROM moment") == [(None,)]
    assert Library(database).row_counts()["embedding"] == 4


def test_a_server_from_before_18_is_given_the_languages_that_it_has_and_small_letters(
    database: Database, store: Store
) -> None:
    downgrade_schema(database)
    sql.execute(
        database,
        "DROP TEXT SEARCH CONFIGURATION pg_catalog.estonian",
        "ALTER COLLATION pg_catalog.pg_c_utf8 RENAME TO of_newer_servers",
    )
    upgrade_schema(database)
    store.save_video(records.video("a", "Suured LINNAD", "et"), records.file("/v/a.mp4"))
    store.save_video(records.video("b", "DIE GRÖẞE", "de"), records.file("/v/b.mp4"))
    words = "SELECT tsv::text FROM moment WHERE kind = 'speech' ORDER BY video_id"
    (estonian,), (german,) = sql.rows(database, words)
    assert estonian == "'linnad':2A 'suured':1A"
    assert "'gross'" in str(german)


def test_words_are_made_where_nothing_is_on_the_search_path_as_while_a_dump_is_restored(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a", "Café QX-4471"), records.file("/v/a.mp4"))
    words = "SELECT tsv::text FROM public.moment WHERE kind = 'speech'"
    made = sql.rows(database, words)
    sql.execute(
        database,
        "SET LOCAL search_path = ''",
        "UPDATE public.moment SET tsv = DEFAULT, text = text || '.'",
    )
    assert sql.rows(database, words) == made


def test_lists_of_two_numbers_in_older_texts_are_found_by_each(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a", "See pages 12,14."), records.file("/v/a.mp4"))
    found = "SELECT count(*) FROM moment WHERE tsv @@ '14'"
    _go_to(database, "0010")
    assert sql.rows(database, found) == [(0,)]
    upgrade_schema(database)
    assert sql.rows(database, found) == [(1,)]


def test_what_was_said_of_hits_is_found_again_under_a_hash_of_its_query(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    judgements = Judgements(database)
    judgements.save("Züge", right=[1], wrong=[2])
    before = judgements.all()
    _go_to(database, "0012")
    upgrade_schema(database)
    assert judgements.all() == before
    judgements.forget("Züge", 1)
    assert len(judgements.all()) == 1


def test_what_models_said_goes_with_its_space_where_the_code_before_knows_neither(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    space = SPACES["descriptions-minilm-l6"]
    Spaces(database).add([space])
    descriptions = DescriptionStore(database)
    (still,) = descriptions.missing(limit=1)
    said = description_of(still, "A train at night.", "llava@1")
    said = replace(said, vectors={space.key: records.unit_vector(4)})
    descriptions.save(still.video_id, [still], [said], [space.key])
    _go_to(database, "0016")
    assert sql.rows(database, "SELECT key FROM space WHERE input = 'description'") == []
    assert partition_name(space.key) not in tables_of(database)
    upgrade_schema(database)
    assert Library(database).row_counts()["embedding"] == 3
    assert descriptions.count().missing == 1


def test_a_space_indexed_by_bits_gets_half_floats_where_the_code_before_knows_no_others(
    database: Database, store: Store
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    Tuning(database).take("minilm-l6", 200)
    _go_to(database, "0018")
    indexes = sa.inspect(database.engine).get_indexes("embedding_minilm_l6")
    names = {index["name"] for index in indexes}
    assert "embedding_minilm_l6_hnsw" in names
    assert "embedding_minilm_l6_bits" not in names
    upgrade_schema(database)
    assert not Spaces(database).lacks_index("minilm-l6")


def test_words_of_an_older_library_are_sorted_into_their_index(
    database: Database, store: Store
) -> None:
    _go_to(database, "0021")
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    upgrade_schema(database)
    assert sql.rows(database, "SELECT gin_clean_pending_list('moment_tsv_idx')") == [(0,)]


def test_indexes_are_altered_while_searches_go_on(database: Database) -> None:
    """A search that begins meanwhile takes the locks of all indexes, too, one after the other."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    search = "SELECT count(*) FROM moment WHERE tsv @@ 'cat' OR text ~ 'cat'"
    _go_to(database, "0021")
    others = replace(database, engine=sa.create_engine(database.engine.url))
    with closing(others), ThreadPoolExecutor(2) as beside:
        with others.engine.connect() as earlier:
            earlier.execute(sa.text(search))  # it holds the locks of all until it ends
            upgrading = beside.submit(upgrade_schema, database)
            wait_until(lambda: sql.rows(others, waiting) == [(1,)])
            searching = beside.submit(sql.rows, others, search)
            wait_until(lambda: sql.rows(others, waiting) == [(2,)])
        upgrading.result(60)
        assert searching.result(60) == [(0,)]
    assert current_revision(database.engine) == head_revision()


def test_a_database_whose_pgvector_may_corrupt_indexes_is_not_upgraded(
    database: Database, settings: DatabaseSettings
) -> None:
    sql.execute(database, "UPDATE pg_extension SET extversion = '0.8.3' WHERE extname = 'vector'")
    done = run_command("database", "upgrade", settings=settings)
    assert done.returncode == 1
    assert done.stderr == (
        "error: pgvector 0.8.3 may corrupt HNSW indexes: in psql: ALTER EXTENSION vector UPDATE; "
        "REINDEX TABLE embedding\n"
    )


def _columns(database: Database, view: str) -> list[str]:
    return [column["name"] for column in sa.inspect(database.engine).get_columns(view)]


def _go_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with database.engine.connect() as connection:
        config.attributes |= {"connection": connection, "origin": database.origin}
        command.downgrade(config, revision)
        connection.commit()
