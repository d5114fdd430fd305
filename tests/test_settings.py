"""The environment becomes one frozen object, or a sentence about the variable that is wrong."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import ApiSettings
from database.errors import DatabaseError
from database.settings import DatabaseSettings
from embeddings.errors import InvalidSettings
from embeddings.settings import EmbeddingSettings, load_settings, unknown_variables
from ingest.settings import IngestSettings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_variables_of_the_environment_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENESEEK_HOME", "library")
    monkeypatch.setenv("INGEST_MAX_PIXELS", "1000")
    settings = load_settings(IngestSettings)
    assert settings.home == Path.cwd() / "library"
    assert settings.ingest_max_pixels == 1000


def test_variables_of_an_env_file_are_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("INGEST_MAX_PIXELS=1000\nSCENESEEK_HOME=/a\nOTHERS=1\n")
    monkeypatch.setenv("SCENESEEK_HOME", "/b")
    settings = load_settings(IngestSettings)
    assert (settings.ingest_max_pixels, settings.home) == (1000, Path("/b"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INGEST_MAX_PIXELS", "many"),
        ("INGEST_DECODE_STALL_S", "0"),
        ("INGEST_SCRIPTS", "thai, klingon"),
        ("INGEST_WATCH", "/films:s3://films"),
        ("SCENESEEK_STORE", "/films"),
        ("API_MEDIA_ROOTS", "/films:s3://B"),
        ("API_MAX_CONCURRENT", "1.5"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match=f"{name}: .*correct it or unset it"):
        load_settings(ApiSettings if name.startswith("API") else IngestSettings)


def test_scripts_stand_after_commas_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_SCRIPTS", "Thai, cyrillic,, thai")
    assert load_settings(IngestSettings).scripts == ("thai", "cyrillic")


def test_watched_folders_stand_between_colons_as_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv(
        "INGEST_WATCH", os.pathsep.join(["link", "", f"{tmp_path}/link/", "/b/../c"])
    )
    assert load_settings(IngestSettings).watched_folders == (tmp_path / "link", Path("/c"))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        DatabaseSettings().database_url = "postgresql://elsewhere"


def test_variables_that_look_like_ours_but_are_not_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INGEST_MAX_PIXLES", "1000")
    monkeypatch.setenv("INGEST_MAX_PIXELS", "1000")
    assert unknown_variables(IngestSettings) == {"INGEST_MAX_PIXLES": "INGEST_MAX_PIXELS"}


@pytest.mark.parametrize(
    "name",
    ["OLLAMA_HOST", "API_KEY", "DATABASE_HOST", "DATABASE_USER", "SEARCH_URL", "EMBEDDING_MODEL"],
)
def test_variables_of_other_programs_are_not_told(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "something")
    for kind in (IngestSettings, ApiSettings):
        assert unknown_variables(kind) == {}


def test_what_another_command_reads_is_no_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {*IngestSettings.model_fields, *ApiSettings.model_fields}:
        monkeypatch.setenv(name.upper(), "something")
    for kind in (EmbeddingSettings, DatabaseSettings, IngestSettings, ApiSettings):
        assert unknown_variables(kind) == {}


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DATABASE_URL=\xff\xfe")
    with pytest.raises(InvalidSettings, match=r"\.env is not UTF-8"):
        unknown_variables(DatabaseSettings)


def test_slips_in_an_env_file_are_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABSE_URL=postgresql://somewhere\nPOSTGRES_DB=films\n")
    assert unknown_variables(DatabaseSettings) == {"DATABSE_URL": "DATABASE_URL"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root's library lies elsewhere")
def test_the_library_lies_in_the_users_data_folder() -> None:
    assert DatabaseSettings().home.is_relative_to(Path.home())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's home is closed to the server")
def test_the_library_of_root_lies_outside_its_home_folder() -> None:
    assert not DatabaseSettings().home.is_relative_to(Path.home())


def test_a_keyframes_path_never_leaves_its_folder(tmp_path: Path) -> None:
    settings = DatabaseSettings(sceneseek_home=tmp_path)
    assert settings.keyframe_file("ab/c.jpg") == tmp_path / "keyframes" / "ab" / "c.jpg"
    for path in ("../secret.jpg", "/etc/passwd", "ab/../../secret.jpg"):
        with pytest.raises(DatabaseError):
            settings.keyframe_file(path)
