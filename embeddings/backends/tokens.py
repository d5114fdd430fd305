"""Tokens of texts, and how many there are before a text is cut."""

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer

_SHORT_CHARACTERS = 2000


def encode_all(tokenizer: Tokenizer, texts: Sequence[str | tuple[str, str]]) -> list[Encoding]:
    """The tokens of texts, or of pairs of texts.

    Short ones are encoded one by one, since a batch wakes the tokenizer's own threads; others in a
    batch, since a single one keeps all other threads of Python waiting.
    """
    pairs = [(text, "") if isinstance(text, str) else text for text in texts]
    if sum(len(text) + len(second) for text, second in pairs) > _SHORT_CHARACTERS:
        return list(tokenizer.encode_batch_fast(list(texts)))
    return [tokenizer.encode(text, second or None) for text, second in pairs]


class TokenCounter:
    """Counts with a tokenizer of its own: the model's cuts and pads, and a change of either while
    another thread encodes is an error."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> list[int]:
        """The tokens of each text, or pair of texts, with the model's marks around it."""
        return [len(encoding.ids) for encoding in encode_all(self._tokenizer, texts)]
