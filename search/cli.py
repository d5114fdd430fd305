"""What the commands of this package share: their options, and how they begin and end."""

import json
from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from database.models import MomentKind
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from embeddings import cli
from embeddings.cli import new_app, read_settings
from embeddings.loaded import Encoders
from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import Sort
from search.results.hits import SearchAnswer
from search.results.json import answer_document
from search.results.text import answer_text

Parsed = TypeVar("Parsed")

Mode = Annotated[
    str | None, typer.Option(help="text_heavy, balanced (default), vision_heavy or auto.")
]
Space = Annotated[
    list[str] | None,
    typer.Option(help="Search only this space (python -m embeddings list); repeatable."),
]
MAX_ID = 2**63 - 1
Video = Annotated[
    list[int] | None,
    typer.Option(help="Only in the video with this id; repeatable.", min=1, max=MAX_ID),
]
Scene = Annotated[
    int, typer.Argument(help="The scene's id, as searches show it.", min=1, max=MAX_ID)
]
From = Annotated[
    float | None, typer.Option("--from", help="Only scenes that end after this second.")
]
To = Annotated[
    float | None, typer.Option("--to", help="Only scenes that start before this second.")
]
Language = Annotated[
    str | None, typer.Option(help="Only videos with speech in this language, such as en.")
]
Since = Annotated[str | None, typer.Option(help="Only videos recorded at or after this date.")]
Before = Annotated[str | None, typer.Option(help="Only videos recorded before this date.")]
AfterClock = Annotated[
    str | None, typer.Option(help="Only videos recorded at or after this time of day.")
]
BeforeClock = Annotated[
    str | None, typer.Option(help="Only videos recorded before this time of day.")
]
Longer = Annotated[float | None, typer.Option(help="Only videos of at least so many seconds.")]
Shorter = Annotated[float | None, typer.Option(help="Only videos of at most so many seconds.")]
Has = Annotated[
    list[MomentKind] | None, typer.Option(help="Only scenes that have this; repeatable.")
]
Tag = Annotated[list[str] | None, typer.Option(help="Only videos with this tag; repeatable.")]
Limit = Annotated[int, typer.Option(help="Hits to show.")]
CursorOption = Annotated[str | None, typer.Option("--cursor", help="Where the page before ended.")]
SortOption = Annotated[Sort, typer.Option("--sort", help="Order of the hits.")]
ByVideo = Annotated[bool, typer.Option("--by-video", help="Each video once, by its best scene.")]
Fold = Annotated[bool, typer.Option("--fold", help="Scenes that look nearly the same once.")]
MinScore = Annotated[float, typer.Option(help="Only hits at least so sure, from 0 to 1.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Print JSON with every score and where it comes from.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]


def parse_date(text: str | None) -> datetime | None:
    """A date, or date and time, here unless it says where. Raises InvalidQuery."""
    return _parse(text, _here, "a date looks like 2026-11-21")


def parse_clock(text: str | None) -> time | None:
    """A time of day. Raises InvalidQuery."""
    return _parse(text, _without_zone, "a time of day looks like 18:30")


def _here(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def _without_zone(text: str) -> time:
    clock = time.fromisoformat(text)
    if clock.tzinfo is not None:
        raise ValueError(text)
    return clock


def _parse(text: str | None, parse: Callable[[str], Parsed], help_text: str) -> Parsed | None:
    try:
        return parse(text) if text is not None else None
    except (ValueError, OverflowError):
        raise InvalidQuery(f"{help_text}, not {text!r}") from None


def open_engine() -> tuple[MultiModalSearchEngine, Database]:
    """The library that the environment names, for searching."""
    settings = read_settings(DatabaseSettings)
    database = open_database(settings)
    return MultiModalSearchEngine(database, Encoders(settings.runtime())), database


def print_answer(answer: SearchAnswer, *, as_json: bool) -> None:
    """An answer on stdout, and what is amiss on stderr."""
    if as_json:
        print_json(answer_document(answer))
        return
    for reason in answer.reasons:
        typer.echo(f"degraded: {reason}", err=True)
    typer.echo(answer_text(answer))


def print_json(document: dict[str, Any]) -> None:
    """All but ASCII is escaped: text from media may hold what steers a terminal."""
    typer.echo(json.dumps(document))


def run(command: Callable[..., None]) -> NoReturn:
    """A command from its arguments to its exit code."""
    app = new_app()
    app.command()(command)
    cli.run(app)
