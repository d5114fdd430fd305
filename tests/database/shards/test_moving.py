"""After a shard was added, videos move to it while searches go on."""

import threading
from pathlib import Path

import pytest

from database.errors import DatabaseUnsuitable
from database.queries.filters import Filters
from database.server.connection import Database
from database.server.spread import SpreadDatabase, shard_of
from database.shards.moving import spread
from database.videos.contents import Contents
from database.videos.read import Library
from database.videos.stored import Store
from embeddings.loaded import Encoders
from ingest.library.null_statistics import background_queries
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import Shape
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import file
from tests.helpers.shards import empty_databases, fill, opened, spread_over, talkative
from tests.helpers.sql import rows

NUM_FILMS = 24
_SORT_IN = "SELECT gin_clean_pending_list('moment_tsv_idx')"
"""How many pages were not: searches read all of them until then."""


def contents_of(database: Database) -> list[set[str]]:
    return [_contents(shard) for shard in database.parts]


def _contents(shard: Database) -> set[str]:
    return {content for (content,) in shard.rows("SELECT content_hash FROM video")}


def found(engine: MultiModalSearchEngine, query: str) -> list[tuple[str, float]]:
    deep = Shape(limit=100)  # so that each shard brings in all that it has
    answer = engine.search(query, filters=Filters(from_s=0), shape=deep, most=1000)
    return [(hit.video.title, hit.scene.start_s) for hit in answer.hits]


def test_videos_move_to_a_new_shard_and_are_found_once_all_the_time(
    new_settings: NewSettings, tmp_path: Path, encoders: Encoders
) -> None:
    query = background_queries()[0]
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 3) as urls,
    ):
        with opened(spread_over(urls[:2], home)) as before:
            fill(before, talkative(NUM_FILMS, encoders), encoders)
            ids = {video.title: video.id for video in Library(before).list_videos(limit=100)}
            wanted = found(MultiModalSearchEngine(before, encoders), query)
            settings = spread_over(urls, home)
            with pytest.raises(DatabaseUnsuitable, match="over 3 databases by now"):
                found(MultiModalSearchEngine(before, encoders), query)
        with opened(settings) as after:
            assert isinstance(after, SpreadDatabase)
            engine = MultiModalSearchEngine(after, encoders)
            num_astray = sum(
                shard_of(content, 3) != number
                for number, own in enumerate(contents_of(after))
                for content in own
            )
            ended, answers = threading.Event(), []

            def search() -> None:
                while not ended.is_set():
                    answers.append(found(engine, query))

            searching = threading.Thread(target=search)
            searching.start()
            try:
                moved = spread(after)
            finally:
                ended.set()
                searching.join()
            assert (moved.moved, moved.busy) == (num_astray, 0)
            assert num_astray > 3
            assert all(sorted(answer) == sorted(wanted) for answer in answers)
            assert found(engine, query) == wanted
            assert all(
                {shard_of(content, 3) for content in own} == {number}
                for number, own in enumerate(contents_of(after))
            )
            library = Library(after)
            assert {video.title: video.id for video in library.list_videos(limit=100)} == ids
            scene = Contents(after).scenes(ids["film-003"])[0]
            assert library.get_keyframe_path(scene.id) == scene.keyframes[0][1]
            assert [rows(shard, _SORT_IN) for shard in after.parts] == [[(0,)]] * 3
            assert spread(after).moved == 0


def test_who_asks_while_videos_move_is_answered_of_each(
    new_settings: NewSettings, tmp_path: Path, encoders: Encoders
) -> None:
    """The new shard answers before videos come to it, the others after they have left."""
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 3) as urls,
    ):
        with opened(spread_over(urls[:2], home)) as before:
            fill(before, talkative(NUM_FILMS, encoders), encoders)
        with opened(spread_over(urls, home)) as after:
            assert isinstance(after, SpreadDatabase)
            after.gather_steadily(_contents)  # it knows by now how many have left
            answered, moved = threading.Event(), threading.Event()

            def ask_too_early_or_too_late(shard: Database) -> set[str]:
                if shard is after.shards[2]:
                    found = _contents(shard)
                    answered.set()
                    return found
                assert answered.wait(60)
                if shard is after.shards[0] and not moved.is_set():
                    spread(after)
                    moved.set()
                assert moved.wait(60)
                return _contents(shard)

            found = after.gather_steadily(ask_too_early_or_too_late)
            assert [len(own) for own in found] == [len(own) for own in contents_of(after)]
            assert len(set().union(*found)) == NUM_FILMS


def test_of_a_path_that_two_shards_have_the_newer_outcome_stays(
    new_settings: NewSettings, tmp_path: Path, encoders: Encoders
) -> None:
    films = [each for each in talkative(30, encoders) if shard_of(each.content_hash, 2) == 1][:4]
    stays, replaced, *_ = films
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 2) as urls,
    ):
        with opened(home.model_copy(update={"database_url": urls[0]})) as one:
            fill(one, films[1:], encoders)
        with opened(spread_over(urls, home)) as two:
            assert isinstance(two, SpreadDatabase)
            path = f"/library/{replaced.title}.mp4"
            # Alone, as an ingest that is cut off before it tells the other.
            new_id = Store(two.parts[1]).save_video(stays, file(path))
            assert spread(two).moved == 3
            assert two.parts[0].rows("SELECT path FROM file") == []
            led = two.parts[1].rows(f"SELECT video_id FROM file WHERE path = '{path}'")
            assert led == [(new_id,)]
