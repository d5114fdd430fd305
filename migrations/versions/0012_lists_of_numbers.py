"""Two numbers with a comma are a decimal, or a list ("pages 12,14"): each is found, too. And the
words of a text at a sixth of the cost, which 0010 has had since."""

from alembic import op

revision = "0012"
down_revision = "0011"

_PAIR = "(?<![0-9.,])[0-9]{2,3},[0-9]{2}(?![0-9]|[.,][0-9])"


def upgrade() -> None:
    schema = _schema()
    pairs = f"""(SELECT string_agg(translate(pair[1], ',', ' '), ' ')
                FROM regexp_matches(text, '({_PAIR})', 'g') AS pair)"""
    _make(f"ARRAY[{schema}.without_accents(parts), {schema}.written_out(parts), {schema}.joined(words), {pairs}]", schema)


def downgrade() -> None:
    schema = _schema()
    _make(f"ARRAY[{schema}.without_accents(parts), {schema}.written_out(parts), {schema}.joined(words)]", schema)


def _schema() -> str:
    return str(op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar())


def _make(others: str, schema: str) -> None:
    """As in 0010, of these other forms; of the texts that it matters to, the words are made anew."""
    op.get_bind().exec_driver_sql(
        f"""
        CREATE OR REPLACE FUNCTION words_vector(language text, text text) RETURNS tsvector
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$
        DECLARE
            config regconfig := {schema}.text_config(language);
            words text := {schema}.words_of(text);
            parts text := {schema}.parts_of(words);
            found tsvector := setweight(to_tsvector(config, parts), 'A');
            other text;
        BEGIN
            FOREACH other IN ARRAY {others}
            LOOP
                IF other <> parts THEN
                    found := found || $$'|':1$$::tsvector || to_tsvector(config, other);
                END IF;
            END LOOP;
            RETURN ts_delete(found, '|');
        END $function$"""
    )
    op.get_bind().exec_driver_sql(f"UPDATE moment SET text = text WHERE text ~ '{_PAIR}'")
