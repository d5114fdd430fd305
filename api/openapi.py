"""The OpenAPI document: what FastAPI tells of routes and forms, and beside it what holds for all of
them: who may ask, which errors there are and how they look, files and their parts, examples."""

import functools
from http import HTTPStatus
from importlib import metadata
from typing import Any

from fastapi import FastAPI

from api.doors.gate import COOKIE
from api.doors.scopes import is_open, scope_of
from api.errors import MEDIA_TYPE
from api.examples import ANSWERS, PARAMETERS
from api.openai_errors import is_openai

VERSION = metadata.version("sceneseek")
TAGS = {
    "search": "What is said, written and shown, by words, pictures and examples.",
    "videos": "Videos with their scenes, transcripts, subtitles, stills and files.",
    "scenes": "Stills of scenes, and scenes that are like one.",
    "exports": "Hits and selections as files for editors, as tables, and as clips.",
    "library": "What became of each file, and what the library can be searched by.",
    "jobs": "Work that takes long, such as an ingest: asked for, followed, paused and given up.",
    "uploads": "Films that are sent: in parts, which go on after a fault, or as a form.",
    "embeddings": "Vectors for other programs, in the shape of OpenAI's API.",
    "health": "Whether the server lives and can answer, and its numbers.",
}
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, for programs. Needed where the server listens beyond loopback; "
        "`python -m api.keys add` makes one. Each operation tells the scope that it needs.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What a browser has that has logged in by a key at /login.",
    },
}
_BINARY = {"type": "string", "format": "binary"}
_VTT, _SRT = "text/vtt", "application/x-subrip"
_FILES = {
    "get_keyframe": ("image/jpeg",),
    "get_picture": ("image/jpeg",),
    "get_sprite_sheet": ("image/jpeg",),
    "get_scene_clip": ("video/mp4",),
    "get_video_clip": ("video/mp4",),
    "get_sprites": (_VTT,),
    "get_init_segment": ("video/mp4",),
    "get_segment": ("video/mp4",),
    "stream_video": ("video/*", "audio/*"),
}
"""Operations that answer files, whole or in part, with their media types."""
_TEXTS = {
    "get_subtitles": (_VTT, _SRT),
    "get_subtitle_track": (_VTT, _SRT),
    "get_playlist": ("application/vnd.apple.mpegurl",),
    "metrics": ("text/plain",),
    "listen": ("text/event-stream",),
}
_REASONS = {
    400: "What was sent cannot be read",
    401: "No key, or one that is not known here",
    403: "The key allows less than this, or the page of another site asks for a write",
    404: "What is asked for is not here, or not any more",
    408: "The body did not go on",
    409: "It cannot be done in this state; `detail` says in which it can",
    412: "Another version of the protocol is spoken here",
    413: "The body is larger than this route takes",
    415: "This is no video or sound file, or the body has another type than this route takes",
    416: "The range lies outside the file",
    421: "The host that was asked for is not this server",
    422: "What was sent cannot be answered; `detail` says which part of it, and why",
    423: "Another request is at it: wait a second",
    429: "Too much is asked for at once, or by one key: try again later",
    503: "It cannot be answered now: try again later",
    507: "The server's disk has no room for it",
}
_RETRY_AFTER = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    416: {"Content-Range": {"description": "bytes */SIZE", "schema": {"type": "string"}}},
    429: {"Retry-After": _RETRY_AFTER},
    503: {"Retry-After": _RETRY_AFTER},
}
_ETAG = {
    "ETag": {"description": "Names the content, for If-None-Match", "schema": {"type": "string"}}
}
_CONTENT_RANGE = {"description": "bytes START-END/SIZE", "schema": {"type": "string"}}
_OF_CLIPS = {
    name: {"description": description, "schema": {"type": "number"}}
    for name, description in {
        "X-Clip-Start-S": "Where the clip really begins in its video, in seconds",
        "X-Clip-End-S": "Where it really ends",
        "X-Clip-Starts-Earlier-S": "How much earlier than asked for: 0 of an exact one",
    }.items()
}


