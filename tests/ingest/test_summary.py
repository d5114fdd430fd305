"""What a person reads of a run: each outcome that is news, and numbers of the rest."""

from collections.abc import Sequence

import pytest
from rich.console import Console

from ingest.files.discover import LINKED_FOLDER, RUBBISH_FOLDER, SUBTITLES_OF
from ingest.files.ledger import Ledger
from ingest.files.outcome import Outcome, OutcomeStatus
from ingest.summary import print_summary


def summary(outcomes: Sequence[Outcome], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines, with single spaces."""
    with Ledger() as ledger:
        for number, outcome in enumerate(outcomes):
            ledger.enter(number, outcome)
        print_summary(Console(width=200), ledger)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def unchanged(count: int) -> list[Outcome]:
    return [Outcome(f"{number}.mp4", OutcomeStatus.UNCHANGED) for number in range(count)]


def test_notes_stand_after_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    notes = ["two recordings follow each other", "[3] stamps replaced"]
    _, done, partial = summary(
        [
            Outcome("a.ts", OutcomeStatus.DONE, None, 2, 4, 1.0, notes),
            Outcome("b.ts", OutcomeStatus.PARTIAL, "only 2 s", 1, 1, 1.0, notes[:1]),
        ],
        capsys,
    )
    assert done == (
        "done a.ts 2 4 1.0 note: two recordings follow each other; note: [3] stamps replaced"
    )
    assert partial == "partial b.ts 1 1 1.0 only 2 s; note: two recordings follow each other"


def test_few_unchanged_files_are_listed_and_many_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(summary(unchanged(3), capsys)) == 4
    failed = Outcome("z.mp4", OutcomeStatus.FAILED, "damaged")
    header, row, count = summary([*unchanged(20_000), failed], capsys)
    assert header == "status file scenes moments seconds reason"
    assert row == "failed z.mp4 0 0 0.0 damaged"
    assert count == "unchanged: 20000 files (--json lists them)"


def test_every_fault_is_listed_however_many_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [Outcome(f"{n}.mp4", OutcomeStatus.FAILED, f"damage {n}") for n in range(2500)]
    lines = summary(faults, capsys)
    assert [line.rpartition(" ")[2] for line in lines[1:]] == [str(n) for n in range(2500)]


def test_links_to_folders_are_named_and_what_is_no_recording_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    skipped = OutcomeStatus.SKIPPED
    _, link, files, folders = summary(
        [
            Outcome("/v/archive", skipped, LINKED_FOLDER),
            Outcome("/v/@eaDir", skipped, RUBBISH_FOLDER),
            Outcome("/v/tour/@eaDir", skipped, RUBBISH_FOLDER),
            Outcome("/v/#recycle", skipped, RUBBISH_FOLDER),
            Outcome("/v/photo.jpg", skipped, "a still image (JPEG), not a recording"),
        ],
        capsys,
    )
    assert link == f"skipped /v/archive 0 0 0.0 {LINKED_FOLDER}"
    assert files == "skipped: 1 file that is no recording (--json lists them)"
    assert folders == (
        "skipped: 3 folders that file servers and systems keep for themselves: @eaDir, #recycle "
        "(--json lists them; name one to ingest what is in it)"
    )
    *_, folder = summary([Outcome("/v/@eaDir", skipped, RUBBISH_FOLDER)], capsys)
    assert folder == (
        "skipped: 1 folder that a file server or system keeps for itself: @eaDir (--json lists it; "
        "name it to ingest what is in it)"
    )


def test_subtitles_that_were_read_with_a_video_are_counted_as_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reason = f"{SUBTITLES_OF} film.mp4"
    read = [Outcome(f"film.{n}.srt", OutcomeStatus.SKIPPED, reason) for n in range(2)]
    assert summary(read, capsys)[1:] == [
        "skipped: 2 files of subtitles, read with their videos (--json lists them)"
    ]
