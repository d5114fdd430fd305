"""What requests for embeddings hold: OpenAI's fields, and a few beside them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import Field, WithJsonSchema

from database.forms import Form
from embeddings.encoder import InputType
from embeddings.errors import InputRefused, TextTooLong, UnknownToken
from embeddings.inputs import place
from embeddings.pooling import Combination, EmbeddingType, Padding, Pooling
from embeddings.space import Space
from embeddings.tokens import spelled

MAX_ITEMS = 2048
MAX_ITEM_TOKENS = 8192
MAX_TOKENS = 300_000
"""OpenAI's limits of a request: items, tokens of one and of all."""
MAX_STATES = 8192
"""Of an answer: a state for each token of `last_layer`, or for each of the layers that stand one
after the other."""
MAX_PICTURES = 64
MAX_DOCUMENTS = 1000
MAX_QUERY_CHARACTERS = 20_000
MAX_PROMPT_CHARACTERS = 2000
_OF_VISION_LANGUAGE = (
    "embedding_type",
    "layers",
    "combine",
    "prompt",
    "max_length",
    "padding",
)
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
    truncation: bool | None = Field(
        default=None, description="The same as truncate, as transformers calls it"
    )
    embedding_type: EmbeddingType | None = Field(
        default=None, description="What is taken of a vision-language model's states"
    )
    layers: Annotated[list[int], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Of multi_layer: from 1, or from -1 backwards; the last four"
    )
    combine: Combination | None = Field(
        default=None, description="Of multi_layer: the mean of the layers, or one after the other"
    )
    prompt: Annotated[str, Field(max_length=MAX_PROMPT_CHARACTERS)] | None = Field(
        default=None, description="What follows the input of a vision-language model"
    )
    max_length: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Tokens that a vision-language model reads of a text"
    )
    padding: Literal["left", "right", True, False] | None = Field(
        default=None,
        description="The side on which a vision-language model's short inputs are filled up; "
        "false: each is computed alone",
    )

    @property
    def is_cut(self) -> bool:
        """Whether texts that are too long are cut. Raises InputRefused if that is said and
        denied."""
        if self.truncation is None:
            return self.truncate
        if "truncate" in self.model_fields_set and self.truncate != self.truncation:
            raise InputRefused("it says the opposite of truncate: send one of them").of(
                "truncation"
            )
        return self.truncation

    @property
    def side(self) -> Padding | None:
        """The side of the padding; None for none."""
        if isinstance(self.padding, str):
            return self.padding
        return None if self.padding is False else "right"

    def pooling_in(self, space: Space) -> Pooling | None:
        """What is taken of a vision-language model's states; None for other models. Raises
        InputRefused, naming the field that a model cannot use."""
        own = space.pooling
        if own is None:
            self._refuse_pooling(space)
            return None
        kind = self.embedding_type or own.kind
        if self.combine is not None and kind != "multi_layer":
            raise InputRefused("it is for multi_layer alone").of("combine")
        chosen = own if kind == own.kind else Pooling(kind)
        return replace(
            chosen,
            layers=chosen.layers if self.layers is None else tuple(self.layers),
            combine=self.combine or chosen.combine,
            prompt=chosen.prompt if self.prompt is None else self.prompt,
            max_length=self.max_length or chosen.max_length,
        )

    def _refuse_pooling(self, space: Space) -> None:
        for name in _OF_VISION_LANGUAGE:
            if getattr(self, name) is not None:
                raise InputRefused(
                    f"{space.key} has no vision-language model, which alone can use it: leave it "
                    "out, or name another model"
                ).of(name)


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

    def options(self) -> dict[str, object]:
        """What has to be the same for all items of a request."""
        return self.model_dump(exclude={"text", "image", "user"})


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
