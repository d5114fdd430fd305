"""Background queries: short and diverse, about everything and nothing in particular.

How they score in a space says what an unrelated query scores there; see
search/retrieval/calibrate.py.
"""

from functools import cache
from pathlib import Path


@cache
def background_queries() -> tuple[str, ...]:
    """The bank, written for this project."""
    path = Path(__file__).with_name("background.txt")
    return tuple(path.read_text(encoding="utf-8").splitlines())
