"""The words of a query: its lexemes in every language of the library, and what each weighs.

A word weighs its inverse document frequency in BM25 (Robertson and Zaragoza, "The Probabilistic
Relevance Framework", 2009): rare words count more. Frequencies come from PostgreSQL's own
statistics for common words, and are counted for rare ones. Among descriptions, which a model
writes in words of its own, a word has another weight than in what is said and written.
"""

import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from database.queries.forms import (
    FEW_COMMON,
    Form,
    Phrase,
    as_typed,
    read_forms,
    read_near,
    read_phrase,
)
from database.queries.frequencies import (
    WordCounts,
    WordStatistics,
    count_words,
    read_statistics,
)
from database.server.connection import Database

_REREAD_S = 2.0
"""Statistics are this old at most: they change with an ANALYZE, and reading them costs a round
trip."""
_RARE = 20_000
"""Texts with a word that an index gives in some milliseconds: an estimate, not measured."""
_REMEMBERED = 4096
"""Texts whose terms are kept until the statistics change."""
_UNKNOWN = 8
"""Words of a query that no text has, for which such as are nearly the same are looked up."""


@dataclass(frozen=True)
class Term:
    """A word of the query in one language, and its inverse document frequency there."""

    language: str
    lexeme: str
    """As the query has it; of a word of several parts, these with spaces."""
    weight: float
    exact: str
    """The tsquery of what was typed, as texts have it themselves."""
    query: str
    """The tsquery of any form: with and without accents, joined and apart, in numbers and words."""
    lexemes: tuple[str, ...]
    """Those of all forms."""
    near: str = ""
    """The tsquery of words that are nearly what was typed, where no text has any form of it."""
    num_texts: float = math.inf
    """About how many texts have it in any form."""

    @property
    def anything(self) -> str:
        """The tsquery of whatever it is found by."""
        return f"{self.query} | {self.near}" if self.near else self.query


@dataclass(frozen=True)
class WordLeg:
    """What the leg of words looks up."""

    terms: tuple[Term, ...] = ()
    pattern: str = ""
    """A regular expression: several words as typed, if some language has none of them indexed."""

    @property
    def is_rare(self) -> bool:
        """Whether an index soon has the texts of every word."""
        rare = all(term.num_texts <= _RARE and not term.near for term in self.terms)
        return rare and not self.pattern


NO_WORDS = WordLeg()


def lexemes_of(terms: Iterable[Term]) -> list[str]:
    """Every lexeme that they are found by."""
    return sorted({lexeme for term in terms for lexeme in term.lexemes})


def rarity(terms: Iterable[Term]) -> float:
    """How seldom a text has all of these words by chance, in nats, as if none came with another; of
    several languages, the least."""
    totals: dict[str, float] = {}
    for term in terms:
        totals[term.language] = totals.get(term.language, 0.0) + term.weight
    return min(totals.values(), default=0.0)


class _Words(NamedTuple):
    """The words of a query as they weigh among what is said and written, and in descriptions."""

    written: tuple[Term, ...]
    described: tuple[Term, ...]
    """Empty for a library without descriptions."""


class WordReader:
    """Reads the lexemes of queries and their weights; safe to call from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._statistics = WordStatistics((), 1.0, {})
        self._known: dict[str, _Words] = {}
        self._lock = threading.Lock()

    def statistics(self) -> WordStatistics:
        """At most _REREAD_S old; the same object as long as nothing has changed. Raises
        DatabaseError."""
        with self._lock:
            if time.monotonic() - self._read_at >= _REREAD_S:
                found = read_statistics(self._database)
                if found != self._statistics:
                    self._statistics = found
                    self._known = {}
                self._read_at = time.monotonic()
            return self._statistics

    def terms(self, text: str) -> tuple[Term, ...]:
        """The lexemes of a text in every language of the library: which one a query is in is not
        asked. Raises DatabaseError."""
        return self._words(text).written

    def leg(self, text: str) -> WordLeg:
        """The leg of words for a text. Raises DatabaseError."""
        terms = self.terms(text)
        indexed = {term.language for term in terms}
        is_common = (
            len(indexed) < len(self.statistics().languages) and len(text.split()) >= FEW_COMMON
        )
        return WordLeg(terms, as_typed(text) if is_common and self._database.has_trigrams else "")

    def described_leg(self, text: str) -> WordLeg:
        """The leg of what descriptions say, for a text; NO_WORDS where the library has none.
        Raises DatabaseError."""
        return WordLeg(self._words(text).described)

    def phrases(self, texts: Sequence[str]) -> list[Phrase]:
        """Each text as a phrase in any of the languages. Raises DatabaseError."""
        languages = list(self.statistics().languages)
        return [read_phrase(self._database.home, text, languages) for text in texts]

    def _words(self, text: str) -> _Words:
        statistics = self.statistics()
        with self._lock:
            known = self._known.get(text)
        if known is not None:
            return known
        words = self._read_words(text, statistics)
        with self._lock:
            if statistics is self._statistics:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = words
        return words

    def _read_words(self, text: str, statistics: WordStatistics) -> _Words:
        forms = read_forms(self._database.home, text, statistics.languages)
        counts = count_words(self._database, forms, statistics)
        written = self._written(forms, statistics, counts)
        num = statistics.num_descriptions
        if not num:
            return _Words(written, ())
        return _Words(
            written,
            tuple(_term(form, counts.described[form.query], num) for form in forms),
        )

    def _written(
        self, forms: Sequence[Form], statistics: WordStatistics, counts: WordCounts
    ) -> tuple[Term, ...]:
        """The words as they weigh among what is said and written."""
        num_having = counts.written
        unknown = _unknown(forms, num_having, statistics.languages)
        near = {
            word: read_near(self._database, word, statistics.languages)
            for word in unknown[: _UNKNOWN if self._database.has_trigrams else 0]
        }
        return tuple(
            _term(
                form,
                num_having[form.query],
                statistics.num_texts,
                *near.get(form.word, {}).get(form.language, ()),
            )
            for form in forms
        )


def _term(
    form: Form,
    num_having: float,
    num_texts: float,
    near: str = "",
    lexemes: tuple[str, ...] = (),
) -> Term:
    """A word that `num_having` of `num_texts` texts have."""
    weight, every = _weight(num_having, num_texts), (*form.lexemes, *lexemes)
    return Term(form.language, form.lexeme, weight, form.exact, form.query, every, near, num_having)


def _unknown(
    forms: Sequence[Form], num_having: Mapping[str, float], languages: Sequence[str]
) -> list[str]:
    """The words that no text has in any language, and that are too common in none; the longest
    first."""
    counts: dict[str, list[float]] = {}
    for form in forms:
        counts.setdefault(form.word, []).append(num_having[form.query])
    unknown = [w for w, own in counts.items() if len(own) == len(languages) and not any(own)]
    return sorted(unknown, key=len, reverse=True)


def _weight(num_having: float, num_texts: float) -> float:
    total = max(num_texts, num_having)
    return math.log(1 + (total - num_having + 0.5) / (num_having + 0.5))
