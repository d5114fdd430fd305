"""The words of a query as SQL: which texts match them, and what names and slides are worth."""

from collections.abc import Sequence

from database.queries.terms import Term, quoted

COVERED = 0.5
"""The part of a query's words that makes a moment a candidate of the full-text leg. Those that
match less are scored when another leg has found them."""
_CALLED = "tsvector_to_array(to_tsvector(text_config(own.language), words_of(called)))"
NAMED = f"""CASE WHEN own.kind <> 'title' THEN 1 ELSE coalesce((
    SELECT max(CASE WHEN cardinality({_CALLED}) > 1 THEN 1 ELSE 0.7 END)
    FROM unnest(string_to_array(own.text, ' · ')) AS called
    WHERE {_CALLED} <@ CAST(:lexemes AS text[]) AND cardinality({_CALLED}) > 0), 0.5) END"""
"""What words in the name of a video are worth: all if the query has the whole of a name of several
words, or of a file with its suffix (ingest/library/titles.py); less of a single word, and of a part
of the name, since the first scene, which has it, need not say or show what is asked."""


def slides(moments: str, place: str) -> str:
    """The on-screen text of each scene as one text, where its words of the query first come in
    several moments that are seen together: a title stays while one line after the other comes.
    It is placed at the moment with which the last of them comes."""
    return f"""(
        SELECT {place}, joined.tsv, NULL AS text, joined.language
        FROM (SELECT (array_agg(id ORDER BY begin_s DESC, id))[1] AS id,
                array_to_tsvector(array_agg(lexeme)) AS tsv, language
            FROM (SELECT *, max(begin_s) OVER (PARTITION BY scene_id, language) AS last_s
                FROM (SELECT DISTINCT ON (own.scene_id, own.language, lexeme)
                        own.scene_id, own.language, lexeme, own.id, own.begin_s, own.gone_s
                    FROM {moments} AS own, unnest(own.tsv)
                    WHERE own.kind = 'ocr' AND own.tsv @@ CAST(:any_words AS tsquery)
                        AND NOT own.tsv @@ CAST(:all_words AS tsquery) AND lexeme = ANY(:lexemes)
                    ORDER BY own.scene_id, own.language, lexeme, own.begin_s, own.id) AS earliest
            ) AS seen
            WHERE gone_s > last_s
            GROUP BY scene_id, language HAVING min(id) < max(id)
        ) AS joined JOIN (SELECT {place} FROM {moments}) AS best USING (id)) AS own"""


def all_of(terms: Sequence[Term]) -> str:
    """A tsquery that matches all terms of any one language."""
    by_language = {
        language: " & ".join(quoted(term.lexeme) for term in terms if term.language == language)
        for language in sorted({term.language for term in terms})
    }
    return " | ".join(f"({query})" for query in dict.fromkeys(by_language.values()))


def heavy(terms: Sequence[Term]) -> str:
    """A tsquery that every text matches which has words of COVERED of the weight: the lightest
    terms, which together weigh less, need not be looked up (MaxScore: Turtle and Flood, "Query
    evaluation: strategies and optimizations", 1995)."""
    heavy: dict[str, None] = {}
    for language in sorted({term.language for term in terms}):
        theirs = sorted((t for t in terms if t.language == language), key=lambda t: t.weight)
        light = COVERED * sum(term.weight for term in theirs)
        for term in theirs:
            light -= term.weight
            if light <= 0:
                heavy[term.query] = None
    return " | ".join(heavy)


def like(text: str) -> str:
    """A pattern of LIKE for texts that hold this one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
