"""What requests for embeddings hold: OpenAI's fields, and a few beside them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import Field, WithJsonSchema

from database.forms import Form
from embeddings.encoder import InputType
from embeddings.errors import InputRefused, TextTooLong, UnknownToken
from embeddings.inputs import place
from embeddings.tokens import spelled

MAX_ITEMS = 2048
MAX_ITEM_TOKENS = 8192
MAX_TOKENS = 300_000
"""OpenAI's limits of a request: items, tokens of one and of all."""
MAX_PICTURES = 64
MAX_DOCUMENTS = 1000
MAX_QUERY_CHARACTERS = 20_000
_PART_OF_A_CHARACTER = "\ufffd"
"""What tokens spell that hold nothing whole, as Unicode has it. LangChain cuts long texts anywhere:
a piece that is part of a character is no fault of who sent the text."""

_TEXT = {"type": "string"}
_TOKENS = {"type": "array", "items": {"type": "integer"}, "minItems": 1}
_INPUT_SCHEMA = {
    "description": "A text, texts, the cl100k_base tokens of a text, or of several",
    "anyOf": [
        _TEXT,
        {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MAX_ITEMS},
        {**_TOKENS, "maxItems": MAX_ITEM_TOKENS},
        {"type": "array", "items": _TOKENS, "minItems": 1, "maxItems": MAX_ITEMS},
    ],
}
ModelName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="A space's key, its model, fast, balanced or quality; also after embed-",
    ),
]


class VectorsIn(Form):
    """What requests for vectors have in common."""

    model: ModelName | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=100_000)] | None = None
    user: Annotated[str, Field(max_length=1000)] | None = None
    input_type: InputType = Field(
        default="document", description="Whether a text is looked for, or may be found"
    )
    truncate: bool = Field(default=False, description="Cut texts that are too long")


class EmbeddingsIn(VectorsIn):
    """The body of POST /v1/embeddings."""

    input: Annotated[Any, WithJsonSchema(_INPUT_SCHEMA)]


class MultimodalIn(VectorsIn):
    """The body of POST /v1/embeddings/multimodal, or one of a list: a text, a picture, or both,
    which then share a vector."""

    text: str | None = None
    image: str | None = Field(
        default=None, description="JPEG, PNG or WebP: base64, a data URI, or an https URL"
    )

    def options(self) -> tuple[object, ...]:
        """What has to be the same for all items of a request."""
        return (
            self.model,
            self.encoding_format,
            self.dimensions,
            self.input_type,
            self.truncate,
        )


class DocumentIn(Form):
    """A document as an object."""

    text: str


class RerankIn(Form):
    """The body of POST /v1/rerank."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS)]
    documents: Annotated[list[str | DocumentIn], Field(min_length=1, max_length=MAX_DOCUMENTS)]
    model: ModelName | None = None
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool = False
    truncate: bool = Field(default=False, description="Cut documents that are too long")


def texts_of(given: object) -> list[str]:
    """The texts that `input` holds, tokens spelled out. Raises InputRefused, naming the place."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list):
        raise InputRefused("send a text, texts, or lists of cl100k_base tokens")
    if not given:
        raise InputRefused("the list is empty")
    if _are_tokens(given):
        return [_spelled(given, None)]
    if len(given) > MAX_ITEMS:
        raise InputRefused(f"there are {len(given)} items, and {MAX_ITEMS} at most in a request")
    kind = str if isinstance(given[0], str) else list
    texts = []
    for position, item in enumerate(given):
        if not isinstance(item, kind):
            raise InputRefused("the list mixes texts, tokens and other things", position)
        texts.append(item if isinstance(item, str) else _spelled(item, place(position, given)))
    return texts


def _spelled(tokens: Sequence[object], position: int | None) -> str:
    if not tokens:
        raise InputRefused("the list of tokens is empty", position)
    if len(tokens) > MAX_ITEM_TOKENS:
        raise TextTooLong(
            f"there are {len(tokens)} tokens, and {MAX_ITEM_TOKENS} at most in a text", position
        )
    if not _are_tokens(tokens):
        raise InputRefused("a list of tokens holds whole numbers only", position)
    try:
        return spelled(tokens) or _PART_OF_A_CHARACTER
    except UnknownToken as error:
        raise error.at(position) from None


def _are_tokens(items: Sequence[object]) -> TypeGuard[Sequence[int]]:
    return all(type(item) is int for item in items)  # True is an int, too
