"""`python -m database`: status, stop, check and tag, for people and as JSON."""

import json

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
from tests.helpers.sql import execute


@pytest.fixture
def library(settings: DatabaseSettings, store: Store, database: Database) -> Library:
    """One sound video, and a space that has yet to be filled."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
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
    library: Library, settings: DatabaseSettings, database: Database
) -> None:
    done = run_command("database", "check", settings=settings)
    assert (done.returncode, done.stdout) == (0, "clean\n")
    execute(database, "DELETE FROM file")
    done = run_command("database", "check", settings=settings)
    assert done.returncode == 1
    assert "video that no path leads to: 1" in done.stdout
    assert done.stderr.startswith("error: the library has faults: ingest the videos named again")


def test_the_check_lists_faults_as_json(
    library: Library, settings: DatabaseSettings, database: Database
) -> None:
    done = run_command("database", "check", "--json", settings=settings)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"faults": []})
    execute(database, "DELETE FROM file")
    done = run_command("database", "check", "--json", settings=settings)
    (fault,) = json.loads(done.stdout)["faults"]
    assert done.returncode == 1
    assert fault.startswith("video that no path leads to: 1")


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
