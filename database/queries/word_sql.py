"""The words of a query as SQL: which texts match them, and what names and slides are worth."""

from collections.abc import Sequence

from database.queries.terms import Term, WordLeg

COVERED = 0.5
"""The part of a query's words that makes a moment a candidate of the full-text leg. Those that
match less are scored when another leg has found them."""
OTHERWISE = 0.98
"""What a word is worth that is written otherwise than typed: without accents, in numbers."""
NEAR = 0.75
"""What a word is worth that is nearly what was typed, which no text has."""
BESIDE = 0.95
"""What words are worth of which some are said and others on screen meanwhile."""
_CALLED = "tsvector_to_array(to_tsvector(text_config(own.language), parts_of(words_of(called))))"
NAMED = f"""CASE WHEN own.kind <> 'title' THEN 1 ELSE coalesce((
    SELECT max(CASE WHEN cardinality(lexemes) > 1 THEN 1 ELSE 0.7 END)
    FROM unnest(string_to_array(own.text, ' · ')) AS called,
        LATERAL (SELECT {_CALLED} AS lexemes OFFSET 0) AS its
    WHERE lexemes <@ CAST(:lexemes AS text[]) AND cardinality(lexemes) > 0), 0.5) END"""
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
                string_agg(
                    format('''%s''\\:1A', replace(lexeme, '''', '''''')), ' ')::tsvector AS tsv,
                language
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


def lines_with_slides(moments: str, place: str) -> str:
    """Each line that is said as one text with what is on screen meanwhile, where each has words of
    the query: who explains a slide need not read it out."""

    def having_some(kinds: str) -> str:
        return f"""SELECT * FROM {moments} AS own WHERE own.kind IN ({kinds})
            AND own.tsv @@ CAST(:any_words AS tsquery)
            AND NOT own.tsv @@ CAST(:all_words AS tsquery)"""

    return f"""(
        WITH said AS MATERIALIZED ({having_some("'speech', 'subtitle'")}),
            shown AS MATERIALIZED ({having_some("'ocr'")})
        SELECT {place}, joined.tsv, NULL AS text, joined.language
        FROM (SELECT said.id, said.language,
                string_agg(
                    format('''%s''\\:1A', replace(lexeme, '''', '''''')), ' ')::tsvector AS tsv
            FROM said JOIN shown ON shown.scene_id = said.scene_id
                AND shown.begin_s < said.gone_s AND shown.gone_s > said.begin_s
                AND coalesce(shown.language, 'en') = coalesce(said.language, 'en'),
                LATERAL (SELECT lexeme FROM unnest(said.tsv)
                    UNION SELECT lexeme FROM unnest(shown.tsv)) AS either
            WHERE lexeme = ANY(:lexemes)
            GROUP BY said.id, said.language
        ) AS joined JOIN (SELECT {place} FROM {moments}) AS best USING (id)) AS own"""


def all_of(terms: Sequence[Term]) -> str:
    """A tsquery that matches all terms of any one language."""
    by_language = {
        language: " & ".join(f"({term.anything})" for term in terms if term.language == language)
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
                heavy[term.anything] = None
    return " | ".join(heavy)


def coverage(words: WordLeg, values: dict[str, object], name: str) -> str:
    """The part of the query's weight that the words of `own` match, in [0, 1]; adds to the
    parameters of the statement, whose names begin with `name`."""
    typed = "CASE WHEN own.text ~* :pattern THEN 1 ELSE 0 END" if words.pattern else "0"
    if not words.terms:
        return typed
    alike: dict[tuple[tuple[str, str, str, float], ...], list[str]] = {}
    for language in sorted({term.language for term in words.terms}):
        theirs = [term for term in words.terms if term.language == language]
        key = tuple((term.exact, term.query, term.near, term.weight) for term in theirs)
        alike.setdefault(key, []).append(language)
    cases = []
    for number, (own, languages) in enumerate(alike.items()):
        spoken = f"{name}_languages_{number}"
        values[spoken] = languages
        matched = _matched(own, f"{name}_{number}", values)
        cases.append(f"WHEN coalesce(own.language, 'en') = ANY(:{spoken}) THEN {matched}")
    return f"CASE {' '.join(cases)} ELSE {typed} END"


def _matched(
    words: Sequence[tuple[str, str, str, float]], name: str, values: dict[str, object]
) -> str:
    """The part that `own` matches of words given by their tsqueries, exact, of any form and near,
    and their weights."""
    total = sum(weight for *_, weight in words)
    parts = []
    for number, (exact, query, near, weight) in enumerate(words):
        worths = (
            {exact: 1.0, near: NEAR}
            if exact == query
            else {exact: 1.0, query: OTHERWISE, near: NEAR}
        )
        tests = []
        for place, (matching, worth) in enumerate(worths.items()):
            if matching:
                parameter = f"{name}_{number}_{place}"
                values[parameter] = matching
                tests.append(f"WHEN own.tsv @@ CAST(:{parameter} AS tsquery) THEN {worth}")
        values[f"{name}_{number}_weight"] = weight / total
        parts.append(f"CAST(:{name}_{number}_weight AS float8) * CASE {' '.join(tests)} ELSE 0 END")
    return " + ".join(parts)
