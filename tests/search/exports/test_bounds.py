"""Exports of more than a server or a file system takes."""

import contextlib

import pytest

from database.opening import open_database
from search.errors import InvalidQuery
from search.exports import edit
from search.exports.edit import make_edit
from search.exports.selections import Selection
from tests.helpers.exports import edit_of, film, streams
from tests.helpers.fixtures import Ingested


def test_selections_in_which_too_much_is_said_are_refused(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Selection(1, 0.0, 60.0)
    with contextlib.closing(open_database(ingested.settings)) as database:
        said = len(make_edit(database, [whole], title="").cuts[0].passages)
        monkeypatch.setattr(edit, "MAX_PASSAGES", 3 * said - 1)
        assert len(make_edit(database, [whole] * 2, title="").cuts) == 2
        with pytest.raises(InvalidQuery, match="export fewer at a time"):
            make_edit(database, [whole] * 3, title="")


def test_a_clip_is_called_after_the_begin_of_a_long_title() -> None:
    cut = edit_of([film(title="tour " * 100)], [Selection(1, 0.0, 1.0)]).cuts[0]
    assert cut.file_stem(1).startswith("001 tour tour ")
    assert len(cut.file_stem(1)) < 255


def test_a_note_names_a_few_of_many_rates() -> None:
    films = [film(n, streams((n, 1))) for n in range(1, 41)]
    notes = edit_of(films, [Selection(n, 0.0, 4.0) for n in range(1, 41)]).timeline_notes
    assert [note for note in notes if note.endswith("also 2, 3, 4 and 36 more")]