def document(app: FastAPI) -> None:
    """Has an app's /openapi.json say all of this."""
    generate = app.openapi

    @functools.cache
    def openapi() -> dict[str, Any]:
        return _completed(generate())

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    document["info"]["version"] = VERSION
    document["servers"] = [{"url": "/", "description": "This server"}]
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    document["components"]["responses"] = _errors("ProblemOut", MEDIA_TYPE) | _errors(
        "OpenAIProblemOut", "application/json"
    )
    used = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            used |= set(operation["tags"])
            _add_doors(path, method, operation)
            _add_errors(path, operation)
            _add_answers(operation)
            _add_parameters(operation)
    document["tags"] = [
        {"name": name, "description": text} for name, text in TAGS.items() if name in used
    ]
    return document


def _add_doors(path: str, method: str, operation: dict[str, Any]) -> None:
    """Keys are needed where the server listens beyond loopback, and may be left out elsewhere."""
    if is_open(path):
        operation["security"] = []
        return
    scope = scope_of(method.upper(), path).value
    operation["security"] = [{}, {"bearer": []}, {"cookie": []}]
    operation["description"] += f"\n\nNeeds a key of scope `{scope}`, where keys are needed."


def _add_errors(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if is_openai(path):
        responses.pop("422", None)  # FastAPI's own
    kinds = {status for status in responses if int(status) >= 400} | {"421", "429"}
    if not is_open(path):
        kinds |= {"401", "403", "503"}
    if "requestBody" in operation:
        kinds |= {"400", "408", "413"}
    if operation["operationId"] in _FILES:
        kinds.add("416")
    schema = "OpenAIProblemOut" if is_openai(path) else "ProblemOut"
    for status in kinds:
        responses[status] = {"$ref": f"#/components/responses/{schema}{status}"}
    operation["responses"] = dict(sorted(responses.items()))


def _errors(schema: str, media: str) -> dict[str, Any]:
    """Every error in one shape."""
    errors = {}
    for status, reason in _REASONS.items():
        content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
        if schema == "ProblemOut":
            content["example"] = _problem(status)
        errors[f"{schema}{status}"] = {
            "description": reason,
            "content": {media: content},
            "headers": _HEADERS.get(status, {}),
        }
    return errors


def _problem(status: int) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _REASONS[status],
    }


def _add_answers(operation: dict[str, Any]) -> None:
    name, responses = operation["operationId"], operation["responses"]
    if media := _FILES.get(name) or _TEXTS.get(name):
        schema = _BINARY if name in _FILES else {"type": "string"}
        content = {each: {"schema": schema} for each in media}
        responses["200"] = {"description": "The whole", "content": content}
        if name in _FILES:
            own = {**_ETAG, **(_OF_CLIPS if name.endswith("_clip") else {})}
            headers = {**own, "Content-Range": _CONTENT_RANGE}
            responses["200"]["headers"] = own
            responses["206"] = {"description": "A part", "content": content, "headers": headers}
            responses["304"] = {"description": "It is what the client has", "headers": _ETAG}
    elif name in ANSWERS:
        (status,) = (status for status in responses if status < "300")
        responses[status]["content"]["application/json"]["example"] = ANSWERS[name]
    operation["responses"] = dict(sorted(responses.items()))


def _add_parameters(operation: dict[str, Any]) -> None:
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        example = PARAMETERS.get(parameter["name"])
        allowed = parameter["schema"].get("enum", [example])  # `kind` is another of each route
        if example is not None:
            parameter["example"] = example if example in allowed else allowed[0]
    if operation["operationId"] in _FILES:
        operation["parameters"] = [
            *parameters,
            _header("Range", "One range of bytes: bytes=0-1023; others are ignored"),
            _header("If-None-Match", "The ETag of what the client has"),
            _header("If-Range", "The ETag that a range is wanted of"),
        ]


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "description": description, "schema": schema}
