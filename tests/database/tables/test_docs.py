"""The example of docs/tables.md prints what stands below it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from database.settings import DatabaseSettings
from tests.helpers.commands import ROOT


def test_the_example_prints_what_stands_below_it(
    settings: DatabaseSettings, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", text, re.DOTALL)
    assert found is not None
    assert settings.database_url is not None
    url = sa.make_url(settings.database_url).set(drivername="postgresql+psycopg")
    done = subprocess.run(
        [sys.executable, "-c", found[1]],
        env={**os.environ, "NOTES_URL": url.render_as_string(hide_password=False)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (found[2], "")
