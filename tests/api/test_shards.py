"""A library in three databases, as a person meets it: ingested and searched by commands, and served
over HTTP."""

import json
from pathlib import Path

import pytest

from database.server.connection import Database
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from tests.helpers.commands import outcomes, run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import serving
from tests.helpers.media import drawn, make_video
from tests.helpers.records import TEXT
from tests.helpers.shards import empty_databases, opened, spread_over

NUM_FILMS = 2


def num_videos(database: Database) -> list[int]:
    """In each shard."""
    return [part.rows("SELECT count(*) FROM video")[0][0] for part in database.parts]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder of short films, each of one picture."""
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(NUM_FILMS):
        make_video(folder / f"film-{number}.mp4", [drawn(number)])
    return folder


def test_films_are_ingested_into_three_databases_searched_and_served(
    new_settings: NewSettings, tmp_path: Path, films: Path, encoders: Encoders
) -> None:
    for space in PROFILES["bundled"].spaces:  # made ready for use, which takes long the first time
        encoders.encode_items(space, ["film"] if space.key == TEXT else [drawn(0)])
    with (
        new_settings(tmp_path / "home") as home,
        empty_databases(new_settings, tmp_path, 3) as urls,
    ):
        settings = spread_over(urls, home)
        done = run_command("ingest", films, "--json", "--keyframes-only", settings=settings)
        assert {line["status"] for line in outcomes(done).values()} == {"done"}
        again = run_command("ingest", films, "--json", "--keyframes-only", settings=settings)
        assert {line["status"] for line in outcomes(again).values()} == {"unchanged"}
        with opened(settings) as database:
            assert sum(num_videos(database)) == NUM_FILMS
        found = run_command("search", "film", "--json", settings=settings)
        hits = json.loads(found.stdout)["results"]
        assert len({hit["video"]["id"] for hit in hits}) == NUM_FILMS
        refused = run_command("ingest.backfill", "--all", settings=settings)
        assert refused.returncode == 1
        assert "not there yet for a library that is spread over 3 databases" in refused.stderr
        with serving(settings) as server:
            client = server.client
            answer = client.get("/search/multimodal/quick", params={"q": "film"}).json()
            assert answer["total"] == NUM_FILMS
            assert client.get("/search/quick", params={"q": "film"}).status_code == 200
            videos = client.get("/videos").json()["videos"]
            assert [video["id"] for video in videos] == sorted(hit["video"]["id"] for hit in hits)
            for hit in hits:
                video = hit["video"]["id"]
                assert client.get(f"/videos/{video}").json()["title"] == hit["video"]["title"]
                part = client.get(f"/videos/{video}/stream", headers={"Range": "bytes=0-9"})
                assert (part.status_code, len(part.content)) == (206, 10)
                still = client.get(hit["keyframe_url"])
                assert still.headers["content-type"] == "image/jpeg"
            assert client.get("/videos/5").status_code == 404
            assert client.get("/").status_code == 200
            first = videos[0]["id"]
            assert client.put(f"/videos/{first}/tags", json={"tags": ["kept"]}).status_code == 200
            assert client.get(f"/videos/{first}").json()["tags"] == ["kept"]
