"""The options of this package's commands, and how the commands begin and end.

Filters and shapes become options by themselves: a field `min_duration_s` is the option
`--min-duration-s`, with the field's description and limits, so that command line and API have the
same words for the same things.
"""

import inspect
import json
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, NoReturn, TypeVar, get_args, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from database.forms import MAX_ID, Form
from database.queries.filters import Moment
from database.server.connection import Database
from database.settings import DatabaseSettings
from embeddings.cli import new_app, warn_of_slips
from embeddings.cli import run as run_app
from embeddings.loaded import Encoders
from search.errors import InvalidQuery
from search.exports.command import ExportTo, export
from search.exports.selections import selections_of
from search.library import open_library
from search.multi_modal_search import MultiModalSearchEngine
from search.results.hits import SearchAnswer
from search.results.json import search_document
from search.results.text import answer_text

AnyForm = TypeVar("AnyForm", bound=Form)

Mode = Annotated[
    str | None, typer.Option(help="text_heavy, balanced (default), vision_heavy or auto.")
]
Spaces = Annotated[
    list[str] | None,
    typer.Option(help="Search only this space (python -m embeddings list); repeatable."),
]
Scene = Annotated[
    int, typer.Argument(help="The scene's id, as searches show it.", min=1, max=MAX_ID)
]


def run(command: Callable[..., None]) -> NoReturn:
    """A command with the options of its forms, from its arguments to its exit code."""
    app = new_app()
    app.command()(with_options(command))
    run_app(app)


def open_engine(encoders: Encoders | None = None) -> tuple[MultiModalSearchEngine, Database]:
    """The library that the environment names, for searching; with its encoders, if they are there
    already."""
    warn_of_slips(DatabaseSettings)
    library = open_library(encoders)
    return MultiModalSearchEngine(library.database, library.encoders), library.database


def print_answer(answer: SearchAnswer, database: Database, to: ExportTo, *, as_json: bool) -> None:
    """An answer on stdout, and in a file if that is asked for; why it is degraded on stderr."""
    if as_json or answer.query.shape.explain:
        print_json(search_document(answer))
    else:
        print_reasons(answer.reasons)
        typer.echo(answer_text(answer))
    export(to, database, selections_of(answer), answer.query.text)


def print_reasons(reasons: tuple[str, ...]) -> None:
    """A line on stderr for each reason why an answer is degraded."""
    for reason in reasons:
        typer.echo(f"degraded: {reason}", err=True)


def print_json(document: object) -> None:
    """All but ASCII is escaped: text from media may hold what steers a terminal."""
    typer.echo(json.dumps(document))


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of its parameters that are forms."""
    signature = inspect.signature(command, eval_str=True)
    forms: dict[str, type[Form]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        kind = parameter.annotation
        if isinstance(kind, type) and issubclass(kind, Form):
            forms[parameter.name] = kind
            parameters += [_option(name, field) for name, field in kind.model_fields.items()]
        else:
            parameters.append(parameter)

    def with_forms(**given: Any) -> None:
        for name, kind in forms.items():
            given[name] = _filled(kind, {field: given.pop(field) for field in kind.model_fields})
        command(**given)

    with_forms.__doc__ = command.__doc__
    with_forms.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_forms.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_forms


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    """A field as an option; what was not given is None or empty, and has the field's default."""
    kind, is_list = _plain_type(field.annotation)
    text = f"{field.description}{'; repeatable' if is_list else ''}."
    if kind is not bool and not is_list and field.default is not None:
        text += f" [default: {getattr(field.default, 'value', field.default)}]"
    option = typer.Option(_flag(name), help=text, show_default=False)
    annotation: Any = list[kind] | None if is_list else (kind | None)  # type: ignore[valid-type]
    if kind is bool:
        annotation = bool
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[annotation, option],
        default=field.default if kind is bool else None,
    )


def _plain_type(annotation: Any) -> tuple[Any, bool]:
    """The type that typer reads for a field's annotation, and whether there are many of it. What
    typer does not know is read as text, and checked by the form."""
    if get_origin(annotation) is Annotated:
        return _plain_type(get_args(annotation)[0])
    arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
    if get_origin(annotation) is tuple:
        return _plain_type(arguments[0])[0], True
    if arguments:
        return _plain_type(arguments[0])
    known = isinstance(annotation, type) and issubclass(annotation, int | float | Enum)
    return (annotation if known else str), False


def _filled(kind: type[AnyForm], given: dict[str, Any]) -> AnyForm:
    """A form of what was given. Raises InvalidQuery, naming the option."""
    present = {name: value for name, value in given.items() if value is not None and value != []}
    for name, value in present.items():
        if kind.model_fields[name].annotation == Moment | None:
            present[name] = _here(name, value)
    try:
        return kind(**present)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{_flag(str(first['loc'][0]))}: " if first["loc"] else ""
        raise InvalidQuery(where + first["msg"].removeprefix("Value error, ")) from None


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _here(name: str, text: str) -> datetime:
    """A date, or date and time, in the time zone of this machine unless it names another."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise InvalidQuery(f"{_flag(name)}: a date looks like 2026-11-21, not {text!r}") from None
