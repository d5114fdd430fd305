"""Spaces added to a library that is there already: filled, searched, exchanged, removed."""

import contextlib
import json
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from typer.testing import CliRunner

from database.check import find_faults
from database.errors import (
    SpaceBusy,
    SpaceIncomplete,
    SpaceInUse,
    SpaceMismatch,
    UnknownStoredSpace,
)
from database.models import SpaceState
from database.opening import open_database
from database.queries.filters import Filters
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces.coverage import Coverage
from database.spaces.spaces import Spaces
from database.videos.contents import Contents
from database.videos.read import Library
from embeddings.loaded import Encoders
from embeddings.registry.families import image_text
from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from ingest.backfill import app
from ingest.settings import IngestSettings
from scripts.tiny.drawing import draw_shape
from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from tests.helpers import tiny_models
from tests.helpers.commands import environment, outcomes, run_command, start_command
from tests.helpers.films import THINGS, draw_films
from tests.helpers.fixtures import NewSettings
from tests.helpers.media import write_video
from tests.helpers.sql import execute, forget_vectors
from tests.helpers.tiny_models import CLIP, TIMESFORMER_LABELS, VIDEOMAE, VIDEOMAE_LABELS

ALL_TINY = [part for space in tiny_models.SPACES for part in ("--spaces", space.key)]
MOTIONS = ("moving left", "moving right", "moving up", "moving down", "growing", "shrinking")


@pytest.fixture(scope="module")
def filled(new_settings: NewSettings, home: Path) -> Iterator[DatabaseSettings]:
    """Nine drawn films, ingested as bundled, then backfilled in all tiny spaces; the run that
    fills them is killed in the middle and run again."""
    model_dir = tiny_models.tiny_models()
    with new_settings(home / "backfilled") as bare:
        settings = bare.model_copy(update={"embedding_model_dir": model_dir})
        draw_films(settings.home / "films")
        done = run_command("ingest", settings.home / "films", "--json", settings=bare)
        assert done.returncode == 0, done.stderr
        _kill_in_the_middle(settings)
        done = run_command("ingest.backfill", *ALL_TINY, settings=settings)
        assert done.returncode == 0, done.stderr
        assert f"{VIDEOMAE_LABELS.key}: 9 of 9 moments, active" in done.stdout
        yield settings


def _kill_in_the_middle(settings: DatabaseSettings) -> None:
    running = start_command("ingest.backfill", *ALL_TINY, "-q", settings=settings)
    with contextlib.closing(open_database(settings)) as database:
        query = sa.text("SELECT count(*) FROM embedding WHERE space LIKE 'tiny-%'")
        deadline = time.monotonic() + 100
        found = 0
        while found == 0 and time.monotonic() < deadline and running.poll() is None:
            with database.session() as session:
                found = session.scalar(query) or 0
        running.send_signal(signal.SIGKILL)
        said = running.communicate()
        assert found > 0, said
        assert not all(Spaces(database).coverage(s.key).complete for s in tiny_models.SPACES)
        assert find_faults(database, settings.keyframes_dir) == []


@pytest.fixture
def library(filled: DatabaseSettings) -> Iterator[Database]:
    with contextlib.closing(open_database(filled)) as database:
        yield database


@pytest.fixture(scope="module")
def tiny(filled: DatabaseSettings) -> Encoders:
    return Encoders(filled.runtime(2))


@pytest.fixture
def engine(library: Database, tiny: Encoders) -> MultiModalSearchEngine:
    return MultiModalSearchEngine(library, tiny)


def rank(engine: MultiModalSearchEngine, query: str, space: str, *among: int) -> int:
    """Where the film that is named by the query stands, among these videos or all."""
    filters = Filters(video_ids=among or None)
    hits = engine.search(query, spaces=[space], filters=filters).hits
    return next(hit.rank for hit in hits if hit.video.title == query)


@pytest.mark.parametrize("space", [VIDEOMAE_LABELS.key, TIMESFORMER_LABELS.key])
def test_a_motion_is_found_by_its_name_through_each_video_model_alone(
    space: str, engine: MultiModalSearchEngine
) -> None:
    # The models are right in all but a few of a hundred drawings: one may come second.
    ranks = sorted(rank(engine, motion, space) for motion in MOTIONS)
    assert ranks[:5] == [1] * 5
    assert ranks[5] <= 3


