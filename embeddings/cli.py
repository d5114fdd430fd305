"""How the commands of every package begin and end.

Exit codes: 0 done, 1 not done or not found, 2 the command line cannot be understood (it names an
option, a mode, a space or a path that does not exist), 130 interrupted. What went wrong is one line
on stderr: "error: " and a sentence that says what to do.
"""

import errno
import logging
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from embeddings.errors import NoFolder, SceneseekError
from embeddings.settings import EmbeddingSettings, Settings, load_settings, unknown_variables

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def new_app(help_text: str | None = None) -> typer.Typer:
    """A command line whose help is plain text."""
    return typer.Typer(
        help=help_text,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def run(app: typer.Typer) -> NoReturn:
    """A command line from its arguments to its exit code."""
    try:
        code = _code_of(app)
    except typer.TyperException as error:
        sentence = error.format_message().replace("Value error, ", "")
        hint = "; an argument that begins with a hyphen goes after --" if _is_unknown(error) else ""
        fail(f"{sentence} (--help lists what there is{hint})", error.exit_code)
    except SceneseekError as error:
        fail(str(error), error.exit_code)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fail("the disk is full: free disk space and run again" if full else str(error))
    sys.exit(code if isinstance(code, int) else 0)


def _is_unknown(error: typer.TyperException) -> bool:
    """Whether there is no such option; typer has no public name for that."""
    return type(error).__name__ == "NoSuchOption"


def _code_of(app: typer.Typer) -> object:
    """What a command line ends with: EXIT_INTERRUPTED also where Ctrl-C was pressed and what was to
    be closed could not be, such as a connection in the middle of a query.
    """
    try:
        return app(standalone_mode=False)
    except Exception as error:
        cause: BaseException | None = error
        while cause and not isinstance(cause, KeyboardInterrupt):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        return EXIT_INTERRUPTED


def fail(sentence: str, exit_code: int = EXIT_FAILED) -> NoReturn:
    """The end of the process, with what went wrong on one line of stderr."""
    typer.echo(f"error: {' '.join(sentence.split())}", err=True)
    sys.exit(exit_code)


def require_folder_of(path: Path) -> None:
    """Raises NoFolder: what may be a slip of the keyboard makes no folders."""
    if not path.parent.is_dir():
        raise NoFolder(f"there is no folder {path.parent}: make it first, or name another")


def read_settings(kind: type[Settings]) -> Settings:
    """The settings of this process; a variable that looks like a slip is told.

    Raises InvalidSettings.
    """
    warn_of_slips(kind)
    return load_settings(kind)


def warn_of_slips(kind: type[EmbeddingSettings]) -> None:
    """A line for each variable that nothing reads and that is nearly one of `kind`'s."""
    for name, meant in unknown_variables(kind).items():
        typer.echo(f"warning: nothing reads {name}; did you mean {meant}?", err=True)


def log_to_stderr(*, debug: bool = False) -> None:
    """Structured lines on stderr, of this program and, from errors on, of the libraries it uses;
    with `debug`, also what the embedding service looks up in its cache."""
    import structlog  # the quick commands do without

    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(message)s")
    if debug:
        logging.getLogger("embeddings").setLevel(logging.DEBUG)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(
                colors=False,
                pad_event_to=12,
                exception_formatter=structlog.dev.plain_traceback,  # others show what values are
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
