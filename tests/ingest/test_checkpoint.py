"""The results of finished stages outlive the process that computed them."""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from database.check import find_faults
from database.errors import DatabaseUnreachable
from database.objects.address import Address
from database.server.connection import Database
from database.videos.read import Library
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest import checkpoint as version
from ingest import pipeline
from ingest.checkpoint import Checkpoint
from ingest.files.discover import discover
from ingest.files.outcome import Outcome
from ingest.media.decode import DecodeOptions
from ingest.perception.hearing.sentences import Sentence
from ingest.scenes.scene import Scene
from ingest.settings import IngestSettings
from tests.helpers.media import drawn, make_video, tone


@dataclass(frozen=True)
class Result:
    """What a stage may give."""

    spans: list[tuple[float, float]]
    text: str | None


RESULT = Result([(0.0, 1.5), (1.5, float(2**40) + 0.1)], "ünïcode\n\u2028")


def never() -> Result:
    raise AssertionError("computed again")


def test_a_finished_stage_is_read_and_not_computed_again(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path, "a").stage("decoded", Result, lambda: RESULT) == RESULT
    assert Checkpoint(tmp_path, "a").stage("decoded", Result, never) == RESULT


def test_lists_and_missing_texts_are_kept(tmp_path: Path) -> None:
    kept: list[str | None] = ["a", None]
    checkpoint = Checkpoint(tmp_path, "a")
    checkpoint.stage("written", list[str | None], lambda: kept)
    assert checkpoint.stage("written", list[str | None], list) == kept


def test_stages_and_keys_do_not_mix(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "a").stage("decoded", Result, lambda: RESULT)
    other = Result([], None)
    assert Checkpoint(tmp_path, "a").stage("speech", Result, lambda: other) == other
    assert Checkpoint(tmp_path, "b").stage("decoded", Result, lambda: other) == other


def damaged(path: Path, damage: str) -> None:
    """What disks, people and other programs do to a file."""
    content = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
        (path / "x").touch()
    elif damage == "a link to nowhere":
        path.symlink_to(path.with_name("nowhere"))
    elif damage == "one letter":
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    elif damage == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.touch()
    elif damage == "garbage":
        path.write_bytes(b"\xff" * len(content))
    else:
        assert damage == "gone"


