"""A library that is searched by a space of a vision-language model."""

import contextlib
from pathlib import Path

from database.opening import open_database
from embeddings.loaded import Encoders
from search.multi_modal_search import MultiModalSearchEngine
from tests.helpers.commands import run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.media import solid, write_video
from tests.helpers.tiny_vlm import declare_tiny_vlm

KEY = "my-vlm"


def test_a_library_is_filled_with_it_and_searched_by_its_vectors(
    new_settings: NewSettings, home: Path, tmp_path: Path
) -> None:
    """What it finds is by chance, as its weights are; that it finds by its vectors is not."""
    colours = {"reds": (200, 30, 30), "greens": (30, 180, 30), "blues": (30, 30, 200)}
    with new_settings(home / "seen-by-vlm") as bare:
        (bare.home / "films").mkdir(parents=True)
        for name, colour in colours.items():
            frames = [solid(*colour, (64, 48))] * 20
            write_video(bare.home / "films" / f"{name}.mp4", frames)
        done = run_command("ingest", bare.home / "films", settings=bare)
        assert done.returncode == 0, done.stderr
        settings = bare.model_copy(update={"embedding_model_dir": declare_tiny_vlm(tmp_path, KEY)})
        done = run_command("ingest.backfill", "--spaces", KEY, settings=settings)
        assert done.returncode == 0, done.stderr
        assert f"{KEY}: 3 of 3 moments" in done.stdout
        encoders = Encoders(settings.runtime(1))
        space = encoders.spaces[KEY]
        with contextlib.closing(open_database(settings)) as database:
            engine = MultiModalSearchEngine(database, encoders)
            hits = engine.search("a red room", spaces=[KEY]).hits
        query = encoders.encode_query(space, "a red room")
        pictures = [solid(*colour, (64, 48)) for colour in colours.values()]
        scores = encoders.encode_items(space, pictures) @ query
        expected = [name for _, name in sorted(zip(-scores, colours, strict=True))]
        assert [hit.video.title for hit in hits] == expected
