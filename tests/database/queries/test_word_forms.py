"""Words are found as people write them, whatever way the text has them."""

import time

import pytest
import sqlalchemy as sa

from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader
from database.queries.statement import search_legs
from database.queries.terms import WordReader, lexemes_of
from database.server.connection import Database
from database.videos.stored import Store
from tests.helpers import records


def save(store: Store, *texts: str, language: str | None = "en") -> None:
    for text in texts:
        name = records.digest(text)
        store.save_video(records.video(name, text, language), records.file(f"/v/{name}.mp4"))


def ranked(database: Database, typed: str) -> list[tuple[str | None, float]]:
    """The texts that words find, best first, with the part of the words that each has."""
    leg = WordReader(database).leg(typed)
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    parts = {match.moment_id: match.raw for match in found if match.raw > 0}
    moments = HitReader(database).moments(parts)
    best = sorted(parts, key=lambda moment: -parts[moment])
    return [(moments[moment].text, parts[moment]) for moment in best]


def marked(database: Database, typed: str) -> list[str]:
    """The pieces of all texts that are marked for what was typed."""
    lexemes = lexemes_of(WordReader(database).terms(typed))
    moments = HitReader(database).moments(range(1, 100), lexemes, typed).values()
    return [(m.text or "")[start:end] for m in moments for start, end in m.marks]


@pytest.mark.parametrize(
    ("language", "text", "typed"),
    [
        ("fr", "Café fermé pour Noël", "cafe"),
        ("fr", "Café fermé pour Noël", "cafe\u0301 Noe\u0308l"),
        ("fr", "cafe ferme", "café fermé"),
        ("fr", "L'élève déçu", "eleve decu"),
        ("en", "Crème brûlée", "creme brulee"),
        ("de", "Größenprüfung der Schweißgeräte", "Groessenpruefung"),
        ("de", "Größenprüfung der Schweißgeräte", "Grossenprufung"),
        ("de", "Größenprüfung der Schweißgeräte", "SCHWEISSGERÄTE"),
        ("de", "Groessenpruefung", "Größenprüfung"),
        ("en", "Größenprüfung", "groessenpruefung"),
        ("da", "Rødgrød på Ærø", "rodgrod paa"),
        ("pl", "Zażółć gęślą jaźń, Łódź", "zazolc lodz"),
        ("ru", "Ёлка и самолёт", "елка самолет"),
        ("tr", "İstanbul", "istanbul"),
        ("en", "ＥＸＩＴ ＮＵＭＢＥＲ ７", "exit number 7"),
        ("en", "EXIT NUMBER 7", "ＥＸＩＴ ＮＵＭＢＥＲ ７"),
        ("en", "5 m² of ﬁne mesh", "m2 fine"),
        ("zh", "安全生产责任重于泰山。", "责任"),
        ("zh", "安全生产责任重于泰山。", "安全生产责任重于泰山"),
        ("zh", "安全生产责任重于泰山。", "山"),
        ("zh", "安全生产责任重于泰山。", "任"),
        ("en", "Model X3 安全帽", "安全帽 X3"),
        ("ja", "東京タワーへようこそ", "タワー"),
        ("ja", "ﾀﾜｰ", "タワー"),
        ("th", "ความปลอดภัยในการทำงาน", "ปลอดภัย"),
        ("ko", "안전모를 착용하세요", "안전모"),
        ("de", "Druck 3,5 bar", "3.5 bar"),
        ("en", "pressure 3.5bar", "3,5 bar"),
        ("en", "valve QX-4471 leaks", "qx 4471"),
        ("en", "valve QX-4471 leaks", "QX4471"),
        ("en", "valve QX4471 leaks", "qx-4471"),
        ("en", "valve QX4471 leaks", "4471"),
        ("en", "valve qx 4471 leaks", "QX4471"),
        ("en", "tighten to 42 Nm", "forty-two newton metres"),
        ("en", "tighten to 42Nm", "forty two newton meters"),
        ("en", "tighten to forty-two newton meters", "42 Nm"),
        ("en", "it weighs seven kilograms", "7 kg"),
        ("en", "1,000 rows", "1000"),
        ("en", "1000 rows", "1000"),
        ("en", "Wi-Fi router", "wifi"),
        ("en", "wifi router", "Wi-Fi"),
        ("en", "wifi router", "wi fi"),
        ("en", "Wi-Fi router", "wi fi router"),
        ("en", "an e-mail", "email"),
        ("en", "five kilograms of nails", "(5 kg),"),
        ("en", "five kilograms of nails", "5kg."),
        ("en", "see pages 12,14,16", "14"),
        ("en", "see pages 12,14,16", "12 16"),
        ("en", "see pages 12,14", "14"),
        ("en", "see pages 12,14", "page 12"),
        ("en", "see pages 12, 14", "pages 12,14"),
        ("de", "kostet 12,14 Euro", "12.14"),
        ("en", "1,234,567 rows", "1234567"),
        ("zh", "3号仓库", "3号"),
        ("en", "To be or not to be", "to be or not to be"),
    ],
)
def test_a_text_is_found_and_marked_in_every_usual_spelling(
    language: str, text: str, typed: str, store: Store, database: Database
) -> None:
    save(store, text, language=language)
    save(store, "Nothing of the kind is here")
    save(store, "Nichts dergleichen", language="de")
    save(store, "又一句", language="zh")
    ((found, part),) = ranked(database, typed)
    assert found == text
    assert part >= 0.98 - 1e-6
    assert marked(database, typed)


