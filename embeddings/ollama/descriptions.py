"""Descriptions of pictures by a vision model, kept by picture, model and prompt."""

import hashlib
import json

from embeddings.cache import EmbeddingCache
from embeddings.errors import OllamaFailed
from embeddings.metrics import GENERATION_SECONDS
from embeddings.ollama.client import OllamaClient, OllamaModel
from embeddings.ollama.pictures import CheckedPicture
from embeddings.plain_text import plain, says_nothing
from embeddings.settings import EmbeddingSettings

PROMPT = (
    "Describe this picture in a few plain sentences: the objects, their colours, the scene, its "
    "context, and any text that can be read in it."
)
PROMPT_OF_TEXT = (
    "Write down the text that can be read in this picture, then say in a sentence what the picture "
    "is, with its objects, colours and scene."
)
"""Of pictures full of text."""
MAX_TOKENS = 200
"""Of an answer: all-minilm reads 256."""
MAX_CHARACTERS = 4000


def prompt_of(settings: EmbeddingSettings | None = None, *, is_text: bool) -> str:
    """What is asked about a picture that is full of text, or is not, unless the settings say."""
    own = None if settings is None else settings.ollama_prompt
    return own or (PROMPT_OF_TEXT if is_text else PROMPT)


class Descriptions:
    """What vision models say of pictures. A failure is never kept."""

    def __init__(self, client: OllamaClient, cache: EmbeddingCache) -> None:
        self._client = client
        self._cache = cache

    async def of(self, picture: CheckedPicture, model: OllamaModel, prompt: str) -> str:
        """A description on one line, of at most MAX_CHARACTERS, without control characters: what a
        model says is data. Raises OllamaFailed."""
        made_by = [picture.digest, model.name, model.digest, prompt, MAX_TOKENS]
        key = f"description:{hashlib.sha256(json.dumps(made_by).encode()).hexdigest()}"
        kept = _clean(await self._cache.get_text(key) or "")
        if kept:
            return kept
        with GENERATION_SECONDS.labels(model.name, "description").time():
            said = await self._client.describe(model.name, prompt, picture.file, MAX_TOKENS)
        text = _clean(said)
        if says_nothing(text):
            raise OllamaFailed(f"{model.name} said nothing of the picture: try another prompt")
        await self._cache.set_text(key, text)
        return text


def _clean(text: str) -> str:
    return plain(text[: 2 * MAX_CHARACTERS])[:MAX_CHARACTERS].rstrip()