def test_a_thing_is_found_by_its_description_through_clip_alone(
    library: Database, engine: MultiModalSearchEngine
) -> None:
    things = [" ".join(thing) for thing in THINGS]
    among = [v.id for v in Library(library).list_videos(limit=100) if v.title in things]
    assert [rank(engine, thing, CLIP.key, *among) for thing in things] == [1, 1, 1]


def test_a_backfill_that_was_killed_ends_complete_and_sound(
    filled: DatabaseSettings, library: Database
) -> None:
    spaces = Spaces(library)
    for space in tiny_models.SPACES:
        coverage = spaces.coverage(space.key)
        assert coverage.embedded == coverage.wanted >= 9, space.key
    assert find_faults(library, filled.keyframes_dir) == []


def test_a_space_is_searched_by_itself_only_where_its_slot_was_empty(library: Database) -> None:
    states = {key: info.state for key, info in Spaces(library).all().items()}
    assert states[VIDEOMAE_LABELS.key] is SpaceState.ACTIVE
    assert states[CLIP.key] is SpaceState.FILLING
    assert states["imagenet-concepts"] is SpaceState.ACTIVE


def test_each_space_has_a_partition_and_one_that_is_searched_an_index(library: Database) -> None:
    spaces = Spaces(library)
    for space in tiny_models.SPACES:
        is_searched = spaces.all()[space.key].state is SpaceState.ACTIVE
        assert spaces.lacks_index(space.key) is not is_searched


def test_clips_that_move_alike_are_similar_by_their_features(
    filled: DatabaseSettings, library: Database, engine: MultiModalSearchEngine
) -> None:
    ids = {v.title: v.id for v in Library(library).list_videos(limit=100)}
    scene = Contents(library).scenes(ids["growing"])[0].id
    hits = engine.similar(scene, space=VIDEOMAE.key).hits
    assert len(hits) == 8
    assert all(hit.evidence[0].found.leg == VIDEOMAE.key for hit in hits)


def test_a_space_that_is_unknown_or_holds_features_is_no_space_to_search(
    engine: MultiModalSearchEngine,
) -> None:
    with pytest.raises(InvalidQuery, match=r"no space 'nope'; it has .*tiny-clip"):
        engine.search("growing", spaces=["nope"])
    with pytest.raises(InvalidQuery, match="holds features"):
        engine.search("growing", spaces=[VIDEOMAE.key])


def test_a_library_whose_model_is_not_here_says_so_at_once(filled: DatabaseSettings) -> None:
    bare = filled.model_copy(update={"embedding_model_dir": None})
    done = run_command("ingest", filled.home / "films", settings=bare)
    assert done.returncode == 2
    assert "searched in tiny-timesformer" in done.stderr
    assert "EMBEDDING_MODEL_DIR" in done.stderr
    answer = run_command("search", "growing", settings=bare)
    assert answer.returncode == 0
    assert "degraded: tiny-videomae-labels is not known here" in answer.stderr


def test_a_film_that_comes_later_is_embedded_in_every_space(
    filled: DatabaseSettings, library: Database, tmp_path: Path
) -> None:
    film = shutil.copy(filled.home / "films" / "growing.mp4", tmp_path / "again.mp4")
    with Path(film).open("ab") as file:
        file.write(b"\0" * 8)  # another content
    done = run_command("ingest", film, "--json", settings=filled)
    assert outcomes(done)["again.mp4"]["status"] == "done", done.stderr
    assert all(Spaces(library).coverage(space.key).complete for space in tiny_models.SPACES)
    assert find_faults(library, filled.keyframes_dir) == []


def test_only_one_process_fills_a_space(filled: DatabaseSettings, library: Database) -> None:
    with Spaces(library).filling(CLIP.key):
        done = run_command("ingest.backfill", "--spaces", CLIP.key, settings=filled)
    assert done.returncode == 1
    assert "tiny-clip is being filled by another process" in done.stderr


