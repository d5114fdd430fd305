"""Forms: what people may ask for, checked once for Python, the command line and HTTP alike."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

MAX_FIELDS = 100
MAX_ID = 2**63 - 1
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
"""Of a row; what PostgreSQL's bigint can hold."""
Seconds = Annotated[FiniteFloat, Field(ge=0)]
EachOnce = AfterValidator(lambda values: tuple(dict.fromkeys(values)))
"""Of a list: what it names twice counts once."""


class Form(BaseModel):
    """A frozen set of fields with their limits.

    Raises pydantic's ValidationError, also for a field that the form does not have; commands and
    API tell it in their own words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) > MAX_FIELDS:  # each would be an error
            raise ValueError(f"there are {len(given):,} fields, and {MAX_FIELDS} at most are read")
        return given


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold a text: it has neither null characters nor lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
