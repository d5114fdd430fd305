"""A video of hours: its scenes and its transcript come in pages, and a page takes what it takes,
however long the video is."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.views.parts import MAX_LINES
from database.opening import open_database
from database.server.connection import Database
from database.videos.contents import Contents, Place
from database.videos.records import Subtitles
from database.videos.stored import Store
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import answered, assert_problem, serving
from tests.helpers.long_videos import LINES_PER_HOUR, SCENES_PER_HOUR, long_video
from tests.helpers.records import file, video
from tests.helpers.statements import sent_statements

HOURS = 2
LONG, SHORT, MUTE = 1, 2, 3
SUBTITLES = Subtitles(None, "de", None, tuple((n, n + 1, f"Zeile {n}") for n in range(MAX_LINES)))


@pytest.fixture(scope="module")
def library(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, Database]]:
    """Of a video of two hours, a short one, and one whose only words are its subtitles."""
    with (
        new_settings(tmp_path_factory.mktemp("long") / "home") as settings,
        contextlib.closing(open_database(settings)) as database,
    ):
        store = Store(database)
        store.save_video(long_video("long", HOURS), file("/library/long.mp4"))
        store.save_video(video("short"), file("/library/short.mp4"))
        mute = replace(video("mute"), moments=(), duration_s=MAX_LINES, subtitles=(SUBTITLES,))
        store.save_video(mute, file("/library/mute.mp4"))
        with serving(settings) as server:
            yield server.client, database


@pytest.fixture(scope="module")
def client(library: tuple[httpx.Client, Database]) -> httpx.Client:
    return library[0]


@pytest.fixture(scope="module")
def database(library: tuple[httpx.Client, Database]) -> Database:
    return library[1]


def pages(client: httpx.Client, address: str, limit: int) -> Iterator[dict[str, Any]]:
    after: dict[str, str | int] = {}
    while True:
        page = answered(client.get(address, params={"limit": limit, **after}))
        yield page
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def test_the_pages_of_scenes_join_without_gap_or_repeat(client: httpx.Client) -> None:
    found = list(pages(client, f"/videos/{LONG}/scenes", 400))
    assert [len(page["scenes"]) for page in found] == [400, 400, 400, 300]
    starts = [scene["start_s"] for page in found for scene in page["scenes"]]
    assert starts == pytest.approx([n * 3600 / SCENES_PER_HOUR for n in range(1500)])
    first = found[0]["scenes"][1]
    assert first["on_screen_text"] == ["PAGE 1: drill"]
    assert [still["time_s"] for still in first["keyframes"]] == pytest.approx([6.8])


def test_the_pages_of_a_transcript_join_without_gap_or_repeat(client: httpx.Client) -> None:
    found = list(pages(client, f"/videos/{LONG}/transcript", 500))
    lines = [line for page in found for line in page["transcript"]]
    said = [int(re.findall(r"\d+", line["text"])[0]) for line in lines]
    assert said == list(range(HOURS * LINES_PER_HOUR))
    assert lines[0]["words"][0] == {"first": 0, "text": "Part", "start_s": 0.0, "end_s": 0.1}
    whole = client.get(f"/videos/{LONG}/transcript.json").json()
    assert whole == lines


def test_a_video_has_its_first_pages_and_tells_where_they_go_on(client: httpx.Client) -> None:
    long = answered(client.get(f"/videos/{LONG}"))
    assert (len(long["scenes"]), len(long["transcript"])) == (500, 500)
    scenes = client.get(f"/videos/{LONG}/scenes", params={"after": long["scenes_next"]}).json()
    assert scenes["scenes"][0]["start_s"] == pytest.approx(500 * 3600 / SCENES_PER_HOUR)
    spoken = {"after": long["transcript_next"], "limit": 1}
    (line,) = client.get(f"/videos/{LONG}/transcript", params=spoken).json()["transcript"]
    assert line["text"].startswith("Part 500:")
    short = answered(client.get(f"/videos/{SHORT}"))
    assert (short["scenes_next"], short["transcript_next"]) == (None, None)
    assert len(short["scenes"]) == 2


@pytest.mark.parametrize("address", [
    "scenes?after=-1", "scenes?after=1e3", "scenes?after=99999999999", "scenes?limit=0",
    "scenes?limit=501", "scenes?before=3", "transcript?after=yesterday", "transcript?after=1.5",
    "transcript?after=nan-3", "transcript?after=inf-3", "transcript?after=-1-3",
    "transcript?after=1-99999999999999999999", "transcript?after=%00", "transcript?track=x",
])  # fmt: skip
def test_a_page_that_there_is_none_of_is_refused(client: httpx.Client, address: str) -> None:
    assert_problem(client.get(f"/videos/{LONG}/{address}"), 422)


@pytest.mark.parametrize("kind", ["scenes", "transcript"])
def test_a_video_that_is_not_there_has_no_pages(client: httpx.Client, kind: str) -> None:
    assert_problem(client.get(f"/videos/9/{kind}"), 404)
    beyond = {"scenes": "2000", "transcript": "99999-1"}[kind]
    page = answered(client.get(f"/videos/{LONG}/{kind}", params={"after": beyond}))
    assert (page[kind], page["next"]) == ([], None)


def rows_read(database: Database, read: Any) -> float:
    """The rows that the statements of a read go through, in all nodes of their plans, as PostgreSQL
    counts them."""
    with sent_statements() as sent:
        read()
    assert sent
    with database.connection() as driver:
        return sum(_rows_of(statement.plan(driver)) for statement in sent)


def _rows_of(node: dict[str, Any]) -> float:
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return float(own * node["Actual Loops"] + sum(map(_rows_of, node.get("Plans", ()))))


def test_a_page_in_the_middle_of_a_long_video_reads_no_more_rows_than_it_shows(
    database: Database,
) -> None:
    contents, limit = Contents(database), 50
    with database.engine.begin() as connection:
        connection.execute(sa.text("ANALYZE scene, moment"))  # as at the end of an ingest
    middle = Place(3600.0, 0)
    reads = {
        "spoken": lambda: contents.spoken(LONG, after=middle, limit=limit),
        "before": lambda: contents.spoken_before(LONG, middle, limit),
        "scenes": lambda: contents.scenes(LONG, after=700, limit=limit),
        "some": lambda: contents.scenes_at(LONG, range(0, 1500, 30)),
    }
    for name, read in reads.items():
        assert rows_read(database, read) <= 12 * limit, name


def test_the_last_subtitles_are_shown_at_the_end_of_a_video(client: httpx.Client) -> None:
    page = client.get(f"/watch/{MUTE}", params={"t": MAX_LINES})
    assert f"Zeile {MAX_LINES - 1}" in page.text


def test_subtitles_go_no_further_than_their_last_line(client: httpx.Client) -> None:
    lines = f"/watch/{MUTE}/lines"
    assert "Zeile 399" in client.get(lines, params={"track": 0, "line": 399}).text
    beyond = client.get(lines, params={"track": 0, "line": MAX_LINES})
    assert beyond.status_code == 404