@pytest.fixture
def emptied(library: Database) -> None:
    """tiny-clip, without its vectors."""
    forget_vectors(library, CLIP.key)


Backfill = Callable[..., str]


@pytest.fixture
def backfill(filled: DatabaseSettings) -> Backfill:
    """The command on tiny-clip, which succeeds; what it prints."""

    def run(*arguments: object) -> str:
        options = ["--spaces", CLIP.key, "-q", *map(str, arguments)]
        with capture_logs():  # which the command prints on stderr
            done = CliRunner().invoke(app, options, env=environment(filled))
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.mark.usefixtures("emptied")
def test_a_part_can_be_filled_first(backfill: Backfill, library: Database) -> None:
    wanted = Spaces(library).num_wanted(CLIP.input)
    assert f"{wanted} of {wanted} moments would be embedded" in backfill("--dry-run")
    assert Spaces(library).coverage(CLIP.key).embedded == 0
    assert f"tiny-clip: 2 of {wanted} moments, filling" in backfill("--limit", 2)
    last = Spaces(library).moments_missing(CLIP.key, limit=100)[-1].video_id
    others = Spaces(library).moments_missing(CLIP.key, limit=100, video_id=last)
    done = 2 + len(others)
    assert f"tiny-clip: {done} of {wanted} moments, filling" in backfill("--video-ids", last)
    assert f"tiny-clip: {wanted} of {wanted} moments" in backfill()


@pytest.mark.usefixtures("emptied")
def test_several_videos_can_be_filled_alone_and_a_limit_holds_for_all_of_them(
    backfill: Backfill, library: Database
) -> None:
    spaces = Spaces(library)
    missing = Counter(m.video_id for m in spaces.moments_missing(CLIP.key, limit=100))
    first, second = list(missing)[1:3]
    named = ["--video-ids", second, "--video-ids", first]
    backfill(*named, "--limit", missing[second] + 1)
    left = Counter(m.video_id for m in spaces.moments_missing(CLIP.key, limit=100))
    assert missing - left == Counter({second: missing[second], first: 1})
    backfill(*named)
    left = Counter(m.video_id for m in spaces.moments_missing(CLIP.key, limit=100))
    assert missing - left == Counter({n: missing[n] for n in (first, second)})
    backfill()


@pytest.mark.usefixtures("emptied")
def test_json_lists_how_far_each_space_is(backfill: Backfill, library: Database) -> None:
    wanted = Spaces(library).num_wanted(CLIP.input)
    state = Spaces(library).all()[CLIP.key].state.value
    space = {"space": CLIP.key, "embedded": 0, "wanted": wanted, "state": state}
    assert json.loads(backfill("--dry-run", "--json")) == {"spaces": [space]}
    assert json.loads(backfill("--limit", 2, "--json")) == {"spaces": [space | {"embedded": 2}]}
    done = space | {"embedded": wanted}
    assert json.loads(backfill("--json")) == {"spaces": [done]}
    gone = space | {"state": None}
    assert json.loads(backfill("--drop", "--json")) == {"spaces": [gone]}
    assert json.loads(backfill("--dry-run", "--json")) == {"spaces": [gone]}
    assert json.loads(backfill("--json")) == {"spaces": [done]}


def test_json_names_both_spaces_of_an_exchange(backfill: Backfill) -> None:
    assert json.loads(backfill("--activate", "--json"))["spaces"][0]["state"] == "active"
    (taken_back, again) = json.loads(backfill("--rollback", "--json"))["spaces"]
    assert (taken_back["space"], again["space"]) == (CLIP.key, "imagenet-concepts")
    assert taken_back["state"] != again["state"] == "active"
    backfill("--drop")
    backfill()


def test_both_spaces_are_compared_on_labelled_queries_before_an_exchange(
    backfill: Backfill, tmp_path: Path
) -> None:
    queries = [
        {
            "id": film,
            "query": film,
            "modality": "vision",
            "targets": [{"file": f"{film}.mp4", "start": 0.0, "end": 2.0}],
        }
        for film in (" ".join(thing) for thing in THINGS)
    ]
    path = tmp_path / "queries.json"
    path.write_text(json.dumps({"queries": queries, "negatives": []}))
    before, after, _ = backfill("--activate", "--queries", path).splitlines()
    assert before.split(":")[0].strip() == "as it is"
    assert after.split(":")[0].strip() == "with the new spaces"
    for line in (before, after):
        assert "R@10" in line
    backfill("--rollback")
    backfill("--drop")
    backfill()


