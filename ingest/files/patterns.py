"""Globs of a command line, expanded without going round in links.

The standard library's `**` follows links to folders: two of them that lead to the folder they are
in take it through all of their 2 ** 40 combinations.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path

from ingest.files.rubbish import is_rubbish

ANY_DEPTH = "**"


def expand(pattern: Path) -> list[Path]:
    """What an absolute pattern stands for, sorted.

    `**` goes into the folders that an ingest of a folder would go into, too. A folder that has to
    be looked through and cannot be read is among what is found: whoever opens it will say so.
    """
    first, *others = pattern.parts
    return sorted(set(_matches(Path(first), others)))


def _matches(folder: Path, parts: list[str]) -> Iterator[Path]:
    """What the parts of a pattern stand for within a folder."""
    if not parts:
        yield folder
        return
    part, *others = parts
    if os.path.lexists(folder / part):
        yield from _matches(folder / part, others)
        return
    if not has_magic(part):
        return
    try:
        with os.scandir(folder) as entries:
            names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except NotADirectoryError:
        return
    except OSError:
        yield folder
        return
    if part == ANY_DEPTH:
        yield from _matches(folder, others)
    for name, is_folder in names:
        if part == ANY_DEPTH:
            if is_folder and not name.startswith(".") and not is_rubbish(name):
                yield from _matches(folder / name, parts)
            elif not is_folder and not others and not name.startswith("."):
                yield folder / name
        elif fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
            yield from _matches(folder / name, others)
