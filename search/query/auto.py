"""The mode `auto`: weights chosen by the form of a query.

Quotes and numbers lean to text in every language. English words of saying and writing do, too, and
so do names; an article or a count at the beginning, and what somebody does ("pouring coffee into a
mug"), lean to vision. Everything else is `balanced`: predicting from the scores which modality is
right was tried and did not help, since the stronger evidence decides anyway (docs/ranking.md).
"""

import re
from collections.abc import Collection

from embeddings.space import Modality
from search.query.query import Weights

_LEAN = 0.35
_TYPED = re.compile(r"""[\d"“”„«»「」『』]""")
_WORDS = re.compile(
    r"""\b(says?|said|saying|mention(s|ed|ing)?|discuss(es|ed|ing)?|explain(s|ed|ing)?)\b
    |\b(talk(s|ed|ing)?|speak(s|ing)?|spoken)\s+(about|of)\b
    |\b(the\s+words?|titles?|captions?|subtitles?|headlines?|written)\b
    |\bsigns?\s+(to|for|saying|reading)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_DONE = r"""(any|every|no|some)thing|during|(even|morn|wedd)ing
    |(account|advertis|bank|bill|brand|brief|budget|comput|debugg|engineer|financ|fund|hir|hous|learn
    |licens|logg|market|mean|meet|monitor|network|plann|pric|process|programm|reason|recruit|report
    |schedul|spend|staff|think|trad|understand|warn)ing"""
"""Words that end like what somebody does, and are nothing that a picture shows."""
_PICTURE = re.compile(
    rf"""^\s*(an?|two|three|four|five|several)\s
    |\b(photos?|pictures?|images?|shots?|views?|footage|close-?ups?)\s+of\b
    |\b(shown|showing|visible|wearing)\b
    |^\s*(?!({_NOT_DONE})\s)[a-z]+ing\s+((?!about|for|from|of|to)[^\W\d]+\s+)?
        (an?|the|his|her|their|two|three|four|five|several|at|in|into|on|onto|with)\s""",
    re.IGNORECASE | re.VERBOSE,
)
_ENGLISH = frozenset(
    """about and are at by for from he her his how into is it its my not of or our she that the
    their these they this those to we were what when where which who whose with you your""".split()
)
_OTHER = frozenset(
    """auf aus bei beim das dem der die ein eine einem einen einer ist mit nach nicht oder sich und
    vom von wie wird zu zum zur im sind
    au aux avec ce cette dans de des du est et la le les que qui sans sont une à été où
    al con del el en es está más para por qué una
    alla che degli dei della delle di gli il lo nel nella sul
    ao com da em na não os são pela pelo um uma
    een het naar niet voor wordt zijn
    nie jest och det ett og som az egy bir ile ve dan dengan untuk yang""".split()
)
"""The commonest words of languages in Latin letters, without those that English has, too: `van`,
`an`, `no`, `met`."""
_BORROWED = str.maketrans(dict.fromkeys("áâàçéèêëíîïñóôúû"))
"""Taken out of a word: its letters that English has in words and names from elsewhere (café)."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def choose_weights(text: str, present: Collection[Modality]) -> Weights:
    """The weights for a query as it was typed, among scenes that have these modalities."""
    if len(present) == 1:
        return Weights(*(float(modality in present) for modality in Modality))
    lean = _lean(text)
    return Weights(0.5 + _LEAN * lean, 0.5 - _LEAN * lean)


def _lean(text: str) -> int:
    """1 to text, -1 to vision, 0 to neither."""
    english = _english(text)
    said = _TYPED.search(text) or (english >= 0 and _WORDS.search(text))
    lean = bool(said) - bool(english >= 0 and _PICTURE.search(text))
    if lean == 0 and english > 0 and any(word[:1].isupper() for word in text.split()[1:]):
        return 1  # a name; elsewhere, as in German, capitals may be of any noun
    return lean


def _english(text: str) -> int:
    """How many more words are surely English than surely of another language: below 0 cues are
    not what they seem ("an der Wand"), and 0 says nothing ("two wolves"). One word of elsewhere
    does not make another language."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    accented = [word for word in words if word not in _OTHER and not word.isascii()]
    borrowed = any(word.translate(_BORROWED).isascii() for word in accented)
    others = sum(word in _OTHER for word in words) + len(accented) - borrowed
    return sum(word in _ENGLISH for word in words) - others
