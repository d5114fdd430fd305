"""What is written in pictures of one video; those that show the same are read once."""

import cv2
import numpy as np

from embeddings.encoder import Image
from ingest.perception.screen_text import TextReader


def board(word: str, noise: int = 0) -> Image:
    """A grey board of which only a word at its foot is another."""
    picture = np.full((360, 640, 3), 200, np.uint8)
    cv2.putText(picture, "Timetable", (40, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 3)
    cv2.putText(picture, word, (40, 320), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
    change = np.random.default_rng(noise).integers(-noise, noise + 1, picture.shape)
    return np.clip(picture.astype(int) + change, 0, 255).astype(np.uint8)


def read(*pictures: Image) -> list[str]:
    found = TextReader(1).read(pictures, lambda _num_read: None)
    return ["" if writing is None else writing.text for writing in found]


def test_another_word_on_the_same_ground_is_read() -> None:
    texts = read(board("Monday"), board("Friday"), board("Monday"))
    assert [text.split("\n")[1] for text in texts] == ["Monday", "Friday", "Monday"]


def test_the_same_picture_with_other_noise_is_read_once() -> None:
    reader = TextReader(1)
    first = reader.read([board("Monday"), board("Monday", noise=12)], lambda _num_read: None)
    assert first[0] is first[1]
