"""The mode `auto`: weights chosen by the form of a query.

Quotes, numbers, names, and words of saying and writing lean to text; an article or a count at the
beginning leans to vision. Everything else is `balanced`: predicting from the scores which modality
is right was tried and did not help, since the stronger evidence decides anyway (docs/ranking.md).
"""

import re
from collections.abc import Collection

from embeddings.space import Modality
from search.query.query import Weights

_LEAN = 0.35
_WORDS = re.compile(
    r"""\d|["“”„]
    |\b(says?|said|saying|mention(s|ed|ing)?|discuss(es|ed|ing)?|explain(s|ed|ing)?)\b
    |\b(talk(s|ed|ing)?|speak(s|ing)?|spoken)\s+(about|of)\b
    |\b(the\s+words?|titles?|captions?|subtitles?|headlines?|written)\b
    |\bsigns?\s+(to|for|saying|reading)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PICTURE = re.compile(
    r"""^\s*(an?|two|three|four|five|several)\s
    |\b(photos?|pictures?|images?|shots?|views?|footage|close-?ups?)\s+of\b
    |\b(shown|showing|visible|wearing)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def choose_weights(text: str, present: Collection[Modality]) -> Weights:
    """The weights for a query as it was typed, among scenes that have these modalities."""
    if len(present) == 1:
        return Weights(*(float(modality in present) for modality in Modality))
    lean = bool(_WORDS.search(text)) - bool(_PICTURE.search(text))
    if lean == 0 and any(word[:1].isupper() for word in text.split()[1:]):
        lean = 1  # a name
    return Weights(0.5 + _LEAN * lean, 0.5 - _LEAN * lean)