DAMAGES = [
    *("a folder", "a link to nowhere", "one letter", "cut off", "empty", "garbage", "gone"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_computed_again(damage: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    checkpoint.stage("decoded", Result, lambda: RESULT)
    damaged(checkpoint.folder / "decoded.json", damage)
    assert checkpoint.stage("decoded", Result, lambda: RESULT) == RESULT
    assert checkpoint.stage("decoded", Result, never) == RESULT


@limits(max_examples=30)
@given(content=st.binary(max_size=200))
def test_nothing_but_what_was_kept_is_taken_for_a_result(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    checkpoint = Checkpoint(tmp_path_factory.mktemp("work"), "a")
    checkpoint.folder.mkdir()
    (checkpoint.folder / "texts.json").write_bytes(content)
    assert checkpoint.stage("texts", list[str], lambda: ["a"]) == ["a"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_result_is_computed_again_with_a_file_of_it_that_is_damaged(
    damage: str, tmp_path: Path
) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    files = checkpoint.folder / "media"

    def compute() -> int:
        checkpoint.clear()
        files.mkdir(parents=True)
        for number in range(3):
            (files / f"{number}.jpg").write_text(f"picture {number}")
        return 3

    def never() -> int:
        raise AssertionError("computed again")

    assert checkpoint.stage("decoded", int, compute, files=files) == 3
    assert checkpoint.stage("decoded", int, never, files=files) == 3
    damaged(files / "1.jpg", damage)
    assert checkpoint.stage("decoded", int, compute, files=files) == 3
    assert (files / "1.jpg").read_text() == "picture 1"
    assert checkpoint.stage("decoded", int, never, files=files) == 3


def test_a_result_of_another_content_or_stage_is_none(tmp_path: Path) -> None:
    one, other = Checkpoint(tmp_path, "a"), Checkpoint(tmp_path, "b")
    one.stage("speech", list[str], lambda: ["a"])
    for folder, name in ((one.folder, "written"), (other.folder, "speech")):
        folder.mkdir(exist_ok=True)
        shutil.copy(one.folder / "speech.json", folder / f"{name}.json")
    assert one.stage("written", list[str], list) == []
    assert other.stage("speech", list[str], list) == []


def test_a_stage_that_fails_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Checkpoint(tmp_path, "a").stage("decoded", Result, never)
    assert Checkpoint(tmp_path, "a").stage("decoded", Result, lambda: RESULT) == RESULT


def test_clearing_removes_the_folder_and_can_be_repeated(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    checkpoint.stage("decoded", Result, lambda: RESULT)
    checkpoint.clear()
    checkpoint.clear()
    assert list(tmp_path.iterdir()) == []


def test_a_result_of_an_older_version_is_computed_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    old = [(0.0, 5.0), (5.0, 12.0)]
    checkpoint.stage("scenes", list[tuple[float, float]], lambda: old)
    scenes = [Scene(0.0, 5.0), Scene(5.0, 12.0)]
    assert checkpoint.stage("scenes", list[Scene], lambda: scenes) == scenes
    assert checkpoint.stage("scenes", list[Scene], list) == scenes


def test_a_result_of_another_version_of_the_code_is_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ingest"
    package.mkdir()
    monkeypatch.setattr("ingest.checkpoint.__file__", str(package / "checkpoint.py"))
    found: list[int] = []
    for code in ("return 1", "return 2", "return 2"):
        (package / "stage.py").write_text(code)
        version._code.cache_clear()
        checkpoint = Checkpoint(tmp_path / "work", "a")
        found.append(checkpoint.stage("decoded", int, found.__len__))
    version._code.cache_clear()
    assert found == [0, 1, 1]


def test_a_result_of_other_settings_is_computed_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    small, large = DecodeOptions(100, 60.0), DecodeOptions(200, 60.0)
    assert checkpoint.stage("decoded", int, lambda: 1, inputs=small) == 1
    assert checkpoint.stage("decoded", int, lambda: 2, inputs=large) == 2
    assert checkpoint.stage("decoded", int, lambda: 3, inputs=DecodeOptions(200, 60.0)) == 2


@pytest.mark.parametrize("damage", ["a file", "a folder of no use"])
def test_whatever_lies_in_the_place_of_the_folder_gives_way(damage: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "a")
    for name in ("a", "a.gone"):
        if damage == "a file":
            (tmp_path / name).touch()
        else:
            (tmp_path / name / "decoded.json" / "x").mkdir(parents=True)

    def compute() -> Result:
        checkpoint.clear()
        return RESULT

    assert checkpoint.stage("decoded", Result, compute) == RESULT
    assert checkpoint.stage("decoded", Result, never) == RESULT


@dataclass
class Resumed:
    """A film whose ingest was cut off when all of its stages were done, and the next ingest."""

    film: Path
    ingest: pipeline.Ingest
    settings: IngestSettings
    database: Database
    stages: list[str] = dataclasses.field(default_factory=list)
    """What the next ingest does, in order."""

    @property
    def folder(self) -> Path:
        """The checkpoint that was left."""
        (folder,) = self.settings.work_dir.iterdir()
        return folder

    def run(self) -> Outcome:
        """The next ingest."""
        (file,) = discover([str(self.film)])

        def note(path: Path | Address, stage: str, part: float | None) -> None:
            if stage not in self.stages:
                self.stages.append(stage)

        return self.ingest.ingest_file(file, note)


@pytest.fixture
def resumed(
    settings: IngestSettings,
    database: Database,
    encoders: Encoders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Resumed:
    """A film that only has to be stored."""

    def fail(*_: object) -> None:
        raise DatabaseUnreachable("it does not answer")

    film = make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)], audio=tone(2.0))
    ingest = pipeline.make_ingest(database, settings, PROFILES["bundled"])
    resumed = Resumed(film, dataclasses.replace(ingest, encoders=encoders), settings, database)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "save_video", fail)
        with pytest.raises(DatabaseUnreachable):
            resumed.run()
    resumed.stages.clear()
    return resumed


def require_as_if_nothing_had_been(resumed: Resumed) -> None:
    outcome = resumed.run()
    assert (outcome.status.value, outcome.scenes, outcome.moments) == ("done", 2, 4)
    assert Library(resumed.database).row_counts()["embedding"] == 2
    assert find_faults(resumed.database, resumed.settings.keyframes_dir) == []
    assert list(resumed.settings.work_dir.iterdir()) == []


def test_a_film_that_was_cut_off_before_it_was_stored_is_only_stored(resumed: Resumed) -> None:
    require_as_if_nothing_had_been(resumed)
    assert resumed.stages == ["hash", "embed", "store"]


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [("media/*.jpg", "gone"), ("media/*.jpg", "garbage"), ("media/*.s16", "cut off")],
)
def test_a_film_of_which_something_decoded_is_damaged_is_decoded_again(
    resumed: Resumed, pattern: str, damage: str
) -> None:
    damaged(next(resumed.folder.glob(pattern)), damage)
    require_as_if_nothing_had_been(resumed)
    assert "decode" in resumed.stages


@pytest.mark.parametrize(("stage", "damage"), [("speech", "a folder"), ("written", "garbage")])
def test_a_film_of_which_something_perceived_is_damaged_is_not_decoded_again(
    resumed: Resumed, stage: str, damage: str
) -> None:
    damaged(resumed.folder / f"{stage}.json", damage)
    require_as_if_nothing_had_been(resumed)
    assert "decode" not in resumed.stages


def test_results_that_do_not_fit_the_film_are_none(resumed: Resumed) -> None:
    for stage, found in (("speech", '[{"start_s": NaN}]'), ("written", "[null]")):
        (resumed.folder / f"{stage}.json").write_text(found)
    require_as_if_nothing_had_been(resumed)


def test_a_film_is_decoded_again_with_other_limits(resumed: Resumed) -> None:
    options = dataclasses.replace(resumed.ingest.decode_options, max_pixels=2_000_000)
    resumed.ingest = dataclasses.replace(resumed.ingest, decode_options=options)
    require_as_if_nothing_had_been(resumed)
    assert "decode" in resumed.stages


def test_a_film_is_heard_again_with_another_speech_model(
    resumed: Resumed, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    def hear(*arguments: object) -> list[Sentence]:
        heard.append(arguments)
        return []

    monkeypatch.setattr(pipeline, "hear", hear)
    profile = resumed.ingest.profile
    speech = dataclasses.replace(profile.speech, revision="another")
    changed = dataclasses.replace(profile, speech=speech)
    resumed.ingest = dataclasses.replace(resumed.ingest, profile=changed)
    require_as_if_nothing_had_been(resumed)
    assert "decode" not in resumed.stages
    assert len(heard) == 1


def test_a_film_whose_checkpoint_is_a_file_is_ingested_from_anew(resumed: Resumed) -> None:
    folder = resumed.folder
    shutil.rmtree(folder)
    folder.touch()
    require_as_if_nothing_had_been(resumed)


def test_a_film_whose_pictures_are_a_file_is_decoded_again(resumed: Resumed) -> None:
    shutil.rmtree(resumed.folder / "media")
    (resumed.folder / "media").touch()
    require_as_if_nothing_had_been(resumed)
