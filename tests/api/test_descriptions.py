"""What a model wrote of pictures, over HTTP: found as what is shown, named as a model's words."""

from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest

from api.web.rendering import page
from database.videos.contents import Described, SceneInfo
from embeddings.loaded import Encoders
from tests.helpers.described import MADE_BY, fill_settings
from tests.helpers.drilling import Made
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import serving

TUGBOATS = "Two tugboats pull a ferry past a lighthouse in the fog."


@pytest.fixture(scope="module")
def client(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[httpx.Client]:
    """Of a server of tests/helpers/described.py."""
    with new_settings(tmp_path_factory.mktemp("described") / "home") as settings:
        fill_settings(settings, encoders)
        with serving(settings) as server:
            yield server.client


@pytest.mark.parametrize("mode", ["balanced", "vision_heavy"])
def test_a_scene_is_found_by_its_description(client: httpx.Client, mode: str) -> None:
    asked = {"q": "tugboats in the fog", "mode": mode}
    first = client.get("/search/multimodal/quick", params=asked).json()["results"][0]
    assert (first["video"]["title"], first["start_s"], first["weak"]) == ("harbour", 10.0, False)
    (evidence, *_) = first["evidence"]
    assert (evidence["kind"], evidence["made_by"]) == ("description", MADE_BY)
    assert evidence["text"] == TUGBOATS


def test_what_is_said_and_written_is_searched_without_descriptions(client: httpx.Client) -> None:
    quick = client.get("/search/quick", params={"q": "tugboats in the fog"}).json()
    only_texts = {"query": "tugboats in the fog", "use_vision": False}
    for answer in (quick, client.post("/search/multimodal", json=only_texts).json()):
        assert not answer["confident"]
        kinds = {each["kind"] for hit in answer["results"] for each in hit["evidence"]}
        assert kinds == {"speech"}


def test_what_a_query_finds_in_a_video_names_the_model(client: httpx.Client) -> None:
    moments = client.get("/videos/1/moments", params={"q": "tugboats"}).json()["moments"]
    (found,) = [moment for moment in moments if moment["kind"] == "description"][-1:]
    assert (found["text"], found["made_by"]) == (TUGBOATS, MADE_BY)
    assert found["keyframe_url"] == "/scenes/2/keyframe.jpg?at_s=15.0"


def test_the_scenes_of_a_video_have_their_descriptions(client: httpx.Client) -> None:
    _, second = client.get("/videos/1/scenes").json()["scenes"]
    assert second["descriptions"] == [{"time_s": 15.0, "text": TUGBOATS, "made_by": MADE_BY}]
    sold, _ = client.get("/videos/3/scenes").json()["scenes"]
    assert sold["descriptions"] == []
    assert client.get("/videos/1/transcript.srt").text.count("tugboats") == 0


def test_what_a_model_wrote_of_several_pictures_of_a_scene_is_shown_once() -> None:
    """Pictures that look alike are described once, for all of them."""
    said = (Described(1.0, "A red crane.", MADE_BY), Described(4.0, "A red crane.", MADE_BY))
    other = Described(6.0, "A ship.", MADE_BY)
    scene = SceneInfo(1, 0.0, 8.0, (), (), 0, (*said, other))
    scenes = SimpleNamespace(scenes=[scene], earlier=None, later=None)
    html = bytes(page("_scenes.html", video=SimpleNamespace(id=1), scenes=scenes).body).decode()
    assert html.count(">A red crane.<") == html.count(">A ship.<") == 1
    assert html.count("described by llava:7b: A red crane.") == 1


def test_an_edit_says_that_a_hit_is_described_and_subtitles_hold_what_is_said(
    client: httpx.Client,
) -> None:
    search = {"query": "a red crane lifts a container", "limit": 1}
    edl = client.post("/exports", json={"format": "edl", "search": search}).text
    assert f"described (by {MADE_BY}): “A red crane lifts a container onto a ship.”" in edl
    table = client.post("/exports", json={"format": "json", "search": search}).json()
    (described, *_) = table["selections"][0]["evidence"]
    assert (described["kind"], described["made_by"]) == ("description", MADE_BY)
    subtitles = client.post("/exports", json={"format": "srt", "search": search}).text
    assert "The morning shift begins at six." in subtitles
    assert "container" not in subtitles


def test_a_page_offers_what_is_described_only_where_something_is(
    client: httpx.Client, made: Made
) -> None:
    assert 'name="kinds" value="description"' in client.get("/").text
    assert 'name="kinds" value="speech"' in made.client.get("/").text
    assert 'name="kinds" value="description"' not in made.client.get("/").text
