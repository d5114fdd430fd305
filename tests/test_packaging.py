"""The files around the code agree with it, and with each other."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from api.settings import ApiSettings, EmbeddingServerSettings
from ingest.settings import IngestSettings

ROOT = Path(__file__).resolve().parents[1]
_KINDS = (IngestSettings, ApiSettings, EmbeddingServerSettings)
_FIELDS = {name: field for kind in _KINDS for name, field in kind.model_fields.items()}
_NO_DEFAULT = {
    "database_read_urls",
    "database_shard_urls",
    "database_url",
    "embedding_model_dir",
    "embedding_redis_url",
    "ollama_embed_model",
    "ollama_prompt",
    "ollama_text_vision_model",
    "ollama_vision_model",
    "sceneseek_home",
    "sceneseek_host",
}
"""Fields whose default is computed, or is that they are not set."""


def _lines(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads("\n".join(_lines("pyproject.toml")))
    return project


def _requirements() -> list[Requirement]:
    project = _project()["project"]
    extras = project["optional-dependencies"].values()
    texts = project["dependencies"] + [text for extra in extras for text in extra]
    return [Requirement(text) for text in texts]


def _pins() -> dict[str, str]:
    lines = [line for line in _lines("constraints.txt") if line and not line.startswith("#")]
    pins = dict(line.split("==") for line in lines)
    assert len(pins) == len(lines), "a package is pinned twice"
    return {canonicalize_name(name): version for name, version in pins.items()}


def _variables() -> dict[str, str]:
    variables = [re.fullmatch(r"# ([A-Z_]+)=(.*)", line) for line in _lines(".env.example")]
    return {found[1].lower(): found[2] for found in variables if found}


def _compose() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load("\n".join(_lines("docker-compose.yml")))
    return compose


def _instructions(keyword: str) -> list[str]:
    joined = "\n".join(_lines("Dockerfile")).replace("\\\n", " ").splitlines()
    return [line.removeprefix(keyword).strip() for line in joined if line.startswith(keyword + " ")]


@pytest.mark.parametrize("requirement", _requirements(), ids=str)
def test_every_dependency_has_a_pin_in_its_range(requirement: Requirement) -> None:
    pins = _pins()
    name = canonicalize_name(requirement.name)
    assert name in pins
    assert requirement.specifier.contains(pins[name], prereleases=True)


def test_pins_are_versions_that_any_index_has() -> None:
    for name, version in _pins().items():
        assert Version(version).local is None, f"{name}=={version} is one machine's build"


def test_torch_and_opencv_are_what_the_code_was_tested_with() -> None:
    pins = _pins()
    assert pins["torch"] == "2.13.0"
    assert len({version for name, version in pins.items() if name.startswith("opencv-")}) == 1


def test_env_example_lists_the_settings() -> None:
    assert _variables().keys() == _FIELDS.keys()


def test_env_example_sets_nothing() -> None:
    assert all(not line or line.startswith("# ") for line in _lines(".env.example"))


@pytest.mark.parametrize("field", sorted(_FIELDS.keys() - _NO_DEFAULT))
def test_env_example_shows_the_default(field: str) -> None:
    kind = next(kind for kind in _KINDS if field in kind.model_fields)
    shown = kind.model_validate({field: _variables()[field]})
    assert getattr(shown, field) == _FIELDS[field].default


def test_compose_has_health_checks_and_named_volumes() -> None:
    compose = _compose()
    db, api = compose["services"]["db"], compose["services"]["api"]
    assert "pg_isready" in db["healthcheck"]["test"]
    assert "/ready" in api["healthcheck"]["test"][-1]
    assert api["depends_on"]["db"]["condition"] == "service_healthy"
    assert set(compose["volumes"]) == {"db", "data"}
    assert "db:/var/lib/postgresql" in db["volumes"]
    assert f"data:{api['environment']['SCENESEEK_HOME']}" in api["volumes"]


def test_compose_serves_this_machine_only_and_reads_videos_only() -> None:
    compose = _compose()
    api = compose["services"]["api"]
    assert api["ports"] == ["127.0.0.1:8000:8000"]
    assert "ports" not in compose["services"]["db"]
    assert "./videos:/videos:ro" in api["volumes"]


def test_what_serves_other_machines_makes_a_key_at_its_first_start() -> None:
    api = _compose()["services"]["api"]
    for command in (api["command"][-1], json.loads(_instructions("CMD")[-1])[-1]):
        assert "python -m api.keys first && exec python -m api --host 0.0.0.0" in command
    assert api["environment"]["API_MEDIA_ROOTS"] == "/videos"


def test_compose_bounds_the_memory_of_every_service() -> None:
    for service in _compose()["services"].values():
        assert re.fullmatch(r"\d+gb", service["mem_limit"])


def test_compose_needs_a_password_and_holds_none() -> None:
    services = _compose()["services"]
    for variable in (
        services["db"]["environment"]["POSTGRES_PASSWORD"],
        services["api"]["environment"]["PGPASSWORD"],
    ):
        assert variable.startswith("${POSTGRES_PASSWORD:?")
    assert ":" not in services["api"]["environment"]["DATABASE_URL"].split("//")[1].split("@")[0]


def test_the_database_of_compose_is_called_as_its_first_lines_call_it() -> None:
    services = _compose()["services"]
    db, url = services["db"], urlsplit(services["api"]["environment"]["DATABASE_URL"])
    user, name = db["environment"]["POSTGRES_USER"], db["environment"]["POSTGRES_DB"]
    called = f"docker exec -it {db['container_name']} psql -U {user} -d {name} -c "
    count = '"SELECT COUNT(*) FROM visual_embeddings;"'
    assert f"#   {called}{count}" in _lines("docker-compose.yml")
    assert (called, url.username, url.path) == (
        "docker exec -it video_search_db psql -U postgres -d video_semantic_search -c ",
        user,
        f"/{name}",
    )
    assert db["healthcheck"]["test"][-4:] == ["-U", user, "-d", name]


def test_images_have_a_version() -> None:
    images = [*_instructions("FROM"), _compose()["services"]["db"]["image"]]
    for image in images:
        _, _, tag = image.partition(":")
        assert tag, image
        assert tag != "latest"


def test_the_image_runs_as_a_user_and_knows_its_health() -> None:
    assert _instructions("USER")[-1] not in ("root", "0")
    assert "/ready" in _instructions("HEALTHCHECK")[-1]


def test_the_image_has_every_package() -> None:
    names = {
        name.rstrip("*") for name in _project()["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    copied = {word for line in _instructions("COPY") for word in line.split()[:-1]}
    allowed = {line[1:] for line in _lines(".dockerignore") if line.startswith("!")}
    assert copied == allowed
    assert names <= copied


def test_a_wheel_has_every_file_that_is_no_python() -> None:
    setuptools = _project()["tool"]["setuptools"]
    packages = [name.rstrip("*") for name in setuptools["packages"]["find"]["include"]]
    files = {
        path
        for name in packages
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    packaged = {
        path
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    assert ROOT / "api/web/templates/base.html" in packaged
    assert files <= packaged


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_docs_name_files_that_are_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)*[a-z_0-9]+\.py)`", text)
    every = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")]
    for name in named:
        assert any(path == name or path.endswith(f"/{name}") for path in every), name


def test_the_threats_name_tests_that_there_are() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    threats = [line for line in text.split("## Threats")[1].splitlines() if line.startswith("| ")]
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", sources))
    for threat in threats[1:]:
        named = re.findall(r"`(test_\w+)`", threat)
        assert named, f"no test shows {threat[:80]}"
        assert set(named) <= there, set(named) - there
