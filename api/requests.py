"""What requests hold: checked here, and told in /openapi.json.

Filters and shapes are those of the search itself; the commands' options are made from the same.
"""

from typing import Annotated, Any, Literal, Self, TypeVar

from fastapi import Depends, Request
from pydantic import AfterValidator, Field, FiniteFloat, model_validator
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from database.forms import MAX_ID, EachOnce, Form, Id, Seconds, is_storable
from database.queries.filters import Filters, TagNames
from database.videos.files import FileListing
from search.errors import InvalidQuery
from search.exports.command import Handles
from search.exports.formats import ExportFormat
from search.exports.selections import MAX_SELECTIONS
from search.query.query import (
    MAX_QUERY_CHARACTERS,
    MAX_SPACES,
    Mode,
    Shape,
)
from search.retrieval.spaces import Likeness
from search.sequences import MAX_STEPS, MAX_WITHIN_S, SequenceShape

AnyForm = TypeVar("AnyForm", bound=Form)
QueryText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description='What to find, in words; "in quotes" side by side, -without this word',
    ),
]
SpaceKey = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
SpaceKeys = Annotated[
    tuple[SpaceKey, ...],
    Field(min_length=1, max_length=MAX_SPACES),
]
MAX_SCENES = 100
MAX_SOUND = 99


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("this has a null character or a lone surrogate")
    return text


Storable = AfterValidator(_storable)
SceneIds = Annotated[tuple[Id, ...], Field(max_length=MAX_SCENES), EachOnce]
ClipKind = Literal["exact", "fast"]
PictureKey = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The name of a picture that was sent to search with (api/query_pictures.py)."""


class QuickIn(Shape):
    """The parameters of GET /search/quick: one line of text."""

    q: QueryText


class MultimodalQuickIn(QuickIn):
    """The parameters of GET /search/multimodal/quick."""

    mode: Mode = Field(default="balanced", description="Weights of text and vision")


class WeightsIn(Form):
    """The weights of text and vision; only their ratio matters."""

    text: Annotated[FiniteFloat, Field(ge=0)]
    vision: Annotated[FiniteFloat, Field(ge=0)]


class SearchIn(Shape):
    """The body of POST /search/multimodal: a mode, or weights of its own."""

    query: QueryText
    mode: Mode | None = Field(default=None, description="Weights of text and vision; or `weights`")
    weights: WeightsIn | None = None
    use_vision: bool = Field(
        default=True, description="Search what is shown, too, not only what is said and written"
    )
    filters: Filters = Field(default_factory=Filters)
    spaces: SpaceKeys | None = Field(
        default=None, description="Search only these spaces of the library"
    )
    like: SceneIds = Field(default=(), description="Scenes that bend the query towards them")
    unlike: SceneIds = Field(default=(), description="Scenes that bend it away from them")


class FeedbackIn(SearchIn):
    """The body of POST /search/feedback: judgements of hits, which are kept and bend the query."""

    @model_validator(mode="after")
    def _is_judged(self) -> Self:
        if not self.like and not self.unlike:
            raise ValueError("name at least one scene in like or unlike")
        return self


class JudgedIn(Form):
    """The parameters of DELETE /search/feedback: whose judgement is taken back."""

    query: QueryText
    scene: Id


class MarkIn(JudgedIn):
    """The parameters of PUT /search/feedback: a judgement that is only kept."""

    relevant: bool = Field(description="Whether the scene is what the query means")


class MomentsIn(Form):
    """The parameters of GET /videos/{id}/moments."""

    q: QueryText
    mode: Mode = Field(default="balanced", description="Weights of text and vision")


class ClipIn(Form):
    """How a clip is made, and what is heard in it."""

    kind: ClipKind = Field(
        default="exact",
        description="exact: encoded anew, from the very frame on; fast: copied, from the I-frame "
        "before on",
    )
    sound: Annotated[int, Field(ge=0, le=MAX_SOUND)] | None = Field(
        default=None, description="Which sound track, counted from 0; by default the first"
    )


class SceneClipIn(ClipIn):
    """The parameters of GET /scenes/{id}/clip.mp4."""

    pad_s: Annotated[FiniteFloat, Field(ge=0, le=60)] = Field(
        default=0.0, description="As much before and after the scene, as far as it is there"
    )


class VideoClipIn(ClipIn):
    """The parameters of GET /videos/{id}/clip.mp4."""

    from_s: Seconds
    to_s: Seconds

    @model_validator(mode="after")
    def _is_forward(self) -> Self:
        if self.to_s <= self.from_s:
            raise ValueError("to_s is to be later than from_s")
        return self


class ImageIn(Shape, Filters):
    """The parameters of POST /search/image, whose body is the picture."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS)] = Field(
        default="", description="What the scenes should show besides"
    )
    crop: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="Only this part: LEFT,TOP,WIDTH,HEIGHT, each from 0 to 1"
    )
    spaces: SpaceKeys | None = Field(
        default=None, description="Search only these spaces of the library"
    )


