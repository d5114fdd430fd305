"""How the tests themselves are kept."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.commands import ROOT

UNHEARD = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_ENDPOINT": "http://127.0.0.1:9",
    **{f"PG{name}": "nonsense" for name in ("HOST", "USER", "PASSWORD", "DATABASE", "SERVICE")},
    "PGPORT": "9",
    "PGOPTIONS": "-c search_path=nonsense",
    "DATABASE_URL": "postgresql://nonsense:nonsense@127.0.0.1:9/nonsense",
    "INGEST_MAX_PIXELS": "nonsense",
    **{f"{kind}_PROXY": "http://127.0.0.1:9" for kind in ("HTTP", "HTTPS", "ALL")},
    **{f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")},
    "TZ": "Pacific/Auckland",
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "C",
    "COLUMNS": "20",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "PYTHONWARNINGS": "always",
}
REPRESENTATIVE = (
    "embeddings/test_command.py::test_list_says_where_the_weights_of_every_space_are",
    "embeddings/test_command.py::test_a_model_that_differs_from_its_pin_is_not_put_in_place",
    "database/test_command.py::test_the_status_says_which_database_it_is_and_what_it_holds",
    "api/test_limits.py::test_large_bodies_are_described",
    "search/test_query_forms.py::test_filters_leave_the_videos_that_satisfy_them[options0-expected0]",
)
"""Output of a command, the hub, the database, a client of HTTP, dates."""


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: path.stem)
def test_what_tests_share_has_a_module_of_its_own(path: Path) -> None:
    parts = {part for name in _imported(path) for part in name.split(".")}
    assert not {part for part in parts if part == "conftest" or part.startswith("test_")}


def test_the_environment_around_the_tests_does_not_reach_them(tmp_path: Path) -> None:
    unheard = "".join(f"{name}={value}\n" for name, value in UNHEARD.items())
    (tmp_path / ".env").write_text(unheard)
    tests = (ROOT / "tests" / name for name in REPRESENTATIVE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tmp_path,
        env={**os.environ, **UNHEARD},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-5000:]
