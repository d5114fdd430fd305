"""The one file of a form, taken out of its body while that comes in."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

FIELD = "file"
FORM_BYTES = 64 * 1024
"""What a form may have beside the file."""
_HINT = f"send a form with one file in the field `{FIELD}`: curl -F {FIELD}=@film.mp4"

FORM_IN_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {FIELD: {"type": "string", "format": "binary"}},
                    "required": [FIELD],
                }
            }
        },
    }
}


class FormFile:
    """A form with a file in a field of that name; other fields are passed over."""

    def __init__(self, content_type: str) -> None:
        """Raises HTTPException (415) for what is no form."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise HTTPException(415, _HINT)
        self.name: str | None = None
        """The file's, as soon as it is known."""
        self.is_whole = False
        self._is_in_file = False
        self._field, self._value, self._disposition = b"", b"", b""
        self._found: list[bytes] = []
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._on_field,
                    "on_header_value": self._on_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._on_data,
                    "on_part_end": self._end_part,
                },
            )
        except FormParserError:
            raise HTTPException(415, _HINT) from None

    async def open(
        self, body: AsyncGenerator[bytes, None]
    ) -> tuple[str, AsyncGenerator[bytes, None]]:
        """The name of the file, as soon as that has come, and what the body has of it. Raises
        HTTPException (422) for a form without one, and what the body raises."""
        head = b""
        async for piece in body:
            head = self.feed(piece)
            if self.name is not None:
                return self.name, self._file(head, body)
        raise HTTPException(422, f"the form has no file: {_HINT}")

    async def _file(
        self, head: bytes, body: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        async with aclosing(body):
            yield head
            async for piece in body:
                yield self.feed(piece)
        if not self.is_whole:
            raise HTTPException(422, "the form ends before its file does: send it again")

    def feed(self, piece: bytes) -> bytes:
        """What a piece of the body has of the file. Raises HTTPException (422)."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise HTTPException(422, f"the form cannot be read: {error}") from None
        found = b"".join(self._found)
        self._found.clear()
        return found

    def _begin_part(self) -> None:
        self._disposition = b""

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field, self._value = b"", b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != FIELD.encode() or b"filename" not in options:
            return
        if self.name is not None:
            raise HTTPException(422, f"the form has several files: {_HINT}")
        self.name = options[b"filename"].decode(errors="replace")
        self._is_in_file = True

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_in_file:
            self._found.append(data[start:end])

    def _end_part(self) -> None:
        self.is_whole = self.is_whole or self._is_in_file
        self._is_in_file = False
