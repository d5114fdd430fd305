"""A query as long as one may be takes no more look-ups than a sentence of some length: counted, in
every script."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import cycle, islice, product
from typing import Any
from unittest.mock import patch

import pytest

from database.opening import open_database
from database.queries.terms import WordReader
from database.server.connection import Database
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.fixtures import NewSettings

LONGEST = 1000
SENTENCES = {
    "Latin": "the crew is drilling through granite ", "Greek": "η γρήγορη αλεπού πηδάει πάνω ",
    "Cyrillic": "быстрая коричневая лиса прыгает ", "Arabic": "الثعلب البني السريع يقفز ",
    "Hebrew": "השועל החום המהיר קופץ ", "Hindi": "तेज भूरी लोमड़ी कूदती है ",
    "Chinese": "敏捷的棕色狐狸跳过懒狗", "Japanese": "素早い茶色の狐が犬を飛び越える",
    "Thai": "สุนัขจิ้งจอกกระโดดข้าม", "Korean": "빠른 갈색 여우가 개를 뛰어넘는다 ",
}  # fmt: skip
QUERIES = {name: "".join(islice(cycle(text), LONGEST)) for name, text in SENTENCES.items()} | {
    "ten languages": " ".join(text * 2 for text in SENTENCES.values())[:LONGEST],
    "letters": " ".join(islice(cycle("abcdefghijklmnopqrstuvwxyz"), LONGEST // 2)),
    "words": " ".join(map("".join, islice(product("abcdefgh", repeat=3), 250))),
    "Korean words": " ".join(map("".join, islice(product("빠른갈색여우가", repeat=3), 250))),
    "numbers": " ".join(str(n) for n in range(100, 350)),
    "one word": "drilling" * 125,
    "hyphens": "-".join(["drill"] * 166),
    "signs": "!@#$%^&*()_+{}|:<>?~`=[];',./" * 34,
}  # fmt: skip


@contextmanager
def looked_up() -> Iterator[list[Mapping[str, Any]]]:
    """The values of each statement that is sent meanwhile."""
    sent: list[Mapping[str, Any]] = []
    rows = Database.rows

    def note(
        own: Database, sql: str, values: Mapping[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        sent.append(values or {})
        return rows(own, sql, values)

    with patch.object(Database, "rows", note):
        yield sent


@pytest.fixture(scope="module")
def words(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A library of two languages that has these sentences."""
    folder = tmp_path_factory.mktemp("long")
    with new_settings(folder / "home") as settings, closing(open_database(settings)) as database:
        for n, text in enumerate(SENTENCES.values()):
            record = records.video(f"v{n}", text, "en" if n % 2 else "de")
            Store(database).save_video(record, records.file(f"/v/{n}.mp4"))
        yield database


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_a_query_of_a_thousand_characters_looks_up_a_bounded_number_of_words(
    words: Database, query: str
) -> None:
    reader = WordReader(words)
    reader.terms("warm-up")
    with looked_up() as sent:
        terms = reader.terms(query)
    assert len(terms) <= 200, "a hundred words in each of two languages"
    chunks = [chunk for values in sent for chunk in values.get("chunks", ())]
    assert len(chunks) <= 350, "words, each once, with what is nearly one of the first unknown ones"
    assert sum(map(len, chunks)) <= 4 * LONGEST
    assert len(sent) <= 50, "the words, their frequencies, and four for each of eight unknown ones"


def test_a_word_that_comes_again_and_again_is_looked_up_once(words: Database) -> None:
    with looked_up() as sent:
        WordReader(words).terms("granite drilling " * 50)
    assert [values["chunks"] for values in sent if "chunks" in values] == [["granite", "drilling"]]


def test_what_no_language_has_so_long_a_word_for_is_no_typo(words: Database) -> None:
    with looked_up() as sent:
        WordReader(words).terms("drilling" * 125)
    assert not [values for values in sent if "word" in values]
