"""What the doctor says of the machine and of what runs beside, from what is there."""

import json
import os
import resource
import socket
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from database.doctor import machine, opencv, services
from database.doctor.findings import Finding, Level
from database.settings import DatabaseSettings
from tests.helpers.commands import ROOT, run_command
from tests.helpers.ollama import serving_ollama
from tests.helpers.redis import RedisServer

GIB = 2**30


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """One that is yet to be started."""
    server = RedisServer(tmp_path)
    yield server
    server.stop()


def with_nvidia_smi(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Finding:
    """What is said of a machine whose nvidia-smi is this shell script."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return services.gpu()


def test_the_oldest_python_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={'.'.join(map(str, machine.OLDEST_PYTHON))}"


@pytest.mark.parametrize(
    ("version", "largest", "level"),
    [
        ((3, 11, 0), 2**63 - 1, Level.OK),
        ((3, 10, 9), 2**63 - 1, Level.FAULT),
        ((3, 12, 0), 2**31 - 1, Level.FAULT),
    ],
)
def test_python_is_to_be_new_enough_and_of_64_bits(
    version: tuple[int, ...], largest: int, level: Level
) -> None:
    assert machine.python(version, largest).level is level


@pytest.mark.parametrize(
    ("free_bytes", "free_files", "level"),
    [
        (GIB - 1, None, Level.FAULT),
        (GIB, None, Level.NOTE),
        (10 * GIB, None, Level.OK),
        (10 * GIB, 999, Level.FAULT),
        (10 * GIB, 1_000, Level.NOTE),
        (10 * GIB, 100_000, Level.OK),
    ],
)
def test_a_full_disk_is_a_fault_and_a_nearly_full_one_a_note(
    free_bytes: int, free_files: int | None, level: Level
) -> None:
    finding = machine.judge_disk(Path("/library"), free_bytes, free_files)
    assert finding.level is level
    assert "/library" in finding.found


def test_the_disk_of_a_home_that_is_not_there_yet_is_that_of_the_folder_above(
    tmp_path: Path,
) -> None:
    assert str(tmp_path) in machine.disk(tmp_path / "a" / "b").found
    assert not (tmp_path / "a").exists()


def test_a_home_that_cannot_be_a_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = machine.disk(tmp_path / "file" / "home")
    assert finding.level is Level.FAULT
    assert "SCENESEEK_HOME" in (finding.remedy or "")


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (
            {
                "memory.max": 2 * GIB,
                "memory.current": GIB,
                "memory.stat": "inactive_file 536870912",
            },
            "1.5 of 2.0 GiB of this container",
        ),
        (
            {
                "memory/memory.limit_in_bytes": 2 * GIB,
                "memory/memory.usage_in_bytes": GIB,
                "memory/memory.stat": "total_inactive_file 0",
            },
            "1.0 of 2.0 GiB of this container",
        ),
    ],
)
def test_the_memory_is_that_of_the_container_if_it_is_given_less(
    files: dict[str, object], shown: str, tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{content}\n")
    finding = machine.memory(tmp_path)
    assert (finding.level, finding.found[: len(shown)]) == (Level.NOTE, shown)


def test_without_a_limit_the_memory_is_that_of_the_machine(tmp_path: Path) -> None:
    for name, content in (("max", "max"), ("current", "1"), ("stat", "inactive_file 0")):
        (tmp_path / f"memory.{name}").write_text(content)
    assert "container" not in machine.memory(tmp_path).found


def test_who_has_the_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        number = holder.getsockname()[1]
        finding = machine.port(number)
    assert finding.level is Level.NOTE
    assert f"127.0.0.1:{number} is in use by " in finding.found
    assert f"(process {os.getpid()})" in finding.found
    assert machine.port(number).level is Level.OK


def test_few_open_files_are_a_note() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
    try:
        finding = machine.limits()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (finding.level, finding.found[:30]) == (Level.NOTE, "1,000 files may be open at onc")
    assert "ulimit -n 1024" in (finding.remedy or "")


def test_two_packages_of_opencv_in_different_versions_are_a_fault_with_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opencv.cv2().level is Level.OK
    folder = tmp_path / "opencv_contrib_python-4.10.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: opencv-contrib-python\nVersion: 4.10.0\n")
    (folder / "top_level.txt").write_text("cv2\n")
    monkeypatch.syspath_prepend(tmp_path)
    finding = opencv.cv2()
    assert finding.level is Level.FAULT
    assert "opencv-contrib-python 4.10.0" in finding.found
    first, second = (finding.remedy or "").split(" && ")
    assert first.startswith("pip uninstall -y opencv-contrib-python ")
    assert second.startswith("pip install ")
    assert second.endswith(" opencv-python-headless")


@pytest.mark.parametrize(
    ("whole", "level"),
    [
        (["opencv-python-headless"], Level.OK),
        (["opencv-python"], Level.NOTE),
        ([], Level.FAULT),
    ],
)
def test_of_two_packages_of_opencv_in_one_version_the_files_of_the_headless_one_are_to_be_there(
    whole: list[str], level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text("12345")
    for name in ("opencv-python", "opencv-python-headless"):
        folder = tmp_path / f"{name.replace('-', '_')}-5.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: 5.0\n")
        (folder / "top_level.txt").write_text("cv2\n")
        size = 5 if name in whole else 6
        (folder / "RECORD").write_text(f"cv2/__init__.py,sha256=x,{size}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert opencv.cv2().level is level


def test_a_redis_that_answers_is_told_with_its_version(redis: RedisServer) -> None:
    redis.start()
    finding = services.redis(redis.url)
    assert finding.level is Level.OK
    assert finding.found.startswith("Redis 6.")


def test_a_redis_that_is_not_there_hangs_or_wants_a_password_is_a_fault(redis: RedisServer) -> None:
    assert services.redis(redis.url).level is Level.FAULT
    redis.start("--requirepass", "hunter2")
    finding = services.redis(redis.url)
    assert finding.level is Level.FAULT
    assert "uthentication required" in finding.found
    assert services.redis(redis.url.replace("//", "//:hunter2@")).level is Level.OK
    redis.hang()
    assert services.redis(redis.url).level is Level.FAULT
    redis.resume()


@pytest.mark.parametrize("url", ["hunter2", "redis://:hun/ter2@host:6379", "http://:hunter2@host"])
def test_what_is_no_url_of_a_redis_is_a_fault_and_not_told(url: str) -> None:
    finding = services.redis(url)
    assert finding.level is Level.FAULT
    assert "hun" not in finding.found


def test_the_command_asks_the_redis_of_the_environment(tmp_path: Path, redis: RedisServer) -> None:
    own = DatabaseSettings(sceneseek_home=tmp_path)
    url = redis.url.replace("//", "//:hunter2@")
    done = run_command("database", "doctor", "--json", settings=own, EMBEDDING_REDIS_URL=url)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, checks["redis"]["level"]) == (1, "fault")
    assert "hunter2" not in done.stdout + done.stderr


def test_an_ollama_that_answers_is_told_and_one_that_does_not_is_no_fault() -> None:
    class Version(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/version" else 404)
            self.end_headers()
            self.wfile.write(b'{"version": "0.9.6"}')

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Version) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host = f"127.0.0.1:{server.server_port}"
        answered = services.ollama(f"http://me:hunter2@{host}/")
        server.shutdown()
        thread.join()
    assert answered.level is Level.OK
    assert answered.found == f"Ollama 0.9.6 answers at http://{host}"
    assert services.ollama(host).level is Level.NOTE


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("studio", "http://studio:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("https://studio", "https://studio:443"),
        ("http://me:hunter2@studio:8080/ollama", "http://studio:8080"),
    ],
)
def test_ollama_is_asked_where_its_own_variable_says(host: str, url: str) -> None:
    assert services.ollama_url(host) == url


@pytest.mark.parametrize(
    ("script", "level", "found"),
    [
        ("echo 'NVIDIA H100, 570.86, 81559 MiB'", Level.NOTE, "NVIDIA H100, 570.86, 81559 MiB; "),
        ("echo 'no driver'; exit 9", Level.NOTE, "nvidia-smi is here and fails (no driver)"),
        ("exec sleep 30", Level.NOTE, "nvidia-smi is here and fails (TimeoutExpired)"),
    ],
)
def test_a_card_is_told_and_never_a_fault(
    script: str, level: Level, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_torch_build", lambda: "CPU")
    finding = with_nvidia_smi(script, tmp_path, monkeypatch)
    assert finding.level is level
    assert finding.found.startswith(found)


@pytest.mark.parametrize(
    ("line", "build"),
    [
        ("cuda: Optional[str] = None\nhip: Optional[str] = None", "CPU"),
        ("cuda: Optional[str] = '12.8'\nhip: Optional[str] = None", "CUDA 12.8"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = '6.3'", "ROCm 6.3"),
    ],
)
def test_what_torch_was_built_for_is_read_without_importing_it(
    line: str, build: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ImportError")
    (tmp_path / "torch" / "version.py").write_text(f"__version__ = '2'\n{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert build in services.gpu().found


def test_an_ollama_that_is_to_describe_is_asked_whether_it_can() -> None:
    with serving_ollama() as serving:
        able = services.ollama_that_describes(serving.url, None, is_awaited=True)
        serving.models.clear()
        unable = services.ollama_that_describes(serving.url, None, is_awaited=True)
        named = services.ollama_that_describes(serving.url, "my-model", is_awaited=False)
    gone = services.ollama_that_describes(serving.url, None, is_awaited=True)
    assert able.level is Level.OK
    assert (unable.level, unable.remedy) == (Level.NOTE, "ollama pull llava")
    assert named.remedy == "ollama pull my-model"
    assert (gone.level, gone.remedy) == (Level.NOTE, "start it: ollama serve")
    assert "videos are found all the same" in gone.found
