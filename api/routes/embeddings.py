"""The routes under /v1: embeddings and reranking for other programs, as OpenAI's clients ask."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter, ValidationError

from api.deps import EmbeddingsDep, PictureSourceDep
from api.embedding_requests import (
    MAX_PICTURES,
    MAX_STATES,
    MAX_TOKENS,
    EmbeddingsIn,
    MultimodalIn,
    RerankIn,
    VectorsIn,
    texts_of,
)
from api.embedding_responses import (
    DocumentOut,
    EmbeddingsOut,
    ModelOut,
    ModelsOut,
    OpenAIProblemOut,
    RerankedOut,
    RerankOut,
    as_json,
    model_out,
    usage,
)
from api.hang_up import unless_gone
from api.json_bodies import LargeJson
from embeddings.errors import InputRefused, PictureNotFetched, PictureUnreadable
from embeddings.inputs import place
from embeddings.multimodal import Item, embed_items
from embeddings.pictures import MAX_PICTURE_BYTES, decode_picture_text
from embeddings.pooling import Pooling
from embeddings.remote_pictures import PictureSource
from embeddings.reranking import rerank
from embeddings.service import PREFIX, SERVED, Embedded, EmbeddingService
from embeddings.space import Input, Space

router = APIRouter(
    prefix="/v1",
    route_class=LargeJson,
    tags=["embeddings"],
    responses={
        status: {"model": OpenAIProblemOut, "description": reason}
        for status, reason in (
            (400, "What was sent cannot be embedded"),
            (404, "There is no such model here"),
            (413, "Too much at once"),
            (429, "The queue is full: try again later"),
            (503, "Switched off, or the model cannot be used"),
        )
    },
)
_ITEMS = TypeAdapter(Annotated[list[MultimodalIn], Field(min_length=1, max_length=MAX_PICTURES)])
_FETCHED_AT_ONCE = 8
MAX_PICTURES_BYTES = 2 * MAX_PICTURE_BYTES


@router.post("/embeddings", operation_id="embeddings", response_model=EmbeddingsOut)
async def embeddings(service: EmbeddingsDep, body: EmbeddingsIn, request: Request) -> Response:
    """Texts, or the tokens that spell them, to vectors."""
    space = service.find_space(body.model) if body.model is not None else service.text_space

    async def items() -> list[Item]:
        is_text = isinstance(body.input, str)
        texts = [body.input] if is_text else await asyncio.to_thread(texts_of, body.input)
        return [Item(text) for text in texts]

    return await _answer(service, items, space, body, request)


@router.post(
    "/embeddings/multimodal",
    operation_id="multimodal_embeddings",
    response_model=EmbeddingsOut,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [
                            MultimodalIn.model_json_schema(),
                            {
                                "type": "array",
                                "items": MultimodalIn.model_json_schema(),
                                "minItems": 1,
                                "maxItems": MAX_PICTURES,
                            },
                        ]
                    }
                }
            },
        }
    },
)
async def multimodal(
    service: EmbeddingsDep,
    pictures: PictureSourceDep,
    body: Annotated[Any, Body()],
    request: Request,
) -> Response:
    """Texts, pictures, or both at once, to vectors of a space of pictures."""
    asked = _multimodal_items(body)
    first = asked[0]
    space = service.find_space(first.model) if first.model is not None else service.image_space
    return await _answer(service, partial(_items, asked, pictures), space, first, request)


@router.get("/models", operation_id="list_models")
async def models(service: EmbeddingsDep) -> ModelsOut:
    """All models; those that are here and take texts also by a name that begins with embed-."""
    spaces = [s for s in service.encoders.spaces.values() if s.input in SERVED]
    data = [model_out(space.key, space, service.encoders) for space in spaces]
    for model in list(data):
        if model["weights"] is not None and Input.TEXT in model["inputs"]:
            data.append(ModelOut(**{**model, "id": PREFIX + model["id"]}))
    return ModelsOut(object="list", data=data)


@router.get("/models/{name:path}", operation_id="get_model")
async def model(service: EmbeddingsDep, name: str) -> ModelOut:
    """One model: its dimension, what it takes, where its weights are, whether it is loaded."""
    return model_out(name, service.find_space(name), service.encoders)


@router.post("/rerank", operation_id="rerank", response_model=RerankOut)
async def rerank_documents(service: EmbeddingsDep, body: RerankIn, request: Request) -> Response:
    """Documents in the order in which they answer a query."""
    texts = [each if isinstance(each, str) else each.text for each in body.documents]
    ranked = await unless_gone(
        request, rerank(service, body.query, texts, body.model, truncate=body.truncate)
    )
    order = (-ranked.scores).argsort(kind="stable")[: body.top_n]
    results = [RerankedOut(index=int(i), relevance_score=float(ranked.scores[i])) for i in order]
    if body.return_documents:
        results = [RerankedOut(**r, document=DocumentOut(text=texts[r["index"]])) for r in results]
    answer = RerankOut(
        model=ranked.model,
        results=results,
        usage=usage(ranked.num_tokens),
        truncated=list(ranked.truncated),
    )
    return Response(json.dumps(answer), media_type="application/json")


def _multimodal_items(body: object) -> list[MultimodalIn]:
    """An item or a list of them, all with the same options. Raises RequestValidationError."""
    is_list = isinstance(body, list)
    try:
        items = _ITEMS.validate_python(body if is_list else [body])
    except ValidationError as error:
        raise RequestValidationError(
            [{**e, "loc": ("body", *e["loc"][0 if is_list else 1 :])} for e in error.errors()]
        ) from None
    for position, item in enumerate(items):
        if item.options() != items[0].options():
            raise _invalid(
                f"items[{position}]", "all items of a request have the same model and options"
            )
    return items


async def _items(asked: Sequence[MultimodalIn], source: PictureSource) -> list[Item]:
    """The items with the files of their pictures. Raises PictureUnreadable, PictureNotFetched."""
    turns = asyncio.Semaphore(_FETCHED_AT_ONCE)
    num_bytes = 0

    async def item_at(position: int) -> Item:
        item = asked[position]
        try:
            async with turns:
                image = await _picture(item.image, source)
            nonlocal num_bytes
            num_bytes += len(image or b"")
            if num_bytes > MAX_PICTURES_BYTES:
                raise PictureUnreadable(
                    f"the pictures of a request have {MAX_PICTURES_BYTES // 2**20} MiB at most"
                )
            return Item(item.text, image)
        except (PictureUnreadable, PictureNotFetched) as error:
            raise error.at(place(position, asked)) from None

    making = [asyncio.ensure_future(item_at(position)) for position in range(len(asked))]
    try:
        return await asyncio.gather(*making)
    finally:
        for each in making:
            each.cancel()


async def _picture(image: str | None, source: PictureSource) -> bytes | None:
    if image is None:
        return None
    if image[:6].lower() in ("https:", "http:/"):
        return await source.fetch(image)
    return await asyncio.to_thread(decode_picture_text, image)


async def _answer(
    service: EmbeddingService,
    items: Callable[[], Awaitable[Sequence[Item]]],
    space: Space,
    body: VectorsIn,
    request: Request,
) -> Response:
    """The vectors of items, as `body` asks for them. Raises RequestValidationError for a dimension
    that they have not, InputRefused for what the model cannot use, and what `embed_items` raises.
    """
    pooling = body.pooling_in(space)
    if pooling is None or pooling.combine == "mean":
        _require_dimensions(body, space, space.dim)

    async def embed() -> Embedded:
        given = await items()
        if pooling is not None:
            _require_few_states(pooling, len(given))
        return await embed_items(
            service,
            given,
            space,
            input_type=body.input_type,
            truncate=body.is_cut,
            pooling=pooling,
            padding=body.side,
            max_tokens=MAX_STATES if body.embedding_type == "last_layer" else MAX_TOKENS,
        )

    embedded = await unless_gone(request, embed())
    _require_dimensions(body, space, embedded.vectors.shape[1])
    document = await as_json(embedded, as_base64=body.encoding_format == "base64")
    return Response(document, media_type="application/json")


def _require_few_states(pooling: Pooling, num_items: int) -> None:
    """Raises InputRefused for an answer that would fill the memory: items that are alike are
    computed once, however many there are."""
    num_states = len(pooling.layers) * num_items
    if pooling.combine == "concat" and num_states > MAX_STATES:
        raise InputRefused(
            f"{len(pooling.layers)} of {num_items} items are {num_states} states, and {MAX_STATES} "
            "at most in an answer: name fewer, or send less at once"
        ).of("layers")


def _require_dimensions(body: VectorsIn, space: Space, dim: int) -> None:
    """Raises RequestValidationError unless the vectors have the dimension asked for."""
    if body.dimensions is not None and body.dimensions != dim:
        raise _invalid(
            "dimensions",
            f"{space.key} has {dim}, and was not trained to be cut to {body.dimensions}: "
            "leave it out",
        )


def _invalid(where: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", where), "msg": message, "type": "value_error"}])
