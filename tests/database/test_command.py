"""`python -m database`: status, stop, check, forget and tag, for people and as JSON."""

import json
from pathlib import Path

import pytest

from database.models import SpaceState
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.videos.read import Library
from database.videos.stored import Store
from embeddings.registry.spaces import SPACES
from tests.helpers import records
from tests.helpers.commands import run_command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file of the library's video lies."""
    return tmp_path / "a.mp4"


@pytest.fixture
def library(settings: DatabaseSettings, store: Store, database: Database, file: Path) -> Library:
    """One sound video, and a space that has yet to be filled."""
    store.save_video(records.video("a"), records.put_file(file))
    records.put_keyframe(settings.keyframes_dir, "a")
    Spaces(database).add([SPACES["imagenet-labels"]])
    return Library(database)


def test_the_status_says_which_database_it_is_and_what_it_holds(
    library: Library, settings: DatabaseSettings
) -> None:
    done = run_command("database", "status", "--json", settings=settings)
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert status["rows"] == {"video": 1, "scene": 2, "moment": 3, "embedding": 3}
    assert status["database"].startswith("postgresql://")
    assert status["embedded"] is False
    assert status["spaces"] == [
        space("imagenet-concepts", "vision", SpaceState.ACTIVE, 1, 1),
        space("imagenet-labels", "vision", SpaceState.FILLING, 0, 1),
        space("minilm-l6", "text", SpaceState.ACTIVE, 2, 2),
    ]
    for_people = run_command("database", "status", settings=settings).stdout.splitlines()
    assert for_people[0] == status["database"]
    assert [line.split() for line in for_people[1:]] == [
        *([table, str(count)] for table, count in status["rows"].items()),
        ["imagenet-concepts", "vision", "active", "1", "of", "1"],
        ["imagenet-labels", "vision", "filling", "0", "of", "1"],
        ["minilm-l6", "text", "active", "2", "of", "2"],
    ]


def space(key: str, slot: str, state: SpaceState, embedded: int, wanted: int) -> dict[str, object]:
    return {
        "space": key,
        "slot": slot,
        "state": state.value,
        "embedded": embedded,
        "wanted": wanted,
    }


def test_a_server_that_is_not_ours_is_never_stopped(settings: DatabaseSettings) -> None:
    done = run_command("database", "stop", settings=settings)
    assert done.returncode == 2
    assert done.stderr == "error: DATABASE_URL names a server, which is not ours to stop\n"


def test_the_check_exits_1_only_if_there_are_faults(
    library: Library, settings: DatabaseSettings, file: Path
) -> None:
    done = run_command("database", "check", settings=settings)
    assert (done.returncode, done.stdout) == (0, "clean\n")
    file.unlink()
    done = run_command("database", "check", settings=settings)
    assert done.returncode == 1
    fault, remedy = done.stdout.splitlines()
    assert fault == f"file that is gone, but not marked as missing: 1 ({file})"
    assert remedy.startswith("  remedy: python -m database check --repair marks it")
    told = "error: 1 kind of fault: what to do about each stands below it\n"
    assert done.stderr == told


def test_the_check_lists_faults_as_json(
    library: Library, settings: DatabaseSettings, file: Path
) -> None:
    done = run_command("database", "check", "--json", settings=settings)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"faults": [], "found": []})
    file.unlink()
    done = run_command("database", "check", "--json", settings=settings)
    document = json.loads(done.stdout)
    (fault,), (found,) = document["faults"], document["found"]
    assert done.returncode == 1
    assert fault.startswith(f"file that is gone, but not marked as missing: 1 ({file}); remedy: ")
    assert found["fault"] == "file that is gone, but not marked as missing"
    assert (found["number"], found["first"]) == (1, [str(file)])
    assert fault.endswith(found["remedy"])


def test_the_check_repairs_on_demand(
    library: Library, settings: DatabaseSettings, file: Path
) -> None:
    file.unlink()
    done = run_command("database", "check", "--repair", settings=settings)
    told = f"mended: file that is gone, but not marked as missing: 1 ({file})\nclean\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, told, "")
    done = run_command("database", "check", "--repair", "--json", settings=settings)
    nothing: dict[str, list[str]] = {"mended": [], "failed": [], "faults": [], "found": []}
    assert (done.returncode, json.loads(done.stdout)) == (0, nothing)


def test_videos_are_forgotten_with_their_keyframes_and_their_files_stay(
    library: Library, settings: DatabaseSettings, store: Store, file: Path
) -> None:
    store.save_video(records.video("b"), records.file("/gone/b.mp4"))
    done = run_command("database", "forget", 2, 1, settings=settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"forgotten: video 1 ({file})",
        f"  {file} is still there: the next ingest of its folder makes the video anew, unless you "
        "move or delete the file",
        "forgotten: video 2 (/gone/b.mp4)",
    ]
    assert library.row_counts() == {"video": 0, "scene": 0, "moment": 0, "embedding": 0}
    assert not (settings.keyframes_dir / records.image_path("a")).exists()
    assert file.exists()
    assert run_command("database", "check", settings=settings).stdout == "clean\n"


def test_what_was_forgotten_is_told_as_json(
    library: Library, settings: DatabaseSettings, file: Path
) -> None:
    done = run_command("database", "forget", 1, 1, "--json", settings=settings)
    told = {"forgotten": [{"video": 1, "path": str(file), "still_there": [str(file)]}]}
    assert (done.returncode, json.loads(done.stdout)) == (0, told)


def test_nothing_is_forgotten_if_a_video_does_not_exist(
    library: Library, settings: DatabaseSettings
) -> None:
    done = run_command("database", "forget", 1, 999, settings=settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: there is no video 999\n"
    assert library.row_counts()["video"] == 1
    assert run_command("database", "check", settings=settings).stdout == "clean\n"


def test_tags_are_given_and_taken_away_by_the_command(
    library: Library, settings: DatabaseSettings
) -> None:
    (video,) = library.list_videos(limit=1)
    done = run_command("database", "tag", video.id, "site", " a  b ", "--json", settings=settings)
    assert json.loads(done.stdout) == {"video": video.id, "tags": ["a b", "site"]}
    assert library.get_video(video.id).tags == ("a b", "site")
    done = run_command("database", "tag", video.id, settings=settings)
    assert done.stdout == f"video {video.id}: no tags\n"
    assert library.get_video(video.id).tags == ()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["tag", "999", "site"], 1, "error: there is no video 999\n"),
        (["tag", "1", "x" * 61], 2, "error: a video has at most 16 tags, of at most 60"),
        (["tag", "0", "site"], 2, "error: "),
        (["tag", "one"], 2, "error: "),
        (["forget"], 2, "error: Missing argument"),
        (["forget", "0"], 2, "error: "),
        (["tags"], 2, "error: No such command 'tags'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], exit_code: int, sentence: str, settings: DatabaseSettings
) -> None:
    done = run_command("database", *arguments, settings=settings)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
