"""A library from its ingest to an answer: described by a command through Ollama, and then found by
that."""

from pathlib import Path

import httpx
import numpy as np

from tests.helpers.commands import run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import serving
from tests.helpers.media import write_video
from tests.helpers.ollama import sees, serving_ollama

RED, BLUE = (200, 20, 20), (20, 20, 200)
SAID = {
    "red": "Two tugboats pull a ferry past a lighthouse.",
    "blue": "A chef slices ripe tomatoes on a board.",
}
NOBODY = "http://127.0.0.1:9"
DESCRIBE = ("ingest.backfill", "--descriptions")
QUERY = "tugboats near a lighthouse"


def found(client: httpx.Client, path: str, **parameters: str) -> list[tuple[float, str, str]]:
    """Where the hits that are no weak match begin, with the kind and text of their best
    evidence."""
    answer = client.get(path, params={"q": QUERY, **parameters})
    assert answer.status_code == 200, answer.text
    assert not answer.json()["degraded"], answer.text
    hits = [hit for hit in answer.json()["results"] if not hit["weak"]]
    return [(h["start_s"], h["evidence"][0]["kind"], h["evidence"][0]["text"]) for h in hits]


def test_a_library_that_ollama_has_described_is_found_by_that_and_without_it_by_all_else(
    new_settings: NewSettings, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    plain = [np.full((90, 160, 3), colour, np.uint8) for colour in (BLUE, RED)]
    write_video(films / "plain.mp4", [picture for picture in plain for _ in range(50)])
    llava = sees("llava:latest", says=SAID.__getitem__)
    with new_settings(tmp_path / "home") as settings:
        done = run_command("ingest", films, settings=settings)
        assert done.returncode == 0, done.stderr
        with serving(settings, OLLAMA_BASE_URL=NOBODY) as server:
            refused = run_command(*DESCRIBE, settings=settings, OLLAMA_BASE_URL=NOBODY)
            assert refused.returncode == 1
            assert f"there is no Ollama at {NOBODY}" in refused.stderr
            for path in ("/search/multimodal/quick", "/search/quick"):
                assert found(server.client, path) == []
            (named,) = found(server.client, "/search/quick", q="plain.mp4")
            assert named[1:] == ("title", "plain · plain.mp4")

            with serving_ollama(llava) as ollama:
                done = run_command(*DESCRIBE, settings=settings, OLLAMA_BASE_URL=ollama.url)
            assert done.returncode == 0, done.stderr
            for mode in ("balanced", "vision_heavy"):
                first, *_ = found(server.client, "/search/multimodal/quick", mode=mode)
                assert first == (2.0, "description", SAID["red"])
            quick = server.client.get("/search/quick", params={"q": QUERY})
            assert quick.status_code == 200
            assert SAID["red"] not in quick.text
