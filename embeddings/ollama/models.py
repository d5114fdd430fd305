"""Which of Ollama's models describe pictures and embed texts, and the spaces of their vectors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from embeddings.errors import OllamaModelMissing
from embeddings.ollama.client import OllamaModel

VISION = ("llava", "llama3.2-vision", "minicpm-v", "bakllava")
"""What describes pictures, the first that is there."""
VISION_OF_TEXT = ("minicpm-v", "llama3.2-vision", "llava", "bakllava")
"""The same of pictures full of text, by what reads it best."""
LATEST = ":latest"


@dataclass(frozen=True)
class EmbedModel:
    """What is known of an embedding model; Ollama itself puts no prompt before a text."""

    dim: int | None = None
    item_prompt: str = "{}"
    query_prompt: str = "{}"


EMBED = {
    "nomic-embed-text": EmbedModel(768, "search_document: {}", "search_query: {}"),
    "mxbai-embed-large": EmbedModel(
        1024, query_prompt="Represent this sentence for searching relevant passages: {}"
    ),
    "all-minilm": EmbedModel(384),
}
"""What embeds, the first that is there, with the prompts of their cards."""


def family_of(name: str) -> str:
    """The name of a model without its tag."""
    return name.partition(":")[0]


def known(name: str) -> EmbedModel:
    """What is known of an embedding model by its name; of others, nothing."""
    return EMBED.get(family_of(name), EmbedModel())


def space_key(name: str) -> str:
    """The key of the space of a model's vectors: `ollama-nomic-embed-text`; a tag other than
    `latest` belongs to it."""
    return "ollama-" + re.sub(r"[^a-z0-9]+", "-", name.lower().removesuffix(LATEST)).strip("-")


def choose(
    named: str | None, preferred: Sequence[str], present: Sequence[OllamaModel]
) -> OllamaModel:
    """The model that is named, as Ollama itself reads a name, or the first preferred one that is
    there, whatever its tag. Raises OllamaModelMissing."""
    by_name = {model.name: model for model in present}
    if named is not None:
        found = by_name.get(named) or by_name.get(f"{named}{LATEST}")
        if found is None:
            there = ", ".join(by_name) or "none"
            raise OllamaModelMissing(
                f"Ollama has no model {named[:100]!r}: ollama pull {named[:100]}; there are: "
                f"{there[:300]}"
            )
        return found
    for family in preferred:
        tagged = [model for model in present if family_of(model.name) == family]
        if tagged:
            return by_name.get(f"{family}{LATEST}", tagged[0])
    raise OllamaModelMissing(
        f"Ollama has none of {', '.join(preferred)}: ollama pull {preferred[0]}"
    )
