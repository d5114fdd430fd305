r"""Words in any form: as they are, without accents, with umlauts written out, in full width, joined,
apart, and inside a line of a script that has no spaces.

`words_of` gives the words of a text, apart by spaces, in compatibility form (NFKC) and small letters.
`parts_of` takes words apart where letters and numbers meet, at hyphens, and in scripts without
spaces into overlapping pairs of characters. `words_vector` holds the parts of a text in their order,
labelled A, and behind them, without a label, the same otherwise written.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_SIGNS = r"[<>&/\\@:=~?#*|]"
_DOTS = r"(?!(?<=\m[[:alpha:]])[.][[:alpha:]]\M)([.](?![0-9])|(?<![0-9])[.])"
_BEFORE_NUMBERS = r"[-+](?=[0-9])|\mv(?=[0-9]+[.][0-9])"
# Signs that PostgreSQL takes for letters where a database has the locale C.
_OTHER_SIGNS = r"[\u00a1-\u00a9\u00ab-\u00b1\u00b4-\u00b9\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u3020\u30fb]"
_JOINTS_BEFORE = rf"[<>&/\\@:=~?#]|{_DOTS}|{_BEFORE_NUMBERS}"
_JOINTS = f"{_SIGNS}|{_DOTS}|{_BEFORE_NUMBERS}|{_OTHER_SIGNS}"
# Thai to Khmer, kana, Han, Hangul: written without spaces, or with particles at the words.
DENSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_ACCENTS = r"[\u0300-\u036f\u064b-\u0652]"
_WRITTEN_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss", "æ": "ae", "œ": "oe"}
# By which every letter has a small one, whatever the locale of the database; the first is of 17.
_COLLATION = """SELECT collname FROM pg_collation
    JOIN unnest(ARRAY['pg_c_utf8', 'C.utf8', 'und-x-icu']) WITH ORDINALITY AS wanted (collname, place) USING (collname)
    ORDER BY place LIMIT 1"""
_TRIGRAMS = {
    "moment_text_trgm_idx": "moment USING gin (text gin_trgm_ops)",
    "video_title_trgm_idx": "video USING gin (lower(title) gin_trgm_ops)",
    "file_path_trgm_idx": "file USING gin (lower(path) gin_trgm_ops)",
    "tag_name_trgm_idx": "tag USING gin (lower(name) gin_trgm_ops)",
}


def upgrade() -> None:
    op.execute("ALTER TABLE moment DROP COLUMN tsv")
    op.execute("DROP FUNCTION words_of(text)")
    _function("words_of(text text)", "text", _words_of())
    _function("parts_of(words text)", "text", _parts_of())
    _function("without_accents(words text)", "text", _without_accents())
    _function("written_out(words text)", "text", _written_out())
    _function("joined(words text)", "text", _joined())
    op.get_bind().exec_driver_sql(
        "CREATE FUNCTION words_vector(language text, text text) RETURNS tsvector "
        f"LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function${_words_vector()}$function$"
    )
    op.execute("""
        ALTER TABLE moment ADD COLUMN tsv tsvector
            GENERATED ALWAYS AS (words_vector(language, text)) STORED;
        CREATE INDEX moment_tsv_idx ON moment USING gin (tsv);
        ANALYZE moment""")  # by which words are weighed
    _index_trigrams()


def _words_of() -> str:
    """A comma within a number is a point, but for those of lists such as 12,14,16."""
    collation = op.get_bind().exec_driver_sql(_COLLATION).scalar()
    small = f'lower(normalize(text, NFKC) COLLATE "{collation or "default"}") COLLATE "default"'
    decimal = "(?<![0-9]|[0-9][.,])([0-9]+),(?=[0-9]+(?![0-9]|[.,][0-9]))"
    thousands = "(?<![0-9])([0-9]{1,3}),(?=[0-9]{3}(?![0-9]))"
    return f"""regexp_replace(regexp_replace(regexp_replace(
        {small}, '{decimal}', '\\1.', 'g'), '{thousands}', '\\1.', 'g'), '{_JOINTS}', ' ', 'gi')"""


def _parts_of() -> str:
    pairs = """SELECT string_agg(one || coalesce(next, ''), ' ' ORDER BY at) FROM (
        SELECT one, lead(one) OVER (ORDER BY at) AS next, at
        FROM unnest(string_to_array(run, NULL)) WITH ORDINALITY AS own (one, at)) AS each
        WHERE next IS NOT NULL OR at = 1"""
    return f"""(
        SELECT CASE WHEN apart ~ '[{DENSE}]' THEN (
            SELECT string_agg(CASE WHEN run ~ '[{DENSE}]' THEN ' ' || ({pairs}) || ' ' ELSE run END, '' ORDER BY place)
            FROM (SELECT found[1] AS run, place
                FROM regexp_matches(apart, '[{DENSE}]+|[^{DENSE}]+', 'g') WITH ORDINALITY AS matches (found, place)) AS runs
        ) ELSE apart END
        FROM (SELECT regexp_replace(words,
            '(?<=[[:alpha:]])(?=[0-9])|(?<=[0-9])(?=[[:alpha:]])|(?<=[[:alnum:]])-(?=[[:alnum:]])', ' ', 'g') AS apart) AS own
    )"""


def _without_accents() -> str:
    """Plain letters; ß, æ and their like are two."""
    plain = f"regexp_replace(normalize(words, NFD), '{_ACCENTS}', '', 'g')"
    for letter, letters in {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}.items():
        plain = f"replace({plain}, '{letter}', '{letters}')"
    return f"CASE WHEN words ~ '[^\\x01-\\x7f]' THEN normalize(translate({plain}, 'øłđðħı', 'olddhi'), NFC) ELSE words END"


def _written_out() -> str:
    """ä as ae, å as aa, and so on."""
    out = "words"
    for letter, letters in _WRITTEN_OUT.items():
        out = f"replace({out}, '{letter}', '{letters}')"
    return out


def _joined() -> str:
    """Words with a hyphen as one, numbers without marks between thousands, and the last character
    of each line of a dense script, by which it is found alone."""
    return f"""CASE WHEN words ~ '[[:alnum:]]-[[:alnum:]]|[0-9][.][0-9]{{3}}|[{DENSE}]' THEN (
        SELECT string_agg(coalesce(translate(found[1], '-', ''), translate(found[2], '.', ''), found[3]), ' ')
        FROM regexp_matches(words,
            '([[:alnum:]]+(?:-[[:alnum:]]+)+)|([0-9]{{1,3}}(?:[.][0-9]{{3}})+)(?![0-9])|([{DENSE}])(?![{DENSE}])', 'g') AS found
    ) END"""


def _words_vector() -> str:
    """What is written otherwise is apart from what stands there, so that no phrase goes over both.

    In PL/pgSQL, which computes each form once, at a sixth of the cost. Names are those of its schema
    in full: a restored dump has no search path."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    return f"""
        DECLARE
            config regconfig := {schema}.text_config(language);
            words text := {schema}.words_of(text);
            parts text := {schema}.parts_of(words);
            found tsvector := setweight(to_tsvector(config, parts), 'A');
            other text;
        BEGIN
            FOREACH other IN ARRAY
                ARRAY[{schema}.without_accents(parts), {schema}.written_out(parts), {schema}.joined(words)]
            LOOP
                IF other <> parts THEN
                    found := found || $$'|':1$$::tsvector || to_tsvector(config, other);
                END IF;
            END LOOP;
            RETURN ts_delete(found, '|');
        END"""


def _function(name: str, returns: str, body: str) -> None:
    # Not as op.execute takes it: colons would be parameters.
    op.get_bind().exec_driver_sql(
        f"CREATE FUNCTION {name} RETURNS {returns} LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN {body}".replace("%", "%%")
    )


def _index_trigrams() -> None:
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # rows of earlier migrations may wait for theirs
    for name, made in _TRIGRAMS.items():
        op.execute(f"""
            DO $$ BEGIN
                IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
                    CREATE EXTENSION IF NOT EXISTS pg_trgm;
                    CREATE INDEX IF NOT EXISTS {name} ON {made};
                END IF;
            EXCEPTION WHEN insufficient_privilege THEN NULL; -- searches can do without
            END $$""")


def downgrade() -> None:
    op.execute("ALTER TABLE moment DROP COLUMN tsv")
    op.execute("""
        DROP FUNCTION words_vector(text, text), joined(text), written_out(text), without_accents(text),
            parts_of(text), words_of(text)""")
    _function("words_of(text text)", "text", f"regexp_replace(text, '{_JOINTS_BEFORE}', ' ', 'gi')")
    op.execute("""
        ALTER TABLE moment ADD COLUMN tsv tsvector
            GENERATED ALWAYS AS (to_tsvector(text_config(language), words_of(text))) STORED;
        CREATE INDEX moment_tsv_idx ON moment USING gin (tsv);
        ANALYZE moment""")
