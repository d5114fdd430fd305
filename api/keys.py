"""python -m api.keys add | list | remove | first: the keys by which a library's server is asked."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import fasteners
import typer

from api.doors.keys import hash_of, new_key
from api.settings import ApiSettings
from database.api_keys import ApiKeys
from database.errors import KeyNameTaken
from database.models import ApiScope
from database.opening import open_database
from embeddings.cli import AsJson, fail, new_app, read_settings, run
from ingest.atomic import atomically

app = new_app("The keys by which a library's server is asked.")

_NAME = re.compile(r"\w[\w.@-]{0,59}")
_FIRST, _FIRST_FILE = "first", "first-api-key"
Name = Annotated[str, typer.Argument(help="Whose key it is: a person, or a program.")]
Scope = Annotated[
    ApiScope,
    typer.Option(help="read: search and watch; write: judge, tag and forget, too; admin: all."),
]


@app.command()
def add(name: Name, scope: Scope = ApiScope.READ, as_json: AsJson = False) -> None:
    """Makes a key, and prints it: it is kept by its hash alone, and cannot be shown again."""
    if not _NAME.fullmatch(name):
        fail("a name has up to 60 letters, digits and any of . _ @ -", 2)
    key = new_key()
    _stored().add(name, scope, hash_of(key))
    if as_json:
        typer.echo(json.dumps({"name": name, "scope": scope, "key": key}))
        return
    typer.echo(key)
    typer.echo("Keep it: it is not shown again. Send it as Authorization: Bearer KEY.", err=True)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Says which keys there are, what they allow, and when each was used last."""
    keys = _stored().all()
    rows = [
        {
            "name": key.name,
            "scope": key.scope,
            "created_at": key.created_at.isoformat(),
            "used_at": key.used_at and key.used_at.isoformat(),
        }
        for key in keys
    ]
    if as_json:
        typer.echo(json.dumps({"keys": rows}))
        return
    width = max((len(key.name) for key in keys), default=0)
    for key in keys:
        used = f"used {_minute(key.used_at)}" if key.used_at else "never used"
        typer.echo(f"{key.name:<{width}}  {key.scope:<5}  made {_minute(key.created_at)}  {used}")
    if not keys:
        typer.echo("no keys: python -m api.keys add NAME makes one")


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Takes a key away, and with it the logins by it: within 5 s it opens nothing."""
    _stored().remove(name)
    typer.echo(json.dumps({"removed": name}) if as_json else f"removed: {name}")


@app.command()
def first() -> None:
    """Makes a key that may do all, unless there is any, and puts it into a file that only this
    user can read: for a server that starts by itself."""
    settings = read_settings(ApiSettings)
    file = settings.home / _FIRST_FILE
    keys = ApiKeys(open_database(settings))
    _make_first(keys, file)
    key = file.read_text().strip() if file.exists() else ""
    if hash_of(key) in keys.holders().by_key:
        typer.echo(f"A key that may do all lies in {file}", err=True)
    else:
        typer.echo(
            "There are keys, none of which lies here: python -m api.keys add NAME makes another",
            err=True,
        )


def _make_first(keys: ApiKeys, file: Path) -> None:
    """Makes the first key, unless another server is quicker."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(file.with_suffix(".lock")):
        if keys.all():
            return
        key = new_key()
        # The file comes first: a crash must not leave a key that nobody has.
        with atomically(file) as partial:
            partial.touch(mode=0o600, exist_ok=False)
            partial.write_text(f"{key}\n")
        try:
            keys.add(_FIRST, ApiScope.ADMIN, hash_of(key))
        except KeyNameTaken:  # by a server with another home
            file.unlink()


def _stored() -> ApiKeys:
    return ApiKeys(open_database(read_settings(ApiSettings)))


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


if __name__ == "__main__":
    run(app)
