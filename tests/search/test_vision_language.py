"""A library that is searched by a space of a vision-language model."""

import contextlib
from pathlib import Path

import numpy as np

from database.opening import open_database
from embeddings.loaded import Encoders
from scripts.tiny.drawing import draw_shape
from search.multi_modal_search import MultiModalSearchEngine
from tests.helpers.commands import run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.media import solid, write_video
from tests.helpers.tiny_models import THINGS, VLM, tiny_vlm
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


def test_what_a_local_model_writes_of_pictures_finds_them(
    new_settings: NewSettings, home: Path
) -> None:
    with new_settings(home / "described-by-vlm") as bare:
        (bare.home / "films").mkdir(parents=True)
        rng = np.random.default_rng(11)
        for number, thing in enumerate(THINGS):
            frames = [draw_shape(*thing, 240, rng)] * 20
            write_video(bare.home / "films" / f"{number}.mp4", frames)
        done = run_command("ingest", bare.home / "films", settings=bare)
        assert done.returncode == 0, done.stderr
        settings = bare.model_copy(update={"embedding_model_dir": tiny_vlm()})
        done = run_command("ingest.backfill", "--descriptions", "--by", VLM.key, settings=settings)
        assert done.returncode == 0, done.stderr
        with contextlib.closing(open_database(settings)) as database:
            engine = MultiModalSearchEngine(database, Encoders(settings.runtime(1)))
            for thing in THINGS:
                name = " ".join(thing)
                (first, *_) = engine.search(name, weights=(0, 1)).hits
                said = [e.moment for e in first.evidence if e.moment.kind == "description"]
                assert {each.text for each in said} == {f"a drawing of a {name}"}
                assert all((each.made_by or "").startswith(VLM.key) for each in said)
