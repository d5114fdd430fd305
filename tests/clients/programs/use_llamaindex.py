"""LlamaIndex."""

import asyncio
import sys
from typing import Any

from calls import serve
from llama_index.embeddings.openai import OpenAIEmbedding


def query(text: str, **options: Any) -> list[float]:
    """The vector of a query."""
    return _embedding(options).get_query_embedding(text)


def documents(texts: list[str], **options: Any) -> list[list[float]]:
    """The vectors of texts."""
    return _embedding(options).get_text_embedding_batch(texts)


def documents_async(texts: list[str], **options: Any) -> list[list[float]]:
    """The same, asynchronously."""
    return asyncio.run(_embedding(options).aget_text_embedding_batch(texts))


def _embedding(options: dict[str, Any]) -> OpenAIEmbedding:
    return OpenAIEmbedding(api_base=sys.argv[1], api_key="any", max_retries=1, **options)


serve(query, documents, documents_async)
