"""The picture of a request: its body, or the one file of a form."""

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from search.errors import InvalidQuery

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
    """Raises InvalidQuery if a form has no file."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            for value in form.values():
                if isinstance(value, UploadFile):
                    return await value.read()
    except HTTPException as error:
        raise InvalidQuery(f"the form cannot be read: {error.detail}") from None
    raise InvalidQuery("the form has no file: send the picture as one, or as the body")


PictureBytes = Annotated[bytes, Depends(_picture_bytes)]
