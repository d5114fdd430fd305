"""A video with several sound tracks, over HTTP: what is told of it, and the subtitles of each."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from database.models import MomentKind
from database.opening import open_database
from database.videos.stored import Store
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import answered, assert_problem, search, serving
from tests.helpers.openapi import assert_documented
from tests.helpers.records import COMMENTARY, commented, file, video

FIRST = {"start_s": 2.5, "end_s": 3.5, "text": "A train leaves.", "language": "en", "track": None}
COMMENT = {
    "start_s": 2.75,
    "end_s": 3.75,
    "text": "The director built this platform from plywood.",
    "language": "en",
    "track": COMMENTARY,
}

NO_WORDS = {"words": None}
"""Of what was stored before times of words were kept."""


@pytest.fixture(scope="module")
def client(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Of a library with a commented film and a plain one."""
    with new_settings(tmp_path_factory.mktemp("tracks") / "home") as settings:
        with contextlib.closing(open_database(settings)) as database:
            Store(database).save_video(commented("film"), file("/v/film.mkv"))
            Store(database).save_video(video("plain"), file("/v/plain.mkv"))
        with serving(settings) as server:
            yield server.client


def test_a_video_tells_its_notes_its_tracks_and_who_speaks_on_which(client: httpx.Client) -> None:
    film = answered(client.get("/videos/1"))
    document = client.get("/openapi.json").json()
    assert_documented(film, "get", "/videos/{video_id}", document)
    assert film["notes"] == list(commented("film").notes)
    assert film["clock"] == [[0.0, 0.0], [10.0, 95_000.5]]
    assert film["tracks"] == [COMMENTARY]
    assert film["transcript"] == [FIRST, COMMENT]
    plain = answered(client.get("/videos/2"))
    assert (plain["notes"], plain["tracks"], plain["clock"]) == ([], [], None)
    assert plain["status"] == "done"
    notes = [listed["notes"] for listed in client.get("/videos").json()["videos"]]
    assert notes == [film["notes"], []]


def test_subtitles_are_of_one_track_so_that_no_lines_overlap(client: httpx.Client) -> None:
    for kind in ("vtt", "srt"):
        whole = client.get(f"/videos/1/transcript.{kind}").text
        assert (whole.count("-->"), "A train leaves." in whole) == (1, True)
        other = client.get(f"/videos/1/transcript.{kind}", params={"track": COMMENTARY}).text
        assert (other.count("-->"), "plywood" in other) == (1, True)
    assert client.get("/videos/1/transcript.json").json() == [FIRST | NO_WORDS]
    named = client.get("/videos/1/transcript.json", params={"track": COMMENTARY})
    assert named.json() == [COMMENT | NO_WORDS]


def test_a_transcript_tells_when_each_word_is_said(
    new_settings: NewSettings, tmp_path: Path
) -> None:
    words = ((0, 2.5, 2.75), (3, 2.75, 3.0), (7, 3.0, 3.25), (8, 3.25, 3.5))
    record = video("spoken", text="Ça va, 列车?")
    moments = tuple(
        dataclasses.replace(moment, words=words) if moment.kind is MomentKind.SPEECH else moment
        for moment in record.moments
    )
    with new_settings(tmp_path / "home") as settings:
        with contextlib.closing(open_database(settings)) as database:
            spoken = dataclasses.replace(record, moments=moments)
            Store(database).save_video(spoken, file("/v/spoken.mkv"))
        with serving(settings) as server:
            (said,) = server.client.get("/videos/1/transcript.json").json()
    assert said["words"] == [
        {"first": 0, "text": "Ça", "start_s": 2.5, "end_s": 2.75},
        {"first": 3, "text": "va,", "start_s": 2.75, "end_s": 3.0},
        {"first": 7, "text": "列", "start_s": 3.0, "end_s": 3.25},
        {"first": 8, "text": "车?", "start_s": 3.25, "end_s": 3.5},
    ]


@pytest.mark.parametrize("track", ["", "commentary (en)", "\x00", "–" * 900, "None"])
@pytest.mark.parametrize("kind", ["vtt", "json"])
def test_a_track_that_is_not_there_is_not_found(
    track: str, kind: str, client: httpx.Client
) -> None:
    answer = client.get(f"/videos/1/transcript.{kind}", params={"track": track})
    assert "`tracks`" in assert_problem(answer, 404)
    assert client.get("/videos/9/transcript.vtt", params={"track": track}).status_code == 404


def test_what_is_found_on_a_track_names_it(client: httpx.Client) -> None:
    (hit,) = search(client, '"plywood"')["results"]
    assert [(each["text"], each["track"]) for each in hit["evidence"]][:1] == [
        (COMMENT["text"], COMMENTARY)
    ]
    (moment,) = answered(client.get("/videos/1/moments", params={"q": '"plywood"'}))["moments"]
    assert (moment["kind"], moment["track"]) == ("speech", COMMENTARY)
    shown = [e for hit in search(client, "exit")["results"] for e in hit["evidence"]]
    assert {each["track"] for each in shown if each["kind"] == "ocr"} == {None}
