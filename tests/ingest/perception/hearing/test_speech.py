"""What is said, sentence by sentence: by the real speech model, in voices made by code."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from embeddings.registry.pins import WHISPER_BASE
from embeddings.registry.spaces import PROFILES
from embeddings.runtime import Runtime
from ingest.media.samples import SAMPLE_RATE
from ingest.perception.hearing.sentences import Sentence
from ingest.perception.hearing.sound import Passage, Sound
from ingest.perception.hearing.speech import Transcriber
from tests.helpers.speaking import ENGLISH, GERMAN, SPANISH, Mono, said, silence, talk
from tests.helpers.voices import music, noise


@pytest.fixture(scope="module")
def transcriber(models: Path) -> Transcriber:
    return Transcriber(PROFILES["bundled"].speech, Runtime(models, num_threads=2))


def heard(transcriber: Transcriber, samples: Mono, time_s: float = 0.0) -> list[Sentence]:
    return transcriber.transcribe(Sound([Passage(samples, time_s)]), lambda _time_s: None)


def by_language(sentences: list[Sentence]) -> list[tuple[str | None, str]]:
    """What is said in one language after the other, in small letters."""
    parts: list[tuple[str | None, str]] = []
    for sentence in sentences:
        if parts and parts[-1][0] == sentence.language:
            parts[-1] = sentence.language, f"{parts[-1][1]} {sentence.text.lower()}"
        else:
            parts.append((sentence.language, sentence.text.lower()))
    return parts


def test_each_sentence_of_several_languages_is_written_in_its_own(transcriber: Transcriber) -> None:
    sound = talk((ENGLISH[:3], "en-us"), (GERMAN, "de"), (SPANISH, "es"))
    parts = by_language(heard(transcriber, sound))
    assert [language for language, _ in parts] == ["en", "de", "es"]
    assert "helicopter" in parts[0][1]
    assert "fahrrad" in parts[1][1]
    assert "mercado" in parts[2][1]


def test_a_sentence_that_is_quoted_in_another_language_is_written_in_it(
    transcriber: Transcriber,
) -> None:
    sound = talk((ENGLISH[:2], "en-us"), (GERMAN[:1], "de"), (ENGLISH[2:], "en-us"))
    parts = by_language(heard(transcriber, sound))
    assert [language for language, _ in parts] == ["en", "de", "en"]
    assert "fahrrad" in parts[1][1]


@pytest.mark.parametrize("voice", ["en-us", "en-gb-scotland", "en-029"])
def test_accents_and_names_are_no_other_language(voice: str, transcriber: Transcriber) -> None:
    names = (
        "Wolfgang Schäuble and Gerhard Schröder visited the Brandenburger Tor in Berlin.",
        "Jean Baptiste Lully and François Couperin played at Versailles for the king.",
    )
    over_music = talk((ENGLISH, voice), (names, voice)) // 2
    over_music += music(len(over_music) / SAMPLE_RATE + 1, 300)[: len(over_music)]
    assert {s.language for s in heard(transcriber, over_music)} == {"en"}


def test_two_recordings_are_transcribed_side_by_side(transcriber: Transcriber) -> None:
    both_at_work = threading.Barrier(2, timeout=30)

    def wait_for_the_other(_time_s: float) -> None:
        both_at_work.wait()

    def heard_beside_another(samples: Mono) -> list[Sentence]:
        return transcriber.transcribe(Sound([Passage(samples, 0.0)]), wait_for_the_other)

    sounds = [talk((ENGLISH[:1], "en-us")), talk((GERMAN[:1], "de"))]
    alone = [heard(transcriber, sound) for sound in sounds]
    assert [language for language, _ in by_language([*alone[0], *alone[1]])] == ["en", "de"]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(heard_beside_another, sounds)) == alone


def test_words_begin_when_they_are_said(transcriber: Transcriber) -> None:
    """Also after a long pause, which Whisper does not hear."""
    first, second = (said(sentence) for sentence in ENGLISH[:2])
    sound = np.concatenate([silence(2), first, silence(9), second, silence(2)])
    begins_s = 100 + np.array([2.0, 11.0 + len(first) / SAMPLE_RATE])
    sentences = heard(transcriber, sound, time_s=100.0)
    assert [s.start_s for s in sentences] == pytest.approx(begins_s, abs=0.4)
    for sentence, samples, begin_s in zip(sentences, (first, second), begins_s, strict=True):
        starts = [start_s for _, start_s, _ in sentence.words]
        assert len(starts) == len(sentence.text.split())
        assert starts == sorted(starts)
        assert [sentence.text[first - 1 : first] for first, _, _ in sentence.words[1:]] == [" "] * (
            len(starts) - 1
        )
        assert starts[-1] == pytest.approx(begin_s + len(samples) / SAMPLE_RATE - 0.5, abs=0.5)


def test_music_before_speech_does_not_tell_its_language(transcriber: Transcriber) -> None:
    sound = np.concatenate([music(35.0), talk((GERMAN, "de")), noise(10.0)])
    sentences = heard(transcriber, sound)
    assert {sentence.language for sentence in sentences} == {"de"}
    assert min(sentence.start_s for sentence in sentences) == pytest.approx(35.5, abs=0.5)


@pytest.mark.parametrize(
    "sound", [silence(20), noise(20.0), music(20.0)], ids=["silence", "noise", "music"]
)
def test_where_nobody_speaks_the_model_is_not_even_loaded(sound: Mono, tmp_path: Path) -> None:
    missing = Transcriber(WHISPER_BASE, Runtime(tmp_path / "none", num_threads=1))
    assert heard(missing, sound) == []
    assert not list(tmp_path.iterdir())


def test_short_words_between_long_silences_are_heard(transcriber: Transcriber) -> None:
    words = ("Stop!", "Thank you.", "Come here.")
    parts = [part for word in words for part in (silence(6), said(word))]
    sentences = heard(transcriber, np.concatenate([*parts, silence(6)]))
    assert [s.text.strip(".!").lower() for s in sentences] == ["stop", "thank you", "come here"]
