"""One vocabulary: an option of the command line has the name of the API's field, and its limits."""

import inspect
from datetime import time
from typing import Annotated, get_args

import pytest
import typer

from api.requests import ImageIn, SearchIn, SequenceIn, SimilarIn
from database.forms import Form
from database.models import MomentKind
from database.queries.filters import Filters
from search import __main__ as search
from search import image, sequence, similar
from search.cli import with_options
from search.errors import InvalidQuery
from search.exports.command import ExportTo
from search.query.query import Shape, Sort


def options(command: object) -> set[str]:
    """The options that a command has, as fields are named."""
    assert callable(command)
    parameters = inspect.signature(with_options(command)).parameters.values()
    kinds = {p.name: get_args(p.annotation)[1] for p in parameters if get_args(p.annotation)[1:]}
    names = {n for n, kind in kinds.items() if isinstance(kind, typer.models.OptionInfo)}
    return names - {"as_json"}


@pytest.mark.parametrize(
    ("command", "form", "arguments"),
    [
        (search.main, SearchIn, {"query"}),
        (image.main, ImageIn, {"query"}),
        (similar.main, SimilarIn, set()),
        # A step of the command line is a text that may begin with its mode.
        (sequence.main, SequenceIn, {"steps"}),
    ],
)
def test_options_have_the_names_of_the_fields_of_the_api(
    command: object, form: type[Form], arguments: set[str]
) -> None:
    fields = set(form.model_fields)
    if "filters" in fields:
        fields = fields - {"filters"} | set(Filters.model_fields)
    extra = {"mode"} if command is sequence.main else set()
    to_files = set(ExportTo.model_fields)  # POST /exports has its own way to say that
    assert options(command) == fields - arguments | extra | to_files


def filled(*arguments: str) -> tuple[Filters, Shape]:
    """The forms that a command is given for these arguments."""
    given: list[tuple[Filters, Shape]] = []

    def command(*, query: Annotated[str, typer.Argument()], filters: Filters, shape: Shape) -> None:
        given.append((filters, shape))

    app = typer.Typer(rich_markup_mode=None)
    app.command()(with_options(command))
    app(["query", *arguments], standalone_mode=False)
    return given[0]


def test_what_is_not_given_has_the_default_of_the_form() -> None:
    assert filled() == (Filters(), Shape())


def test_what_is_given_is_checked_by_the_form() -> None:
    filters, shape = filled(
        *("--video-ids", "3", "--video-ids", "5", "--from-s", "0", "--clock-from", "18:30"),
        *("--kinds", "speech", "--tags", "site", "--by-video", "--sort", "date", "--limit", "3"),
    )
    assert filters == Filters(
        video_ids=(3, 5),
        from_s=0,
        clock_from=time(18, 30),
        kinds=(MomentKind.SPEECH,),
        tags=("site",),
    )
    assert shape == Shape(by_video=True, sort=Sort.DATE, limit=3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--limit", "0"), "--limit: Input should be greater than or equal to 1"),
        (("--min-score", "1"), "--min-score: Input should be less than 1"),
        (("--video-ids", "0"), "--video-ids: Input should be greater than or equal to 1"),
        (("--from-s", "nan"), "--from-s: Input should be a finite number"),
        (("--from-s", "5", "--to-s", "5"), "the time range is empty"),
        (("--recorded-to", "soon"), "--recorded-to: a date looks like 2026-11-21, not 'soon'"),
        (("--language", "english"), "--language: a language is its code of two or three letters"),
    ],
)
def test_what_a_form_refuses_is_named_by_its_option(
    arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InvalidQuery, match=sentence):
        filled(*arguments)
