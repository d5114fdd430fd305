"""The version of a library is a sum of rows: a commit adds one of its own, and waits for none.

One row that each commit raised made all of them wait for each other until its lock was free, which
is when the disk has the commit.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = ("video", "file", "space", "tag")
FOLDED = 64
"""Every so manieth commit, by chance, folds what is there into one row."""


def upgrade() -> None:
    _drop_triggers()
    op.execute("CREATE TABLE library_change (num bigint NOT NULL DEFAULT 1)")
    op.execute("INSERT INTO library_change SELECT version FROM library")
    op.execute("DROP TABLE library")
    # Deferred, so that what it adds is of the same snapshot as the change: with the sum that has
    # it, every statement sees the change, too. The setting is of this transaction alone.
    op.execute(f"""
        CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('sceneseek.counted', true) = pg_current_xact_id()::text THEN
                RETURN NULL;
            END IF;
            PERFORM set_config('sceneseek.counted', pg_current_xact_id()::text, true);
            INSERT INTO library_change DEFAULT VALUES;
            IF random() < 1.0 / {FOLDED} THEN
                WITH folded AS (
                    DELETE FROM library_change WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM library_change FOR UPDATE SKIP LOCKED))
                    RETURNING num)
                INSERT INTO library_change SELECT sum(num) FROM folded HAVING count(*) > 0;
            END IF;
            RETURN NULL;
        END $$""")
    _make_triggers("count_change")


def downgrade() -> None:
    _drop_triggers()
    op.execute("DROP FUNCTION count_change()")
    op.execute("""
        CREATE TABLE library (
            single boolean PRIMARY KEY DEFAULT true CHECK (single),
            version bigint NOT NULL
        )""")
    op.execute("INSERT INTO library (version) SELECT coalesce(sum(num), 1) FROM library_change")
    op.execute("DROP TABLE library_change")
    op.execute("""
        CREATE OR REPLACE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE library SET version = version + 1 WHERE xmin <> pg_current_xact_id()::xid;
            RETURN NULL;
        END $$""")
    _make_triggers("count_version")


def _drop_triggers() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_changes_answers ON {table}")
    op.execute("DROP FUNCTION IF EXISTS count_version()")


def _make_triggers(function: str) -> None:
    for table in TABLES:
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER {table}_changes_answers
            AFTER INSERT OR UPDATE OR DELETE ON {table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION {function}()""")