def test_a_limit_holds_for_each_of_several_spaces(
    filled: DatabaseSettings, library: Database
) -> None:
    keys = [space.key for space in tiny_models.SPACES if space is not CLIP]
    forget_vectors(library, *keys)
    named = [f"--spaces={key}" for key in keys]
    spaces = Spaces(library)
    for limit in (["--limit", "2"], []):
        done = CliRunner().invoke(app, [*named, "-q", *limit], env=environment(filled))
        assert done.exit_code == 0, done.output
        found = {spaces.coverage(key).embedded for key in keys}
        assert found == {2 if limit else spaces.num_wanted(VIDEOMAE.input)}


@pytest.mark.usefixtures("emptied")
def test_an_answer_says_how_far_a_wanted_space_is(
    backfill: Backfill, engine: MultiModalSearchEngine
) -> None:
    backfill("--limit", 2)
    answer = engine.search("growing")
    assert answer.degraded
    assert "tiny-clip holds 2 of" in answer.reasons[0]
    assert "python -m ingest.backfill --spaces tiny-clip" in answer.reasons[0]
    engine.ranker.choice.forget()
    backfill()
    assert not engine.search("growing").degraded


@pytest.mark.usefixtures("emptied")
def test_an_incomplete_space_is_not_made_active(backfill: Backfill, library: Database) -> None:
    backfill("--limit", 2)
    with pytest.raises(SpaceIncomplete, match="holds 2 of"):
        Spaces(library).activate(CLIP.key)
    backfill()


def test_a_model_is_exchanged_brought_back_and_removed(
    backfill: Backfill, filled: DatabaseSettings, engine: MultiModalSearchEngine
) -> None:
    def legs() -> set[str]:
        engine.ranker.choice.forget()
        hits = engine.search("red circle", weights=(0, 1)).hits
        return {e.found.leg for hit in hits for e in hit.evidence} & {CLIP.key, "imagenet-concepts"}

    assert "tiny-clip: " in backfill("--activate")
    assert legs() == {CLIP.key}
    assert "imagenet-concepts: active again" in backfill("--rollback")
    assert legs() == {"imagenet-concepts"}
    assert "tiny-clip: removed" in backfill("--drop")
    assert legs() == {"imagenet-concepts"}
    with pytest.raises(InvalidQuery, match="no space 'tiny-clip'"):
        engine.search("red circle", spaces=[CLIP.key])
    used = run_command("ingest.backfill", "--spaces=imagenet-concepts", "--drop", settings=filled)
    assert used.returncode == 1
    assert "imagenet-concepts is searched" in used.stderr
    backfill()


def test_a_space_that_is_removed_while_a_search_runs_is_no_failure(
    backfill: Backfill, engine: MultiModalSearchEngine, library: Database
) -> None:
    spaces = Spaces(library)
    spaces.activate(CLIP.key)
    before = engine.search("red circle")
    spaces.rollback(CLIP.key)
    spaces.drop(CLIP.key)
    after = engine.search("red circle")  # chosen from what was read before
    assert {hit.scene.scene_id for hit in after.hits} == {hit.scene.scene_id for hit in before.hits}
    backfill()


@pytest.mark.usefixtures("emptied")
def test_a_keyframe_that_is_gone_or_damaged_is_made_again_or_named(
    filled: DatabaseSettings, library: Database, backfill: Backfill
) -> None:
    moments = Spaces(library).moments_missing(CLIP.key, limit=100)
    again, lost = moments[0], moments[1]
    backfill("--video-ids", again.video_id)
    (before,) = Library(library).vectors_of([scene := _scene_of(library, again.id)], CLIP.key)[
        scene
    ]
    forget_vectors(library, CLIP.key)
    (filled.keyframes_dir / (again.image_path or "")).write_bytes(b"damaged")
    (filled.keyframes_dir / (lost.image_path or "")).unlink()
    film = Path(Library(library).get_video(lost.video_id).path)
    hidden = film.rename(film.with_suffix(".hidden"))
    done = run_command("ingest.backfill", "--spaces", CLIP.key, settings=filled)
    assert done.returncode == 3
    assert f"{film}: the file of video {lost.video_id} was moved" in done.stderr
    assert Spaces(library).moments_missing(CLIP.key, limit=100) == [lost]
    (after,) = Library(library).vectors_of([scene], CLIP.key)[scene]
    assert float(np.dot(before, after)) > 0.999
    hidden.rename(film)
    backfill()
    assert find_faults(library, filled.keyframes_dir) == []


