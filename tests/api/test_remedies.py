"""What the page says to do about files that were not read as a whole."""

import pytest

from api.views.remedies import remedies
from database.models import FileStatus
from ingest.files.found import EMPTY
from ingest.media.damage import COPY_AGAIN
from ingest.media.formats import ENCRYPTED, NO_DECODER

SOUND = f"the sound cannot be decoded: {NO_DECODER}"
CUT_OFF = "only 2.4 s of 5.0 s could be decoded"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (SOUND, ["Convert it"]),
        (f"the pictures cannot be decoded: {ENCRYPTED}; {SOUND}", ["Convert it", "encrypted"]),
        (CUT_OFF, ["Copy it again"]),
        ("needs more than … MB of memory to decode", ["INGEST_DECODE_MEMORY_MB"]),
        (
            "is damaged, or needs more memory to open than is allowed",
            ["Copy it again", "INGEST_DECODE_MEMORY_MB"],
        ),
        (EMPTY, ["in its place"]),
        ("not a video or audio file", ["Rename or remove it"]),
    ],
)
def test_what_to_do_fits_the_fault(reason: str, words: list[str]) -> None:
    told = remedies(FileStatus.PARTIAL, reason)
    assert len(told) == len(words)
    assert all(word in remedy for word, remedy in zip(words, told, strict=True))


@pytest.mark.parametrize(
    "reason",
    [
        f"{SOUND}; convert it to MP4 (H.264, AAC)",
        f"{CUT_OFF}: it was cut off, or its header is wrong; {COPY_AGAIN}",
        "the pictures before 3.0 s could not be decoded: the recording begins in the middle of "
        "pictures that need those before them",
        "a link that leaves the folder; name it to ingest what it leads to",
    ],
)
def test_a_reason_that_says_what_to_do_stands_alone(reason: str) -> None:
    assert remedies(FileStatus.FAILED, reason) == ()


def test_nothing_is_to_be_done_about_what_is_no_recording() -> None:
    assert remedies(FileStatus.SKIPPED, "not a video or audio file") == ()
