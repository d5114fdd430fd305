"""The bundled model of texts, loaded while a command imports what else it needs: each takes as long
as the other."""

import threading
from contextlib import suppress

from embeddings.errors import SceneseekError
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.settings import EmbeddingSettings, load_settings


def begin() -> Encoders | None:
    """The encoders of the environment, which begin to load it. What goes wrong is told by the
    search, which needs the same."""
    with suppress(SceneseekError):
        encoders = Encoders(load_settings(EmbeddingSettings).runtime())
        threading.Thread(target=_load, args=(encoders,)).start()
        return encoders
    return None


def _load(encoders: Encoders) -> None:
    with suppress(SceneseekError):
        encoders.text_encoder(SPACES["minilm-l6"])
