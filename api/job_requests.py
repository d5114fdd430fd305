"""What is asked for as a job: checked here, and told in /openapi.json."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, model_validator

from api.requests import SpaceKeys
from database.forms import EachOnce, Form, Id, is_storable
from database.jobs.jobs import MAX_PRIORITY
from database.models import JobFileState, JobState
from database.objects.address import Address, is_address
from ingest.files.found import MAX_PATH_BYTES

MAX_PATHS = 100
MAX_VIDEOS = 1000


def _storable_absolute(path: str) -> str:
    if is_address(path) and is_storable(path):
        return str(Address.parse(path))
    if not is_storable(path) or not Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError("name files and folders by their whole paths, from / on and without ..")
    return path


Priority = Annotated[int, Field(strict=True, ge=-MAX_PRIORITY, le=MAX_PRIORITY)]
VideoId = Annotated[Id, Field(strict=True)]
PathIn = Annotated[
    str, Field(min_length=1, max_length=MAX_PATH_BYTES), AfterValidator(_storable_absolute)
]


class PriorityIn(Form):
    """The body of PUT /jobs/{id}/priority."""

    priority: Priority = Field(description="Of all jobs that wait, higher ones are begun first")


class _JobIn(Form):
    """What every kind of job may be given."""

    priority: Priority = Field(
        default=0, description="Of all jobs that wait, higher ones are begun first"
    )


class IngestIn(_JobIn):
    """Makes files searchable, those in folders too, as `python -m ingest` does."""

    kind: Literal["ingest"]
    paths: Annotated[
        tuple[PathIn, ...],
        Field(
            min_length=1,
            max_length=MAX_PATHS,
            description="Files and folders of the server's host, in folders that it may read",
        ),
        EachOnce,
    ]
    retry: StrictBool = Field(default=False, description="Try files again that failed")
    again: StrictBool = Field(default=False, description="Make videos anew that are there already")


class BackfillIn(_JobIn):
    """Computes the vectors that spaces lack, or has a model describe keyframes, as
    `python -m ingest.backfill` does."""

    kind: Literal["backfill"]
    spaces: SpaceKeys | None = Field(default=None, description="Only these; all, without")
    descriptions: StrictBool = Field(
        default=False,
        description="Describe the keyframes that have no description, instead, by what "
        "INGEST_DESCRIPTIONS names, or by Ollama",
    )

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if self.descriptions and self.spaces is not None:
            raise ValueError("name spaces, or set descriptions to true")
        return self


class ForgetIn(_JobIn):
    """Forgets videos: those named, or all whose files are missing."""

    kind: Literal["forget"]
    video_ids: Annotated[tuple[VideoId, ...], Field(max_length=MAX_VIDEOS), EachOnce] = ()
    missing: StrictBool = False

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if bool(self.video_ids) == self.missing:
            raise ValueError("name video_ids, or set missing to true")
        return self


JobIn = Annotated[IngestIn | BackfillIn | ForgetIn, Field(discriminator="kind")]


class JobsIn(Form):
    """The parameters of GET /jobs."""

    state: Annotated[tuple[JobState, ...], Field(max_length=10)] = Field(
        default=(), description="Only these; all, without"
    )
    before: Id | None = Field(default=None, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class JobFilesIn(Form):
    """The parameters of GET /jobs/{id}/files."""

    state: Annotated[tuple[JobFileState, ...], Field(max_length=10)] = Field(
        default=(), description="Only these; all, without"
    )
    after: Annotated[str, Field(max_length=MAX_PATH_BYTES)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 100
