"""The page of the files that are missing: which of them can be forgotten, and what becomes of the
others."""

from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from api.deps import State
from api.shrinking import forget_missing_files, missing_files
from api.views.library import library_view
from database.videos.files import FileOutcome, Files
from ingest.files.missing import Forgotten

MAX_FILES = 200
"""Of either kind, so many are named."""


@dataclass(frozen=True)
class KeptFile:
    """A missing file that is not forgotten, and why."""

    file: FileOutcome
    reason: str


@dataclass(frozen=True)
class MissingFiles:
    """The missing files of a library, as the host of the server sees them."""

    num_to_forget: int
    num_videos: int
    """Those that go with them."""
    to_forget: list[FileOutcome]
    """The first of them."""
    num_kept: int
    kept: list[KeptFile]
    """The first of them."""
    elsewhere: dict[str, int]
    """How many files other hosts miss, by their origins."""


def missing_page(state: State) -> HTMLResponse:
    """What would be forgotten and what not, with a button that does it."""
    return _page(state, forgotten=None)


def forget_missing_page(state: State) -> HTMLResponse:
    """The same, after it was done."""
    return _page(state, forgotten=forget_missing_files(state))


def _page(state: State, forgotten: Forgotten | None) -> HTMLResponse:
    found = _missing(state, missing_files(state))
    return library_view(
        state, "library.html", "missing", problem=None, missing=found, forgotten=forgotten
    )


def _missing(state: State, found: Forgotten) -> MissingFiles:
    files = Files(state.database)
    reasons = {kept.path: kept.reason for kept in found.kept[:MAX_FILES]}
    own = state.database.origin
    return MissingFiles(
        num_to_forget=len(found.paths),
        num_videos=files.videos_of_only(found.paths),
        to_forget=files.of(found.paths[:MAX_FILES]),
        num_kept=len(found.kept),
        kept=[KeptFile(file, reasons[file.path]) for file in files.of(list(reasons))],
        elsewhere={origin: num for origin, num in files.missing().items() if origin != own},
    )
