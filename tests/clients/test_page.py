"""docs/embeddings.md: the examples of its clients run, and print what the page says."""

import re
from pathlib import Path

import pytest

from tests.helpers.clients import printed_by, url_of
from tests.helpers.commands import ROOT
from tests.helpers.http import Serving

PAGE = (ROOT / "docs" / "embeddings.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```python\n((?:(?!```).)*)```\n```text\n(.*?)```", re.DOTALL)
"""A block of Python right before one of text."""
ADDRESS = "http://127.0.0.1:8000/v1"
DECIMAL = re.compile(r"-?\d+\.\d+")


@pytest.mark.parametrize("name", ["openai", "langchain_openai", "llama_index", "haystack"])
def test_the_example_of_a_client_prints_what_the_page_says(
    name: str, served: Serving, tmp_path: Path
) -> None:
    code, printed = next(each for each in EXAMPLE.findall(PAGE) if f"from {name}" in each[0])
    assert ADDRESS in code
    found = printed_by(code.replace(ADDRESS, url_of(served)), tmp_path)
    assert DECIMAL.sub("…", found) == DECIMAL.sub("…", printed)
    numbers = [[float(number) for number in DECIMAL.findall(text)] for text in (found, printed)]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-5)
