"""A library that is spread over three databases answers as one database does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.errors import DatabaseUnsuitable, NotForShards
from database.migrate import downgrade_schema
from database.opening import open_database
from database.queries.filters import Filters
from database.queries.listing import Listing, VideoLists, VideoSort
from database.server.connection import Database
from database.server.spread import shard_of
from database.spaces.spaces import Spaces
from database.spaces.tuning import Tuning
from database.videos.contents import Contents
from database.videos.read import Library
from embeddings.loaded import Encoders
from ingest.library.null_statistics import background_queries
from search.multi_modal_search import MultiModalSearchEngine
from search.results.hits import SearchAnswer
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import digest
from tests.helpers.shards import empty_databases, fill, opened, spread_over, talkative

NUM_FILMS = 45
EXACTLY = Filters(from_s=0)
"""What has every scene compared."""


@pytest.fixture(scope="module")
def libraries(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[tuple[Database, Database]]:
    """The same films in one database, and in three."""
    folder = tmp_path_factory.mktemp("shards")
    records = talkative(NUM_FILMS, encoders)
    with (
        new_settings(folder / "one") as alone,
        empty_databases(new_settings, folder, 3) as urls,
        opened(alone) as one,
        opened(spread_over(urls, alone)) as three,
    ):
        fill(one, records, encoders)
        fill(three, records, encoders)
        yield one, three


def places(answer: SearchAnswer) -> list[tuple[str, float]]:
    return [(hit.video.title, hit.scene.start_s) for hit in answer.hits]


def test_the_first_ten_of_three_shards_are_those_of_one_database(
    libraries: tuple[Database, Database], encoders: Encoders
) -> None:
    one, three = (MultiModalSearchEngine(database, encoders) for database in libraries)
    queries = background_queries()[:100]
    same = [
        places(one.search(query, filters=EXACTLY)) == places(three.search(query, filters=EXACTLY))
        for query in queries
    ]
    assert len(places(three.search(queries[0]))) == 10
    assert sum(same) >= 0.99 * len(queries)


def test_what_is_read_together_is_read_over_one_connection_to_each_shard(
    libraries: tuple[Database, Database],
) -> None:
    _, three = libraries

    def sessions() -> list[int]:
        return three.gather(lambda shard: int(shard.rows("SELECT pg_backend_pid()")[0][0]))

    def in_use() -> list[int]:
        return [shard.engine.pool.checkedout() for shard in three.parts]  # type: ignore[attr-defined]

    with three.reading():
        assert in_use() == [0, 0, 0]
        first = sessions()
        assert in_use() == [1, 1, 1]
        with three.reading():
            assert sessions() == first
        with pytest.raises(LookupError):
            three.gather(lambda shard: {}[shard])
        assert sessions() == first
    assert in_use() == [0, 0, 0]


def test_scores_and_counts_of_three_shards_are_those_of_one_database(
    libraries: tuple[Database, Database], encoders: Encoders
) -> None:
    query = background_queries()[3]
    one, three = (
        MultiModalSearchEngine(database, encoders).search(query, filters=EXACTLY)
        for database in libraries
    )
    assert [hit.score for hit in three.hits] == pytest.approx(
        [hit.score for hit in one.hits], abs=0.01
    )
    assert [hit.moments[0].moment.text for hit in three.hits] == [
        hit.moments[0].moment.text for hit in one.hits
    ]
    assert Library(libraries[1]).row_counts() == Library(libraries[0]).row_counts()


def test_a_video_lies_in_the_shard_that_its_hash_names_under_an_id_of_its_own(
    libraries: tuple[Database, Database],
) -> None:
    _, three = libraries
    ids = []
    for number, shard in enumerate(three.parts):
        rows = shard.rows("SELECT id, content_hash FROM video")
        assert {shard_of(content, 3) for _, content in rows} == {number}
        ids += [row[0] for row in rows]
    assert len(set(ids)) == NUM_FILMS


@pytest.mark.parametrize("sort", [sort.value for sort in VideoSort])
def test_a_list_of_videos_is_in_order_over_all_shards_page_by_page(
    libraries: tuple[Database, Database], sort: str
) -> None:
    def titles(database: Database) -> list[str]:
        lists, found, after = VideoLists(database), list[str](), None
        while True:
            page = lists.page(Listing(q="film", sort=VideoSort(sort)), limit=10, after=after)
            assert page.total == NUM_FILMS
            found += [each.video.title for each in page.videos]
            after = page.next
            if after is None:
                return found

    one, three = map(titles, libraries)
    if sort in (VideoSort.NEWEST, VideoSort.TITLE):  # the others are the same of all films
        assert three == one
    assert sorted(three) == sorted(one)


def test_what_is_asked_by_its_id_is_found_in_whichever_shard_it_is(
    libraries: tuple[Database, Database],
) -> None:
    _, three = libraries
    library, contents = Library(three), Contents(three)
    for video in library.list_videos(limit=100):
        scenes = contents.scenes(video.id)
        assert library.get_video(video.id).title == video.title
        assert len(scenes) == len(contents.spoken(video.id)) == video.num_scenes
        assert library.get_keyframe_path(scenes[0].id) == scenes[0].keyframes[0][1]
        assert contents.span_of(scenes[1].id)[0] == video.id


def test_what_knows_of_one_database_only_is_refused(libraries: tuple[Database, Database]) -> None:
    _, three = libraries
    with pytest.raises(NotForShards, match="spread over 3 databases"):
        three.rows("SELECT count(*) FROM video")
    with three.reading() as connection, pytest.raises(NotForShards):
        connection.execute(sa.text("SELECT 1"))
    with pytest.raises(NotForShards), three.session():
        pass


def test_one_shard_alone_is_no_library(new_settings: NewSettings, tmp_path: Path) -> None:
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 2) as urls,
    ):
        spread_over(urls, home)
        with pytest.raises(DatabaseUnsuitable, match="a part of a library"):
            open_database(home.model_copy(update={"database_url": urls[1]}))
        for wrong, why in (
            (urls[:1], "spread over 2 databases, and DATABASE_SHARD_URLS names 1"),
            (urls[::-1], "is shard 1, and DATABASE_SHARD_URLS names it as 0"),
            (
                [*urls, str(home.database_url)],
                "names 3: .*run python -m database up",
            ),
        ):
            named = {"database_url": None, "database_shard_urls": ",".join(wrong)}
            with pytest.raises(DatabaseUnsuitable, match=why):
                open_database(home.model_copy(update=named))
        both = home.model_copy(update={"database_shard_urls": ",".join(urls)})
        with pytest.raises(DatabaseUnsuitable, match="unset one of them"):
            open_database(both)


def test_a_new_shard_is_indexed_as_the_library_is_and_keeps_its_number(
    new_settings: NewSettings, tmp_path: Path
) -> None:
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 2) as urls,
    ):
        with opened(home.model_copy(update={"database_url": urls[0]})) as one:
            Tuning(one).take("minilm-l6", 200)
        with opened(spread_over(urls, home)) as two:
            for shard in two.parts:
                assert Spaces(shard).get("minilm-l6").bit_candidates == 200
                assert not Spaces(shard).lacks_index("minilm-l6")
            with pytest.raises(DatabaseUnsuitable, match="a part of a library"):
                downgrade_schema(two.parts[1])
        assert spread_over(urls, home).shard_urls == tuple(urls)


def test_a_database_that_is_named_twice_is_no_shard(
    new_settings: NewSettings, tmp_path: Path
) -> None:
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 1) as urls,
        pytest.raises(DatabaseUnsuitable, match="names one database twice"),
    ):
        spread_over(urls * 2, home)


def test_a_consistent_hash_moves_only_what_belongs_to_the_new_shard() -> None:
    contents = [digest(str(number)) for number in range(4000)]
    before, after = ([shard_of(content, num) for content in contents] for num in (3, 4))
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {3}
    assert len(moved) == pytest.approx(1000, rel=0.15)
    assert {before.count(number) // 100 for number in range(3)} <= {12, 13, 14}
