r"""Words as they stand on screens: client.py, /etc/hosts, sock.connect(address) and <title> are found
as they are typed, and by their parts.

The parser of PostgreSQL takes hosts, paths and versions for one word each, signs for a part of
numbers, and leaves tags out. `words_of` puts a space where such words are joined, as long a text as
before, so that what is marked in one is marked in the other. Decimal numbers, versions and
abbreviations (3.5, 1.2.3, U.S.) stay as they are; a version is the same with a v before it.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_SIGNS = r"[<>&/\\@:=~?#]"
_DOTS = r"(?!(?<=\m[[:alpha:]])[.][[:alpha:]]\M)([.](?![0-9])|(?<![0-9])[.])"
_BEFORE_NUMBERS = r"[-+](?=[0-9])|\mv(?=[0-9]+[.][0-9])"
_JOINTS = f"{_SIGNS}|{_DOTS}|{_BEFORE_NUMBERS}"


def upgrade() -> None:
    # Not as op.execute takes it: colons would be parameters.
    op.get_bind().exec_driver_sql(
        "CREATE FUNCTION words_of(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
        f"RETURN regexp_replace(text, '{_JOINTS}', ' ', 'gi')"
    )
    _parse("words_of(text)")


def downgrade() -> None:
    _parse("text")
    op.execute("DROP FUNCTION words_of(text)")


def _parse(text: str) -> None:
    op.execute(f"""
        ALTER TABLE moment DROP COLUMN tsv, ADD COLUMN tsv tsvector
            GENERATED ALWAYS AS (to_tsvector(text_config(language), {text})) STORED;
        CREATE INDEX moment_tsv_idx ON moment USING gin (tsv);
        ANALYZE moment""")  # by which words are weighed