def _scene_of(library: Database, moment_id: int) -> int:
    with library.session() as session:
        query = sa.text("SELECT scene_id FROM moment WHERE id = :id")
        return int(session.scalar(query, {"id": moment_id}) or 0)


def test_what_cannot_be_done_is_said(filled: DatabaseSettings, library: Database) -> None:
    spaces = Spaces(library)
    with pytest.raises(UnknownStoredSpace, match="no space mpnet-base"):
        spaces.activate("mpnet-base")
    with pytest.raises(UnknownStoredSpace, match="before in the slot text"):
        spaces.rollback("minilm-l6")
    with pytest.raises(SpaceInUse, match="minilm-l6 is searched"):
        spaces.drop("minilm-l6")
    with pytest.raises(SpaceInUse, match="tiny-clip is not searched"):
        spaces.rollback("tiny-clip")
    with spaces.filling(CLIP.key), pytest.raises(SpaceBusy, match="is being filled"):
        spaces.drop(CLIP.key)
    changed = image_text("tiny-clip", 64, HubWeights("tiny-clip", "other"))
    with pytest.raises(SpaceMismatch, match="a changed model needs a key of its own"):
        spaces.add([changed])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say what to fill"),
        (["--all", "--spaces", "tiny-clip"], "say what to fill"),
        (["--all", "--activate", "--drop"], "exclude each other"),
        (["--spaces", "nope"], "no space or model 'nope'"),
        (["--profile", "best"], "no profile 'best'"),
        (["--all", "--drop"], "--rollback and --drop need --spaces"),
        (["--all", "--queries", "none.json"], "--queries goes with --activate"),
        (["--all", "--activate", "--queries", "none.json"], "no such file of labelled queries"),
        (["--space", "tiny-clip"], "No such option: --space"),
        (["--all", "--video-ids", "growing"], "--video-ids"),
        (["--all", "--limit", "0"], "--limit"),
        (["--spaces", "tiny-clip", "--drop", "--limit", "5"], "--limit does not go with --drop"),
        (["--descriptions", "--drop", "--limit", "5"], "--limit does not go with --drop"),
        (["--spaces", "tiny-clip", "--drop", "--video-ids", "1"], "--video-ids does not go with"),
        (
            ["--spaces=fast", "--spaces=tiny-clip", "--spaces=imagenet-concepts", "--activate"],
            "only one space of a slot can be active: choose of tiny-clip, imagenet-concepts",
        ),
    ],
)
def test_a_command_that_makes_no_sense_is_answered_with_a_sentence(
    arguments: list[str], sentence: str, filled: DatabaseSettings
) -> None:
    done = run_command("ingest.backfill", *arguments, settings=filled)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert sentence in line


def test_a_model_that_is_not_here_is_named_with_what_to_do(filled: DatabaseSettings) -> None:
    done = run_command("ingest.backfill", "--spaces", "clip-b32", settings=filled)
    assert done.returncode == 1
    assert (
        "the space clip-b32 cannot be used: the model openai/clip-vit-base-patch32" in done.stderr
    )
    assert "python -m embeddings pull" in done.stderr


def test_the_standard_profile_without_its_models_fails_at_once(settings: DatabaseSettings) -> None:
    started = time.monotonic()
    done = run_command("ingest", settings.home, "--profile", "standard", settings=settings)
    assert time.monotonic() - started < 10
    assert done.returncode == 1
    assert "the space clip-b32 cannot be used" in done.stderr or "mpnet-base" in done.stderr
    assert "EMBEDDING_MODEL_DIR" in done.stderr


