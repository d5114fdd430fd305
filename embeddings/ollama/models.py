"""Which of Ollama's models describe pictures and embed texts, and the spaces of their vectors."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from embeddings.errors import OllamaFailed, OllamaModelMissing
from embeddings.ollama.client import OllamaClient, OllamaModel
from embeddings.plain_text import plain
from embeddings.settings import EmbeddingSettings

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
            there = plain(", ".join(by_name))[:300] or "none"
            name = plain(named)[:100]
            raise OllamaModelMissing(
                f"Ollama has no model {name}: ollama pull {name}; there are: {there}"
            )
        return found
    for family in preferred:
        tagged = [model for model in present if family_of(model.name) == family]
        if tagged:
            return by_name.get(f"{family}{LATEST}", tagged[0])
    raise OllamaModelMissing(
        f"Ollama has none of {', '.join(preferred)}: ollama pull {preferred[0]}"
    )


class PresentModels:
    """The models of one Ollama as a call or a batch finds them: it is asked once, so that one which
    does not answer is waited for once."""

    def __init__(self, client: OllamaClient, settings: EmbeddingSettings) -> None:
        self._client = client
        self._settings = settings
        self._asking = asyncio.Lock()
        self._present: list[OllamaModel] | OllamaFailed | None = None

    async def vision(self, named: str | None, *, is_text: bool = False) -> OllamaModel:
        """The model that describes a picture: named by the call, by the settings, or the first that
        is there. Raises OllamaFailed, OllamaModelMissing also for one that sees no pictures."""
        by_setting = (
            self._settings.ollama_text_vision_model
            if is_text
            else self._settings.ollama_vision_model
        )
        preferred = VISION_OF_TEXT if is_text else VISION
        model = choose(named or by_setting, preferred, await self._listed())
        can = await self._client.capabilities(model)
        if can is not None and "vision" not in can:
            raise OllamaModelMissing(f"{model.name} sees no pictures: name one that does")
        return model

    async def embedding(self, named: str | None) -> OllamaModel:
        """The model that embeds, chosen in the same way. Raises OllamaFailed."""
        named = named or self._settings.ollama_embed_model
        return choose(named, tuple(EMBED), await self._listed())

    async def _listed(self) -> list[OllamaModel]:
        async with self._asking:
            if self._present is None:
                try:
                    self._present = await self._client.models()
                except OllamaFailed as error:
                    self._present = error
        if isinstance(self._present, OllamaFailed):
            raise self._present
        return self._present
