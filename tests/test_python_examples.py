"""docs/python.md: its examples run, and print what the page says."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.commands import ROOT, environment
from tests.helpers.fixtures import Ingested
from tests.helpers.tiny_models import tiny_models

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLE = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
DECIMAL = re.compile(r"\d+\.\d+")


@pytest.fixture
def _where_the_page_is_read(
    ingested: Ingested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with the sample, after `make demo` and the training of the tiny models."""
    variables = {**environment(ingested.settings), "EMBEDDING_MODEL_DIR": str(tiny_models())}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "sample").symlink_to(ROOT / "sample")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_where_the_page_is_read")
@pytest.mark.parametrize("section", SECTIONS)
def test_the_examples_of_a_section_print_what_the_page_says(section: str) -> None:
    names: dict[str, Any] = {}
    for code, printed in EXAMPLE.findall(SECTIONS[section]):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"docs/python.md, {section}", "exec"), names)
        assert_same(out.getvalue(), printed)


def test_every_example_shows_what_it_prints() -> None:
    assert PAGE.count("```python\n") == len(EXAMPLE.findall(PAGE)) > 0
    assert all(EXAMPLE.search(text) for text in SECTIONS.values())


def assert_same(found: str, printed: str) -> None:
    """Holds what was printed against the page; decimals differ by the processor in their last
    place."""
    assert DECIMAL.sub("…", found) == DECIMAL.sub("…", printed)
    numbers = [[float(number) for number in DECIMAL.findall(text)] for text in (found, printed)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.021)
