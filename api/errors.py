"""Errors as application/problem+json (RFC 9457), under /v1 as OpenAI's: the fact and what to do,
no internals."""

import errno
import sys
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from api.access import request_id_of
from api.hang_up import CLIENT_GONE, ClientGone
from api.openai_errors import is_openai, openai_error, openai_error_of
from api.unavailable import find_unavailable
from api.web.rendering import error_page, is_page
from database.errors import (
    DiskFull,
    InvalidTag,
    JobConflict,
    NotForShards,
    NotFound,
    ValueRefused,
)
from embeddings.errors import SceneseekError
from search.errors import InvalidQuery

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
_MAX_ERRORS = 100
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_UNREADABLE = "There was an error parsing the body"
"""What FastAPI says of a body that is no JSON for other reasons than its grammar."""
_UNKNOWN = "the server could not answer; its log says why"
_STATUS: dict[type[SceneseekError] | tuple[type[SceneseekError], ...], int] = {
    (InvalidQuery, InvalidTag, ValueRefused): 422,
    NotFound: 404,
    JobConflict: 409,
    NotForShards: 501,
}
"""Of errors that are the request's own."""
FILMS = "/videos"
"""Where films are sent as a form: by programs, and by a page without scripts."""
_NO_OBJECT = ("model_attributes_type", "model_type")
_WHOLE = {"query": "URL"}
"""How people call a part of a request; a field of a body may be called query, too."""


class Busy(Exception):
    """All places for such requests were taken for longer than a person waits."""


class QueueFull(Exception):
    """As many requests of a kind wait for their turn as may."""


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> JSONResponse:
    """A problem document."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return JSONResponse(
        {**document, "detail": detail, **members}, status, headers, media_type=MEDIA_TYPE
    )


def refuse(
    scope: Scope, status: int, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """An error in the shape that belongs to what was asked for."""
    if is_openai(scope["path"]):
        return openai_error(status, detail, headers=headers)
    if _is_for_people(scope):
        return error_page(status, detail, headers)
    request_id = request_id_of(scope)
    if request_id is not None:
        members["request_id"] = request_id
    return problem(status, detail, headers, **members)


def _is_for_people(scope: Scope) -> bool:
    """Whether a page was asked for: by its path, or by a browser with a form, or where no route is.
    Only a server with a library has pages."""
    app = scope.get("app")
    if app is None or not hasattr(app.state, "library"):
        return False
    if is_page(scope["path"]):
        return True
    is_form = scope["method"] == "POST" and scope["path"] == FILMS
    return accepts_pages(scope) and (is_form or "endpoint" not in scope)


def accepts_pages(scope: Scope) -> bool:
    """Whether a browser asks that shows its person what is answered."""
    return "text/html" in Headers(scope=scope).get("accept", "")


def add_error_handlers(app: FastAPI) -> None:
    """Every error of this app in the shape that belongs to its path."""
    app.exception_handler(RequestValidationError)(_invalid_request)
    app.exception_handler(SceneseekError)(_known)
    app.exception_handler(Busy)(_busy)
    app.exception_handler(QueueFull)(_full)
    app.exception_handler(ClientGone)(_gone)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(OSError)(_of_the_system)
    app.exception_handler(Exception)(_unexpected)


async def _invalid_request(request: Request, error: RequestValidationError) -> Response:
    # The input is not echoed: it may be huge, or not representable in JSON.
    errors = [_without_input(e) for e in _own(error.errors()[:_MAX_ERRORS])]
    detail = _in_words(errors)
    if is_openai(request.url.path):
        return openai_error(400, detail, param=errors[0]["where"])
    return refuse(request.scope, 422, detail, errors=errors)


async def _known(request: Request, error: SceneseekError) -> Response:
    return _refuse_known(request.scope, error)


async def _busy(request: Request, _error: Busy) -> Response:
    return _try_later(request.scope, "too much is asked at once; try again in a few seconds")


async def _full(request: Request, _error: QueueFull) -> Response:
    detail = "too many requests wait already; try again in a few seconds"
    return refuse(request.scope, 429, detail, {"Retry-After": str(RETRY_AFTER_S)})


async def _gone(_request: Request, _error: ClientGone) -> Response:
    return Response(status_code=CLIENT_GONE)  # for the log and the metrics only


async def _http_error(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if detail == HTTPStatus.NOT_FOUND.phrase:
        detail = "there is nothing at this address"
    if detail == _UNREADABLE:
        detail = f"body: this cannot be read as JSON: {_why_unreadable(error.__cause__)}"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return refuse(request.scope, error.status_code, detail, headers)


async def _of_the_system(request: Request, error: OSError) -> Response:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        structlog.get_logger().error("request failed", reason="too many files are open")
        return _try_later(
            request.scope, "too many files are open at once; try again in a few seconds"
        )
    if error.errno not in DiskFull.ERRNOS:
        raise error
    return _refuse_known(request.scope, DiskFull("the disk of SCENESEEK_HOME"))


async def _unexpected(request: Request, _error: Exception) -> Response:
    return refuse(request.scope, 500, _UNKNOWN)


def _refuse_known(scope: Scope, error: SceneseekError) -> Response:
    """The answer to an error that a request ends by; what the server has to mend is logged."""
    path = scope["path"]
    if is_openai(path):
        return openai_error_of(error, path)
    status = next((s for kinds, s in _STATUS.items() if isinstance(error, kinds)), None)
    if status is not None:
        return refuse(scope, status, str(error))
    structlog.get_logger().error("request failed", reason=str(error))
    unavailable = find_unavailable(error)
    if unavailable is None:
        return refuse(scope, 500, _UNKNOWN)
    after_s = unavailable.retry_after_s
    headers = None if after_s is None else {"Retry-After": str(after_s)}
    return refuse(scope, 503, unavailable.detail, headers)


def _why_unreadable(error: BaseException | None) -> str:
    if isinstance(error, RecursionError):
        return "lists and objects are within each other too deep"
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        return f"a number has more than {sys.get_int_max_str_digits():,} digits"
    return "send UTF-8, not compressed"


def _methods(request: Request) -> list[str]:
    """All methods of an address, of which each may have a route of its own."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def in_words(error: ValidationError) -> str:
    """What is wrong with a form, field by field, without what was sent."""
    return _in_words([_without_input(dict(e, loc=("", *e["loc"]))) for e in _own(error.errors())])