def test_common_words_are_marked_where_all_that_was_typed_stands_side_by_side(
    store: Store, database: Database
) -> None:
    save(store, "It is the end of the world, to be sure.", "The end is near")
    assert marked(database, "The end, of the world") == ["the", "end", "of", "the", "world", "end"]
    assert marked(database, "the end") == ["end", "end"]


@pytest.mark.parametrize(
    ("exact", "other", "typed"),
    [
        ("the cafe", "the café", "cafe"),
        ("the café", "the cafe", "café"),
        ("42 Nm", "forty-two newton metres", "42 Nm"),
        ("the Größe", "the Groesse", "Größe"),
    ],
)
def test_the_form_that_was_typed_comes_before_others(
    exact: str, other: str, typed: str, store: Store, database: Database
) -> None:
    save(store, other, exact)
    assert [text for text, _ in ranked(database, typed)] == [exact, other]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Drilling in Kasurinen", "kasurinem"),
        ("Drilling in Kasurinen", "kasrinen"),
        ("Drilling in Kasurinen", "kasurrinen"),
        ("Drilling in Kasurinen", "ksaurinen"),
        ("the brzko", "brkzo"),
        ("the brzko", "rbzko"),
        ("the brzko", "brzok"),
        ("the quorple", "qourple"),
        ("Das Schweißgerät", "gerät"),
        ("Das Schweißgerät", "schweiß"),
        ("the hovercraft", "craft"),
    ],
)
def test_what_is_nearly_a_word_finds_it_below_the_word_itself(
    text: str, typed: str, store: Store, database: Database
) -> None:
    save(store, text, "Something else")
    ((found, part),) = ranked(database, typed)
    assert found == text
    assert 0 < part < 0.9
    assert marked(database, typed)


def test_a_word_that_some_language_has_is_no_typo_in_another(
    store: Store, database: Database
) -> None:
    save(store, "The crew was drilling")
    save(store, "Das Drillinge-Paar", language="de")
    assert {term.near for term in WordReader(database).terms("drilling")} == {""}


def test_of_a_long_query_only_some_words_are_taken_for_parts_or_typos(
    store: Store, database: Database
) -> None:
    words = [f"zq{first}{second}" for first in "abcdefgh" for second in "klmnopqr"]
    save(store, " ".join(f"pre{word}post" for word in words))
    terms = WordReader(database).terms(" ".join(words))
    assert sum(bool(term.near) for term in terms) == 8  # each takes two more look-ups


def test_a_typo_of_a_rare_word_is_found_among_many_words_that_are_alike(
    store: Store, database: Database
) -> None:
    alike = [f"plon{a}inxen{b}lon" for a in "bcdfghjklmnpqrstvwxz" for b in "bcfghjklmnqrstvwxz"]
    save(store, *(" ".join(alike[at : at + 2]) for at in range(0, 360, 2)), "plondinxenplon")
    (best, _), *_ = ranked(database, "plondinxenplan")
    assert best == "plondinxenplon"


def test_a_typo_is_found_among_common_words(store: Store, database: Database) -> None:
    save(store, "The quorple wrench")
    save(store, "Nichts dergleichen", language="de")
    typed = "what would they have been doing before they were going with the quorpel wrench"
    near = {term.lexeme for term in WordReader(database).terms(typed) if term.near}
    assert "quorpel" in near
    assert not near & {"with", "what", "they"}


def test_long_queries_of_dense_scripts_are_answered_soon(store: Store, database: Database) -> None:
    line = "".join(chr(0x4E00 + number) for number in range(1000))
    save(store, line[:200])
    for language in ("de", "fr", "ja", "es", "it", "ru", "pl", "nl"):
        save(store, f"Text {language}", language=language)
    started = time.monotonic()
    assert ranked(database, line)
    assert time.monotonic() - started < 10  # it took 30 s


def test_a_letter_beside_a_dense_script_is_a_word_of_its_own(
    store: Store, database: Database
) -> None:
    save(store, "安全号 30 xylophone", language="zh")
    assert all(part < 0.9 for _, part in ranked(database, "3号"))


@pytest.mark.parametrize("typed", ["cart", "bar", "beach", "q", "12"])
def test_what_is_another_word_finds_nothing(typed: str, store: Store, database: Database) -> None:
    save(store, "The carp rests on the peach at 127 km")
    assert [text for text, _ in ranked(database, typed) if typed != "beach"] == []


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("责任", True),
        ("任责", False),
        ("安全责任", False),
        ("山", True),
        ("qx4471 leaks", True),
        ("leaks qx4471", False),
        ("to be or not to be", True),
        ("to be and not to be", False),
        ("cafe noir", True),
        ("noir cafe", False),
        ("wifi", True),
    ],
)
def test_quotes_work_for_every_script_and_common_words(
    phrase: str, found: bool, store: Store, database: Database
) -> None:
    texts = ("安全生产责任重于泰山", "QX-4471 leaks", "To be or not to be, he says", "café noir")
    save(store, *texts, "the Wi-Fi")
    save(store, "又一句", language="zh")  # whose words are none too common
    phrases = tuple(WordReader(database).phrases([phrase]))
    conditions, values = Conditions(required=phrases).of_scenes()
    with database.reading() as connection:
        statement = sa.text(f"SELECT count(*) FROM scene WHERE {conditions}")
        assert connection.scalar(statement, values) == int(found)