class SimilarIn(Shape, Filters):
    """The parameters of GET /scenes/{id}/similar."""

    by: Likeness | None = Field(
        default=None, description="What to be like it in; by default look, if it has one"
    )
    space: SpaceKey | None = Field(
        default=None, description="The space to compare in, such as videomae-b"
    )


class StepIn(Form):
    """One step of a sequence."""

    query: QueryText
    mode: Mode = Field(default="balanced", description="Weights of text and vision")


class SequenceIn(SequenceShape):
    """The body of POST /search/sequence: one thing, then another."""

    steps: Annotated[tuple[StepIn, ...], Field(min_length=2, max_length=MAX_STEPS)]
    within_s: Annotated[FiniteFloat, Field(ge=0, le=MAX_WITHIN_S)] = Field(
        default=30.0, description="Each step begins at most so long after the one before ends"
    )
    filters: Filters = Field(default_factory=Filters)


class SelectedIn(Form):
    """A moment to export: a whole scene, or a part of a video, which may name its scene."""

    scene_id: Id | None = None
    video_id: Id | None = None
    start_s: Seconds | None = None
    end_s: Seconds | None = None
    name: Annotated[str, Field(max_length=500), Storable] | None = None
    query: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS), Storable] | None = Field(
        default=None, description="What it was found by, if not what all were"
    )

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        part = (self.video_id, self.start_s, self.end_s)
        num_given = sum(value is not None for value in part)
        if num_given not in (0, 3) or (num_given == 0 and self.scene_id is None):
            raise ValueError("name a scene_id, or a video_id with start_s and end_s")
        return self


class ExportIn(Form):
    """The body of POST /exports: selections, or the hits of a search."""

    format: ExportFormat
    selections: Annotated[
        tuple[SelectedIn, ...], Field(min_length=1, max_length=MAX_SELECTIONS)
    ] = ()
    search: SearchIn | None = Field(
        default=None, description="The body of POST /search/multimodal, instead of selections"
    )
    title: Annotated[str, Field(max_length=200), Storable] = Field(
        default="", description="Of the file and the timeline; by default the query"
    )
    query: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS), Storable] = Field(
        default="", description="What the selections were found by, which comments tell"
    )
    handles_s: Handles = Field(default=0.0, description="As much before and after each")
    kind: ClipKind = Field(default="exact", description="Of the clips in a zip; as GET clip.mp4")

    @model_validator(mode="after")
    def _is_of_something(self) -> Self:
        if (self.search is None) == (not self.selections):
            raise ValueError("give selections, or a search, and not both")
        return self


class TagsIn(Form):
    """The tags of a video, instead of those it has."""

    tags: TagNames


class KnownIn(Form):
    """The body of POST /uploads/known: a file that is to be sent."""

    size_bytes: Annotated[int, Field(strict=True, ge=0, le=MAX_ID)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="SHA-256 of the SHA-256 of each slice of 8 MiB (8,388,608 bytes; the last may "
        "be shorter), in hex",
    )


class FilesIn(FileListing):
    """The parameters of GET /files."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


def part_of(form: Form, kind: type[AnyForm]) -> AnyForm:
    """The fields of a form that are `kind`'s, as one."""
    return kind(**{name: getattr(form, name) for name in kind.model_fields})


_CONTENT = {"type": "string", "format": "binary"}
PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": _CONTENT},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"image": _CONTENT}}
            },
        },
    }
}
"""For the OpenAPI document."""


async def _picture_bytes(request: Request) -> bytes:
    """The body, or the one file of a form. Raises InvalidQuery if a form has none."""
    body = await request.body()  # kept by the request, whatever reads it again
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return body
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            for value in form.values():
                if isinstance(value, UploadFile):
                    return await value.read()
    except HTTPException as error:
        raise InvalidQuery(f"the form cannot be read: {error.detail}") from None
    raise InvalidQuery("the form has no file: send the picture as one, or as the body")


PictureBytes = Annotated[bytes, Depends(_picture_bytes)]