def _in_words(errors: Sequence[dict[str, str]]) -> str:
    return "; ".join(f"{e['where']}: {e['message']}" for e in errors[:5])


def _try_later(scope: Scope, detail: str) -> Response:
    return refuse(scope, 503, detail, {"Retry-After": str(RETRY_AFTER_S)})


def _own(errors: Sequence[Any]) -> list[Any]:
    """Without what only follows from others: a list is not too short if an item of it is wrong."""
    around = {error["loc"][:n] for error in errors for n in range(1, len(error["loc"]))}
    return [e for e in errors if e["type"] != "too_short" or e["loc"] not in around]


def _without_input(error: dict[str, Any]) -> dict[str, str]:
    location: Sequence[Any] = error["loc"]
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message.replace("valid tuple", "valid list").replace("Tuple", "List")
    if error["type"] == "json_invalid":
        reason = str(error["ctx"]["error"]).removesuffix(" at")
        message = f"no JSON: {reason}, at character {location[-1] + 1}"
        location = ("body",)
    elif error["type"] == "extra_forbidden":
        message = "there is nothing of this name here"
    elif location == ("body",) and error["type"] in (*_NO_OBJECT, "missing"):
        message = "send a JSON object, with Content-Type: application/json"
    elif error["type"] in _NO_OBJECT:
        message = "this is no JSON object"
    where = ".".join(map(str, location[1:])) or _WHOLE.get(location[0], location[0])
    where = "".join(c if c.isprintable() else "\ufffd" for c in where[:200])  # a client's own name
    return {"where": where, "message": message[:500]}