def test_a_model_that_cannot_be_loaded_leaves_no_space_that_fills(
    settings: IngestSettings, tmp_path: Path
) -> None:
    shutil.copytree(tiny_models.FOLDER / "tiny-clip", tmp_path / "broken-clip")
    declared = {"family": "image_text", "key": "broken-clip", "dim": 64}
    (tmp_path / "broken-clip" / "space.json").write_text(json.dumps(declared))
    (tmp_path / "broken-clip" / "model.safetensors").write_bytes(b"cut off")
    here = settings.model_copy(update={"embedding_model_dir": tmp_path})
    done = run_command("ingest.backfill", "--spaces", "broken-clip", settings=here)
    assert done.returncode == 1
    with contextlib.closing(open_database(settings)) as database:
        assert "broken-clip" not in Spaces(database).all()


def test_nothing_is_loaded_for_spaces_that_are_complete(
    backfill: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_encoders: Encoders, space: Space) -> NoReturn:
        raise AssertionError(f"{space.key} was loaded")

    monkeypatch.setattr(Encoders, "_encoder", refuse)
    assert "moments" in backfill()


def test_a_searched_space_that_lost_its_index_gets_it_from_a_backfill(
    filled: DatabaseSettings, library: Database
) -> None:
    execute(library, "DROP INDEX embedding_tiny_videomae_labels_hnsw")
    assert Spaces(library).lacks_index(VIDEOMAE_LABELS.key)
    done = run_command("ingest.backfill", "--spaces", VIDEOMAE_LABELS.key, settings=filled)
    assert done.returncode == 0, done.stderr
    assert "indexing" in done.stderr
    assert not Spaces(library).lacks_index(VIDEOMAE_LABELS.key)


def test_a_video_that_was_missing_while_a_space_was_filled_is_made_anew_when_it_is_back(
    settings: IngestSettings, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    rng = np.random.default_rng(3)
    for thing in THINGS[:2]:
        write_video(films / f"{' '.join(thing)}.mp4", [draw_shape(*thing, 240, rng)] * 50)
    here = settings.model_copy(update={"embedding_model_dir": tiny_models.tiny_models()})

    def run(*command: object) -> str:
        done = run_command(*map(str, command), settings=here)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("ingest", films)
    lost = films / f"{' '.join(THINGS[0])}.mp4"
    hidden = lost.rename(tmp_path / "hidden.mp4")
    run("ingest", films)
    both = [f"--spaces={CLIP.key}", f"--spaces={VIDEOMAE_LABELS.key}"]
    assert "1 of 1 moments, active" in run("ingest.backfill", *both, "--activate")
    hidden.rename(lost)
    outcome = json.loads(run("ingest", films, "--json"))
    assert [file["status"] for file in outcome["files"]] == ["unchanged", "done"]
    with contextlib.closing(open_database(here)) as database:
        for space in (CLIP, VIDEOMAE_LABELS):
            assert Spaces(database).coverage(space.key) == Coverage(2, 2)
            assert Spaces(database).all()[space.key].state is SpaceState.ACTIVE
        engine = MultiModalSearchEngine(database, Encoders(here.runtime(2)))
        assert rank(engine, lost.stem, CLIP.key) == 1
    assert "error" not in run("database", "check")


def test_a_video_that_is_not_there_is_named(filled: DatabaseSettings) -> None:
    done = run_command("ingest.backfill", "--all", "--video-ids", "999", settings=filled)
    assert done.returncode == 1
    assert "there is no video 999" in done.stderr


def test_a_slot_that_may_be_empty_can_be_emptied_and_filled_again(
    filled: DatabaseSettings, library: Database
) -> None:
    option = f"--spaces={VIDEOMAE.key}"
    for arguments, there in (([option, "--drop"], False), ([option, "-q"], True)):
        done = CliRunner().invoke(app, arguments, env=environment(filled))
        assert done.exit_code == 0, done.output
        assert (VIDEOMAE.key in Spaces(library).all()) is there
    assert Spaces(library).all()[VIDEOMAE.key].state is SpaceState.ACTIVE
