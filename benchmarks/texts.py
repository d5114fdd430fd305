"""Drawn texts, the same in every run."""

import random

from ingest.library.null_statistics import background_queries

_LINKS = ("and then", "while we see", "next to", "but first", "because of", "and after that", "or")


def sentences(count: int) -> list[str]:
    """Drawn sentences of 5 to 40 words: things of the background queries, one after the other."""
    rng = random.Random(7)
    made = []
    for _ in range(count):
        num_words = rng.randint(5, 40)
        words: list[str] = []
        while len(words) < num_words:
            words += f"{rng.choice(background_queries())} {rng.choice(_LINKS)}".split()
        made.append(" ".join(words[:num_words]))
    return made


def queries(count: int) -> list[str]:
    """Short queries of two to eight words, no two alike."""
    rng = random.Random(21)
    words = sorted({word for query in background_queries() for word in query.split()})
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(rng.choices(words, k=rng.randint(2, 8)))] = None
    return list(found)
