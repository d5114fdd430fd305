"""Answers held to what /openapi.json says of them."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

Document = dict[str, Any]


def assert_documented(answer: object, method: str, path: str, document: Document) -> None:
    """The answer has exactly the form that the document gives it, and the form is a strict one."""
    operation = document["paths"][path][method]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": document["components"]}
    Draft202012Validator.check_schema(whole)
    Draft202012Validator(whole).validate(answer)
    assert isinstance(answer, dict)
    with pytest.raises(ValidationError, match="Additional properties"):
        Draft202012Validator(whole).validate({**answer, "surprise": 1})


def response_of(document: Document, operation: Document, status: str) -> Document:
    """What is documented of an answer of this status."""
    response: Document = operation["responses"][status]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return response


def assert_documented_error(
    answer: object, status: int, method: str, path: str, document: Document
) -> None:
    """The error is one that the document has under this status, in the form that it gives it."""
    response = response_of(document, document["paths"][path][method], str(status))
    (media,) = response["content"].values()
    Draft202012Validator({**media["schema"], "components": document["components"]}).validate(answer)
