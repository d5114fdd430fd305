"""OpenAI's own client."""

import asyncio
import json
import sys
from typing import Any

import openai
from calls import serve

OPTIONS = {"base_url": sys.argv[1], "api_key": "any", "timeout": 60}
client = openai.OpenAI(**OPTIONS)


def create(**asked: Any) -> dict[str, Any]:
    """The whole answer, its vectors as the client gives them."""
    return client.embeddings.create(**asked).model_dump()


def create_without_retries(**asked: Any) -> dict[str, Any]:
    """The same; what fails has failed."""
    return client.with_options(max_retries=0).embeddings.create(**asked).model_dump()


def create_at_once(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to requests that are all under way together."""

    async def all_of_them() -> list[dict[str, Any]]:
        async with openai.AsyncOpenAI(**OPTIONS) as together:
            answers = await asyncio.gather(*(together.embeddings.create(**r) for r in requests))
            return [answer.model_dump() for answer in answers]

    return asyncio.run(all_of_them())


def sent(**asked: Any) -> dict[str, Any]:
    """What went over the wire: the request, and the answer to it."""
    raw = client.embeddings.with_raw_response.create(**asked)
    return {"request": json.loads(raw.http_request.content), "answer": json.loads(raw.text)}


def models() -> list[dict[str, Any]]:
    """All models."""
    return [model.model_dump() for model in client.models.list()]


def model(model: str) -> dict[str, Any]:
    """One of them."""
    return client.models.retrieve(model).model_dump()


serve(create, create_without_retries, create_at_once, sent, models, model)
