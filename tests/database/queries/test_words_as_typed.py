"""Words as they stand on screens are found as they are typed, and by their parts."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader, MomentInfo
from database.queries.statement import FULL_TEXT, search_legs
from database.queries.terms import WordLeg, WordReader, lexemes_of
from database.server.connection import Database
from database.videos.stored import Store
from tests.helpers import records

TYPED = "abzRV019 ./\\:_-=<>@#$()[]{}'\"+,;&"


def found(database: Database, query: str) -> tuple[float, MomentInfo | None]:
    """How much of the words the best moment has, and that moment."""
    terms = WordReader(database).terms(query)
    leg = WordLeg(terms)
    matches, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    best = max((m for m in matches if m.leg == FULL_TEXT), key=lambda m: m.raw, default=None)
    if best is None:
        return 0.0, None
    lexemes = lexemes_of(terms)
    return best.raw, HitReader(database).moments({best.moment_id}, lexemes)[best.moment_id]


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("client.py\nsock.connect(address)", "client.py sock.connect", "client py sock connect"),
        ("client.py\nsock.connect(address)", "connect client", "client connect"),
        ("$ cat /etc/hosts", "/etc/hosts", "etc hosts"),
        ("$ cat /etc/hosts", "hosts", "hosts"),
        ("git rebase origin/master", "rebase master", "rebase master"),
        ("apt-get install --dry-run", "--dry-run", "dry run"),
        ("apt-get install --dry-run", "dry run", "dry run"),
        ("release v1.2.3 is out", "v1.2.3", "1.2.3"),
        ("release v1.2.3 is out", "1.2.3", "1.2.3"),
        ("wheel-0.45.tar.gz", "wheel 0.45", "wheel 0.45"),
        ("kubectl get pods -n kube-system", "kubectl get pods", "kubectl get pods"),
        ("kubectl get pods -n kube-system", "kube", "kube"),
        ("MAX_ROWS = read_rows(path)", "read_rows max", "MAX rows"),
        ('<title class="big">Harvest</title>', "title harvest", "title Harvest title"),
        ("https://docs.example.com/guide?page=7", "docs guide page 7", "docs guide page 7"),
        ("std::vector<int> rows", "std::vector", "std vector"),
        ("maple-forest-29", "maple-forest-29", "maple forest 29"),
        (r"C:\Users\bob", "users bob", "Users bob"),
        ("pressure 3.5 bar", "3.5 bar", "3.5 bar"),
        ("the U.S. economy", "U.S. economy", "U.S economy"),
    ],
)
def test_words_of_screens_are_found_and_marked(
    text: str, query: str, words: str, store: Store, database: Database
) -> None:
    store.save_video(records.video("a", text, "en"), records.file("/v/a.mp4"))
    covered, moment = found(database, query)
    assert covered == pytest.approx(1.0)
    assert moment
    assert moment.text == text
    assert {text[first:last] for first, last in moment.marks} >= set(words.split())


def test_numbers_are_not_found_by_their_digits(store: Store, database: Database) -> None:
    store.save_video(records.video("a", "pressure 3.5 bar", "en"), records.file("/v/a.mp4"))
    assert found(database, "5")[0] == 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(st.sampled_from("abzRV019 ./\\:_-=<>@#$()[]{}'\"+,;&"), min_size=1, max_size=30)
)
def test_whatever_stands_on_a_screen_is_found_as_it_stands(
    text: str, store: Store, database: Database
) -> None:
    assume(WordReader(database).terms(text))
    store.save_video(records.video(text, text, "en"), records.file(f"/v/{records.digest(text)}"))
    covered, moment = found(database, text)
    assert covered == pytest.approx(1.0)
    assert moment
    assert moment.marks
