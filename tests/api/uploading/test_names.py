"""Whatever a client calls a file, it is kept under a name that is one."""

from itertools import islice

import pytest
from starlette.exceptions import HTTPException

from api.uploading.names import MAX_NAME_BYTES, named_in, numbered, safe_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("tour.mp4", "tour.mp4"),
        ("Übung 1 – Bohren.MP4", "Übung 1 – Bohren.MP4"),
        ("../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\films\\tour.mp4", "tour.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("..", "upload"),
        ("", "upload"),
        ("folder/", "upload"),
        (".mp4", "mp4"),
        ("a\x00b\nc\x1b[31m.mp4", "abc[31m.mp4"),
        ("film\u202e4pm.exe", "film4pm.exe"),
        ("u\u0308.mp4", "ü.mp4"),
        ("half \ud800.mp4", "half.mp4"),
        (" tour.mp4. ", "tour.mp4"),
        ('a*?<>|".mp4', "a______.mp4"),
        ("a.mp4:stream", "a.mp4_stream"),
        ("\u200d\u200b\xad.mp4", "upload.mp4"),
        ("\u0301\u0301.mp4", "upload.mp4"),
        ("👩\u200d🎓.mp4", "👩\u200d🎓.mp4"),
        ("می\u200cخواهم.mp4", "می\u200cخواهم.mp4"),
    ],
)
def test_a_name_is_no_path_not_hidden_and_looks_as_it_is(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("letter", ["x", "ü", "片"])
def test_a_long_name_keeps_its_suffix(letter: str) -> None:
    name = safe_name(letter * 300 + ".mp4")
    assert name.endswith(f"{letter}.mp4")
    assert MAX_NAME_BYTES - 3 < len(name.encode()) <= MAX_NAME_BYTES
    assert len(safe_name("film." + "x" * 300).encode()) == MAX_NAME_BYTES


def test_a_name_that_is_taken_has_a_number() -> None:
    assert list(islice(numbered("a.b.mp4"), 3)) == ["a.b.mp4", "a.b (2).mp4", "a.b (3).mp4"]
    assert list(islice(numbered("film"), 2)) == ["film", "film (2)"]


@pytest.mark.parametrize(
    "metadata", ["filename dG91ci5tcDQ=", "type dg==,filename dG91ci5tcDQ=, x", "name dG91ci5tcDQ="]
)
def test_the_name_is_in_the_metadata(metadata: str) -> None:
    assert named_in(metadata) == "tour.mp4"


@pytest.mark.parametrize("metadata", ["", "filename", "filename a.mp4", "filename /w==", "x eA=="])
def test_metadata_without_a_name_is_refused(metadata: str) -> None:
    with pytest.raises(HTTPException, match="filename BASE64") as refused:
        named_in(metadata)
    assert refused.value.status_code == 422
