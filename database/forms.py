"""Forms: what people may ask for, checked once for Python, the command line and HTTP alike."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

MAX_ID = 2**63 - 1
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
"""Of a row; what PostgreSQL's bigint can hold."""
Seconds = Annotated[FiniteFloat, Field(ge=0)]


class Form(BaseModel):
    """Frozen fields with their limits. Raises pydantic's ValidationError, also for a field that
    the form does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, given: Any) -> Any:
        unknown = sorted(set(given) - set(cls.model_fields)) if isinstance(given, Mapping) else []
        if unknown:
            names = ", ".join(sorted(cls.model_fields))
            raise ValueError(f"there is no {str(unknown[0])[:60]!r} here: there are {names}")
        return given


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold a text: it has neither null characters nor lone surrogates."""
    return "\x00" not in text and not any(0xD800 <= ord(character) <= 0xDFFF for character in text)
