"""The library as a whole: its spaces, and the outcome of each file."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import LIST_TURN, REMOVAL_TURN, StateDep, only_known_parameters
from api.requests import FilesIn, part_of
from api.responses import (
    FileList,
    FileOut,
    ForgottenOut,
    KeptOut,
    ProblemOut,
    SpaceList,
    SpaceOut,
)
from api.shrinking import forget_missing_files
from api.spaces import Standing
from api.web.rendering import FORGET_MISSING
from database.videos.files import FileListing, FileOutcome, Files
from database.videos.places import uri_of

router = APIRouter(
    tags=["library"],
    responses={422: {"model": ProblemOut}},
    dependencies=[Depends(only_known_parameters)],
)


@router.get("/files", operation_id="list_files", dependencies=[LIST_TURN])
def list_files(state: StateDep, form: Annotated[FilesIn, Query()]) -> FileList:
    """The files that an ingest has seen with what became of each, the newest first."""
    found = Files(state.reader).page(part_of(form, FileListing), limit=form.limit)
    return FileList(files=[_file_out(file) for file in found.files], next=found.next)


@router.post(
    FORGET_MISSING,
    operation_id="forget_missing",
    responses={403: {"model": ProblemOut}},
    dependencies=[REMOVAL_TURN],
)
def forget_missing(state: StateDep) -> ForgottenOut:
    """Forgets the files of the server's host that are missing, and the videos that no other file
    leads to; not those of a disk that is away, nor those that have not been missing for
    INGEST_FORGET_AFTER_DAYS."""
    found = forget_missing_files(state)
    kept = [KeptOut(path=file.path, reason=file.reason) for file in found.kept]
    return ForgottenOut(forgotten=found.paths, kept=kept)


@router.get("/spaces", operation_id="list_spaces", dependencies=[LIST_TURN])
def list_spaces(state: StateDep) -> SpaceList:
    """The spaces of the library: what each is for, and how many moments it holds of those that it
    should, as counted in the last few seconds. To count takes seconds in a large library."""
    return SpaceList(spaces=[_space_out(standing) for standing in state.facts.standings()])


def _file_out(file: FileOutcome) -> FileOut:
    return FileOut(
        uri=uri_of(file.origin, file.path),
        path=file.path,
        status=file.status.value,
        reason=file.reason,
        seen_at=file.seen_at.isoformat(),
        missing_since=file.missing_since.isoformat() if file.missing_since else None,
        video_id=file.video_id,
    )


def _space_out(standing: Standing) -> SpaceOut:
    info, coverage = standing.info, standing.coverage
    assert coverage is not None
    return SpaceOut(
        space=info.key,
        slot=info.slot,
        state=info.state.value,
        modality=info.modality.value,
        input=info.input.value,
        dim=info.dim,
        model=info.model,
        revision=info.revision,
        weights_here=standing.weights_here,
        embedded=coverage.embedded,
        wanted=coverage.wanted,
    )
