"""Errors under /v1 in OpenAI's shape, whatever their status: what its clients can read."""

import structlog
from fastapi.responses import JSONResponse

from embeddings.errors import (
    EmbeddingsDisabled,
    InputRefused,
    InvalidVector,
    ItemFailed,
    NoPictures,
    NoTextQuery,
    PictureNotFetched,
    PicturesWait,
    PictureUnreadable,
    SceneseekError,
    ServiceBusy,
    TextTooLong,
    UnknownSpace,
    WeightsMissing,
    WorkerLost,
)
from embeddings.metrics import REJECTED
from search.errors import InvalidQuery

_CODES: dict[type[SceneseekError] | tuple[type[SceneseekError], ...], tuple[int, str]] = {
    TextTooLong: (400, "context_length_exceeded"),
    (PictureUnreadable, PictureNotFetched): (400, "invalid_image"),
    (ItemFailed, InvalidVector): (500, "embedding_failed"),
    InputRefused: (400, "invalid_input"),
    (NoTextQuery, NoPictures): (400, "unsupported_input"),
    InvalidQuery: (400, "invalid_query"),
    (UnknownSpace, WeightsMissing): (404, "model_not_found"),
    ServiceBusy: (429, "rate_limit_exceeded"),
    WorkerLost: (503, "worker_lost"),
    PicturesWait: (503, "rate_limit_exceeded"),
    EmbeddingsDisabled: (503, "embeddings_disabled"),
    SceneseekError: (503, "model_unavailable"),
}
"""Status and code, the first that fits."""
_FIELDS = {
    "/v1/embeddings": "input",
    "/v1/embeddings/multimodal": "items",
    "/v1/rerank": "documents",
}
"""The field of a request that holds its items."""
_CODES_OF_STATUS = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
"""Of what is refused before it is known what a request asks for."""
_AGAIN_IN_VAIN = {"x-should-retry": "false"}
"""What OpenAI's clients heed: they would send every 5xx twice more."""
_RETRY_AFTER_S = 5


def is_openai(path: str) -> bool:
    """Whether a path is one of OpenAI's."""
    return path == "/v1" or path.startswith("/v1/")


def openai_error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error document; OpenAI answers 400 where we answer 422 elsewhere."""
    status = 400 if status == 422 else status
    kind = "server_error" if status >= 500 else "invalid_request_error"
    kind = "rate_limit_error" if status == 429 else kind
    code = code or _CODES_OF_STATUS.get(status)
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers)


def openai_error_of(error: SceneseekError, path: str) -> JSONResponse:
    """What a request ended by; no internals."""
    if isinstance(error, ItemFailed) and isinstance(error.__cause__, PictureUnreadable):
        error = error.__cause__.at(error.position)
    if isinstance(error, ItemFailed) and isinstance(error.__cause__, PicturesWait):
        error = error.__cause__
    status, code = next(found for kinds, found in _CODES.items() if isinstance(error, kinds))
    REJECTED.labels(code).inc()
    if status >= 500 or isinstance(error, WeightsMissing):
        structlog.get_logger().error("request failed", reason=str(error))
    return openai_error(
        status,
        _message(error, status, path),
        code=code,
        param=_param(error, path),
        headers=_headers(error, status),
    )


def _message(error: SceneseekError, status: int, path: str) -> str:
    if isinstance(error, InputRefused):
        return f"{_param(error, path)}: {error.reason}"
    if isinstance(error, WeightsMissing):
        if error.model is None:
            return (
                "the model's weights are not on the server's machine: its log says how to get them"
            )
        return (
            f"the weights of {error.model} are not on the server's machine: run "
            f"python -m embeddings pull {error.model} there"
        )
    if status == 503 and not isinstance(error, (WorkerLost, PicturesWait, EmbeddingsDisabled)):
        return "the model cannot be used now; the server's log says why"
    return str(error)


def _param(error: SceneseekError, path: str) -> str | None:
    if isinstance(error, InputRefused) and error.field is not None:
        return error.field
    field = _FIELDS.get(path)
    if isinstance(error, InputRefused) and field == "items" and error.position is None:
        return "image" if isinstance(error, (PictureUnreadable, PictureNotFetched)) else "text"
    if isinstance(error, InputRefused) and field is not None:
        return field if error.position is None else f"{field}[{error.position}]"
    return "model" if isinstance(error, (UnknownSpace, WeightsMissing)) else None


def _headers(error: SceneseekError, status: int) -> dict[str, str] | None:
    if isinstance(error, ServiceBusy):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, (WorkerLost, PicturesWait)):
        return {"Retry-After": str(_RETRY_AFTER_S)}
    return _AGAIN_IN_VAIN if status >= 500 else None
