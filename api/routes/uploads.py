"""Films that are sent: resumable by the tus protocol (https://tus.io, 1.0.0), or as a form."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.deps import COMPARISON_TURN, UPLOAD_TURN, StateDep
from api.errors import accepts_pages
from api.requests import KnownIn
from api.responses import KnownOut, KnownVideoOut, ProblemOut, UploadOut
from api.uploading.bodies import declared_bytes, pieces
from api.uploading.forms import FORM_BYTES, FORM_IN_OPENAPI, FormFile
from api.uploading.names import named_in
from api.uploading.shelf import ID_PATTERN, Upload
from api.uploading.uploads import Uploads
from database.errors import DatabaseError

VERSION = "1.0.0"
_PROTOCOL = "Tus-Resumable"
_EXTENSIONS = "creation,creation-with-upload,expiration,termination"
_PART = "application/offset+octet-stream"
JOBS = "/library/jobs"
"""Where a page's form leads."""
_MAX_LENGTH = 2**63 - 1
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemOut} for status in (404, 408, 409, 412, 413, 415, 422, 423, 507)
}


class TusRoute(APIRoute):
    """A route whose answers, errors among them, all name the protocol."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as any route."""

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_PROTOCOL] = VERSION
            await send(message)

        await super().handle(scope, receive, send_named)


async def _require_tus(request: Request) -> None:
    """Raises HTTPException (412) for another version; who names none means this one."""
    if request.headers.get(_PROTOCOL, VERSION) != VERSION:
        detail = f"send `{_PROTOCOL}: {VERSION}`: no other version is spoken here"
        raise HTTPException(412, detail, {"Tus-Version": VERSION})


class _IdConvertor(StringConvertor):
    """Only what is an id: no other address below /uploads is taken for one."""

    regex = ID_PATTERN


register_url_convertor("upload", _IdConvertor())
_ONE = "/uploads/{upload_id:upload}"


router = APIRouter(tags=["uploads"], responses=_REFUSALS)
tus = APIRouter(route_class=TusRoute, dependencies=[Depends(_require_tus)])
UploadId = Annotated[str, Path(description="The last part of the upload's Location")]


@router.options("/uploads", include_in_schema=False)
async def tell(state: StateDep) -> Response:
    """What is spoken here, and how large a film may be."""
    return Response(
        status_code=204,
        headers={
            _PROTOCOL: VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": _EXTENSIONS,
            "Tus-Max-Size": str(state.uploads.max_bytes),
        },
    )


@router.post("/uploads/known", operation_id="find_known", dependencies=[COMPARISON_TURN])
def find_known(state: StateDep, body: KnownIn) -> KnownOut:
    """Whether a file that is to be sent is here already. Ask by its size first: only if
    `same_size` is true there is any use in its digest."""
    files = state.uploads.same_size(body.size_bytes)
    video = state.uploads.find_known(files, body.digest) if body.digest else None
    if video is None:
        return KnownOut(same_size=bool(files), video=None)
    url = f"/watch/{video.id}"
    own = KnownVideoOut(id=video.id, title=video.title, path=video.path, url=url)
    return KnownOut(same_size=True, video=own)


@tus.post("/uploads", operation_id="create_upload", status_code=201)
async def create(
    state: StateDep,
    request: Request,
    response: Response,
    upload_length: Annotated[int, Header(ge=0, le=_MAX_LENGTH, description="Bytes of the film")],
    upload_metadata: Annotated[
        str, Header(max_length=4096, description="`filename` and its name, UTF-8 in base64")
    ],
) -> UploadOut:
    """Begins an upload, at `Location`. With a body of type application/offset+octet-stream its
    first bytes are taken in at once."""
    uploads, name = state.uploads, named_in(upload_metadata)
    upload = await uploads.run(uploads.create, name, upload_length, upload_metadata)
    if request.headers.get("content-type") == _PART:
        with _forgotten_if_refused(uploads, upload):
            upload = await _take_in(uploads, upload, 0, request)
    response.headers["Location"] = f"/uploads/{upload.id}"
    response.headers.update(_told(uploads, upload))
    return await uploads.run(_upload_out, uploads, upload)


@tus.head(
    _ONE,
    include_in_schema=False,
    dependencies=[UPLOAD_TURN],
)
def look(state: StateDep, upload_id: UploadId) -> Response:
    """How far an upload is: where to go on."""
    upload = state.uploads.get(upload_id)
    headers = {
        "Cache-Control": "no-store",
        "Upload-Length": str(upload.size_bytes),
        "Upload-Metadata": upload.metadata,
    }
    return Response(headers=headers | _told(state.uploads, upload))


