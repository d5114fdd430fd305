"""LangChain."""

import asyncio
import sys
from typing import Any

from calls import serve
from langchain_openai import OpenAIEmbeddings


def query(text: str, **options: Any) -> list[float]:
    """The vector of a query."""
    return _embeddings(options).embed_query(text)


def documents(texts: list[str], **options: Any) -> list[list[float]]:
    """The vectors of documents."""
    return _embeddings(options).embed_documents(texts)


def documents_async(texts: list[str], **options: Any) -> list[list[float]]:
    """The same, asynchronously."""
    return asyncio.run(_embeddings(options).aembed_documents(texts))


def _embeddings(options: dict[str, Any]) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(base_url=sys.argv[1], api_key="any", timeout=60, **options)


serve(query, documents, documents_async)
