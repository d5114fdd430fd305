"""Haystack."""

import asyncio
import sys
from typing import Any

from calls import serve
from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.utils import Secret


def query(text: str, **options: Any) -> dict[str, Any]:
    """The vector of a text, with what the answer told of itself."""
    return OpenAITextEmbedder(**_options(options)).run(text)


def documents(texts: list[str], **options: Any) -> dict[str, Any]:
    """The vectors of documents."""
    embedder = OpenAIDocumentEmbedder(raise_on_failure=True, **_options(options))
    return _vectors(embedder.run([Document(content=text) for text in texts]))


def documents_async(texts: list[str], **options: Any) -> dict[str, Any]:
    """The same, asynchronously."""
    embedder = OpenAIDocumentEmbedder(raise_on_failure=True, **_options(options))
    done = asyncio.run(embedder.run_async([Document(content=text) for text in texts]))
    return _vectors(done)


def _vectors(done: dict[str, Any]) -> dict[str, Any]:
    return {"embeddings": [each.embedding for each in done["documents"]], "meta": done["meta"]}


def _options(options: dict[str, Any]) -> dict[str, Any]:
    key = Secret.from_token("any")
    return {"api_base_url": sys.argv[1], "api_key": key, "timeout": 60, **options}


serve(query, documents, documents_async)