@tus.patch(
    _ONE,
    operation_id="send_upload",
    status_code=204,
    response_class=Response,
)
async def send(
    state: StateDep,
    request: Request,
    upload_id: UploadId,
    upload_offset: Annotated[
        int, Header(ge=0, le=_MAX_LENGTH, description="Where the body begins: as HEAD has told")
    ],
) -> Response:
    """Takes in the next bytes of an upload, as many as come. When all are there, a job ingests the
    film: `Sceneseek-Job` is its number; or `Sceneseek-Video` the video that is the same."""
    if request.headers.get("content-type") != _PART:
        raise HTTPException(415, f"send the bytes as Content-Type: {_PART}")
    uploads = state.uploads
    upload = await uploads.run(uploads.get, upload_id)
    if upload.state == "receiving":
        upload = await _take_in(uploads, upload, upload_offset, request)
    elif upload_offset != upload.size_bytes:
        raise HTTPException(409, "all of it has come", {"Upload-Offset": str(upload.size_bytes)})
    return Response(status_code=204, headers=_told(uploads, upload))


@tus.delete(
    _ONE,
    operation_id="end_upload",
    status_code=204,
    response_class=Response,
    dependencies=[UPLOAD_TURN],
)
def end(state: StateDep, upload_id: UploadId) -> Response:
    """Ends an upload, and removes what has come of it. A film that has come as a whole stays."""
    state.uploads.forget(upload_id)
    return Response(status_code=204)


@router.get(_ONE, operation_id="get_upload", dependencies=[UPLOAD_TURN])
def get(state: StateDep, upload_id: UploadId) -> UploadOut:
    """How far an upload is, and what has become of it."""
    return _upload_out(state.uploads, state.uploads.get(upload_id))


@router.post(
    "/videos",
    operation_id="upload_video",
    response_model=UploadOut,
    openapi_extra=FORM_IN_OPENAPI,
)
async def upload_video(state: StateDep, request: Request) -> Any:
    """Takes in a film as a form, all at once, for a job that ingests it. One that is cut off has to
    be sent again: /uploads goes on. A page's form leads to the list of jobs."""
    uploads = state.uploads
    form = FormFile(request.headers.get("content-type", ""))
    await uploads.run(uploads.require_room, declared_bytes(request))
    body = pieces(request, uploads.max_bytes + FORM_BYTES, uploads.too_large())
    name, film = await form.open(body)
    upload = await uploads.run(uploads.create, name, None)
    with _forgotten_if_refused(uploads, upload):
        upload = await uploads.take_in(upload, 0, film)
    if accepts_pages(request.scope):
        return RedirectResponse(JOBS, status_code=303)
    return await uploads.run(_upload_out, uploads, upload)


router.include_router(tus)


@contextmanager
def _forgotten_if_refused(uploads: Uploads, upload: Upload) -> Iterator[None]:
    """Nothing of an upload whose address its client does not know; but for one that has come as a
    whole, and waits for the database."""
    try:
        yield
    except DatabaseError:
        raise
    except BaseException:
        with suppress(HTTPException):
            uploads.forget(upload.id)
        raise


async def _take_in(uploads: Uploads, upload: Upload, offset: int, request: Request) -> Upload:
    left = max((upload.size_bytes or 0) - offset, 0)
    too_large = f"there are {left} bytes to come, and more are sent: see Upload-Length"
    return await uploads.take_in(upload, offset, pieces(request, left, too_large))


def _told(uploads: Uploads, upload: Upload) -> dict[str, str]:
    """What every answer tells of an upload, in headers."""
    headers = {
        "Upload-Offset": str(uploads.offset(upload)),
        "Upload-Expires": format_datetime(uploads.expires_at(upload), usegmt=True),
    }
    if upload.video is not None:
        headers["Sceneseek-Video"] = str(upload.video)
    elif upload.job is not None:
        headers["Sceneseek-Job"] = str(upload.job)
    return headers


def _upload_out(uploads: Uploads, upload: Upload) -> UploadOut:
    return UploadOut(
        id=upload.id,
        name=upload.stored or upload.name,
        size_bytes=upload.size_bytes or 0,
        offset=uploads.offset(upload),
        state=upload.state,
        job=upload.job,
        video=uploads.find_video(upload),
        expires_at=uploads.expires_at(upload).isoformat(),
    )
