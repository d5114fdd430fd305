"""What the model heard, told from what it made up."""

import pytest

from ingest.perception.hearing.sentences import Word
from ingest.perception.hearing.whisper import Transcript


def transcript(text: str, log_probability: float, compression: float = 1.2) -> Transcript:
    words = [Word(n, n + 1, f" {word}") for n, word in enumerate(text.split())]
    return Transcript(words, log_probability, compression)


@pytest.mark.parametrize(
    ("text", "log_probability"),
    [
        ("No. No. No. No.", -0.2),
        ("Der Bäcker verkauft jeden Samstag frisches Brot.", -0.8),
        ("Stop!", -0.5),
    ],
)
def test_what_people_say_is_possible(text: str, log_probability: float) -> None:
    assert transcript(text, log_probability).is_possible


@pytest.mark.parametrize(
    ("text", "log_probability"),
    [
        ("", 0.0),
        ("I'm", -2.3),
        ("Hmm. Hmm. Hmm. Hmm.", -0.7),
        ("Do it. Do it. Do it. Do it. Do it.", -0.7),
        ("w w w w w w w w w w w", -0.6),
    ],
)
def test_what_the_model_makes_of_noises_is_not_possible(text: str, log_probability: float) -> None:
    assert not transcript(text, log_probability).is_possible


def test_a_text_that_goes_round_in_circles_is_not_possible_however_sure_the_model_is() -> None:
    assert not transcript("the old, the old, the old, the mill", -0.1, 2.5).is_possible
