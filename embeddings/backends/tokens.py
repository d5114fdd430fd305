"""The number of tokens that a text has before it is cut."""

from collections.abc import Sequence

from tokenizers import Tokenizer


class TokenCounter:
    """Counts with a tokenizer of its own: the model's cuts and pads, and a change of either while
    another thread encodes is an error."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> list[int]:
        """The tokens of each text, or pair of texts, with the model's marks around it."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]
