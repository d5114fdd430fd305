"""python -m ingest.clips: cuts clips from the videos of a library: one, or a zip of many."""

import contextlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from database.errors import NotFound
from database.forms import Form, Id
from database.opening import open_database
from database.videos.read import Library, VideoInfo
from embeddings.cli import AsJson, fail, new_app, read_settings, require_folder_of
from ingest.atomic import atomically
from ingest.cli import EXIT_SOME_FAILED, run
from ingest.errors import NotClippable, UsageError, VideoUnreadable
from ingest.files.fetched import Fetched
from ingest.files.outcome import printable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.playing.clip import ClipMade, write_clip
from ingest.playing.zipped import ClipsZip, clip_name
from ingest.settings import IngestSettings

MAX_CLIPS = 10_000
_SUFFIXES = (".mp4", ".m4v", ".m4a")
_TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,7}(?:\.\d{1,9})?)", re.ASCII)

app = new_app()

Start = Annotated[str | None, typer.Argument(metavar="FROM", help="Seconds, or HH:MM:SS.")]
End = Annotated[str | None, typer.Argument(metavar="TO", help="Seconds, or HH:MM:SS.")]
VideoId = Annotated[int | None, typer.Argument(help="The video's number.", min=1)]
Out = Annotated[
    Path | None, typer.Option(help="The clip's file; by default named after the video.")
]
Zip = Annotated[
    Path | None,
    typer.Option(
        "--zip",
        help="A zip of the clips that a JSON list on stdin names: "
        '[{"video_id": 1, "start_s": 2.5, "end_s": 8, "name": "first"}].',
    ),
]
Kind = Annotated[
    Literal["exact", "fast"],
    typer.Option(help="exact: encoded anew; fast: copied, from the I-frame before on."),
]
Sound = Annotated[
    int | None,
    typer.Option(
        help="Which sound track, counted from 0; by default the first, in a zip all.", min=0
    ),
]


class Wanted(Form):
    """A clip of the list on stdin, as far as it lies within its video."""

    video_id: Id
    start_s: FiniteFloat
    end_s: FiniteFloat
    name: Annotated[str, Field(max_length=500)] | None = None


@dataclass(frozen=True)
class Done:
    """What became of a clip."""

    name: str
    video_id: int
    start_s: float
    end_s: float
    reason: str | None = None
    """Why it could not be made."""


@app.command()
def main(
    video_id: VideoId = None,
    start: Start = None,
    end: End = None,
    out: Out = None,
    zip_file: Zip = None,
    kind: Kind = "exact",
    sound: Sound = None,
    as_json: AsJson = False,
) -> None:
    """Cuts [FROM, TO) from a video, or, with --zip, many clips from the library's videos.

    Exit codes: 0 all made, 1 none, 2 usage, 3 some were not (each is named with its reason, in the
    zip, too), 130 interrupted.
    """
    one = None
    if video_id is not None and start is not None and end is not None:
        one = Wanted(video_id=video_id, start_s=_seconds(start), end_s=_seconds(end))
    sounds = None if sound is None and zip_file is not None else (sound or 0,)
    with _opened(is_exact=kind == "exact", sounds=sounds) as cutter:
        if one is not None and zip_file is None:
            done = [_write_one(cutter, one, out)]
        elif zip_file is not None and video_id is None and out is None:
            done = _write_zip(cutter, _read_list(sys.stdin.read()), zip_file)
        else:
            raise UsageError("say which clip: VIDEO_ID FROM TO; or --zip FILE, a list on stdin")
    if as_json:
        typer.echo(json.dumps({"clips": [asdict(each) for each in done]}))
    if any(each.reason for each in done):
        raise typer.Exit(EXIT_SOME_FAILED)


@dataclass(frozen=True)
class _Cutter:
    """What cuts clips from the videos of an open library."""

    library: Library
    settings: IngestSettings
    is_exact: bool
    sounds: tuple[int, ...] | None
    """Which sound tracks clips have; all of them under None."""

    def write(self, wanted: Wanted, video: VideoInfo, target: Path) -> ClipMade:
        """The file of a clip. Raises NotFound, VideoUnreadable, DiskFull."""
        start_s, end_s = max(0.0, wanted.start_s), min(wanted.end_s, video.duration_s)
        if start_s >= end_s:
            raise NotClippable(
                f"nothing lies between {wanted.start_s:.3f} and {wanted.end_s:.3f} s: the video "
                f"lasts {video.duration_s:.3f} s"
            )
        path = Fetched.of(self.settings).film(self.library, video.id)
        footage = Footage(path, video.clock, self.settings.ingest_max_pixels)
        span = (start_s, end_s, self.is_exact, self.sounds)
        isolation = Isolation.of(self.settings)
        return isolation.run(write_clip, footage, target, *span, on_progress=_nobody)


@contextlib.contextmanager
def _opened(*, is_exact: bool, sounds: tuple[int, ...] | None) -> Iterator[_Cutter]:
    """Over the library that the environment names."""
    settings = read_settings(IngestSettings)
    with contextlib.closing(open_database(settings)) as database:
        yield _Cutter(Library(database), settings, is_exact, sounds)


def _write_one(cutter: _Cutter, wanted: Wanted, out: Path | None) -> Done:
    """The clip of a command line. Raises NotFound, VideoUnreadable, DiskFull, OSError, UsageError
    where it would be taken for something else, or take another clip's place, NoFolder."""
    video = cutter.library.get_video(wanted.video_id)
    if out is None:
        out = Path(clip_name(video.title, max(0.0, wanted.start_s), wanted.end_s))
        if out.exists():
            raise UsageError(f"{out} is there already: name a file with --out")
    if out.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"clips are MP4 files: name {out.with_suffix('.mp4')}, not {out.name}")
    require_folder_of(out.absolute())
    with atomically(out.absolute()) as partial:
        made = cutter.write(wanted, video, partial)
    early_s = wanted.start_s - made.start_s
    earlier = f", begins {early_s:.2f} s earlier than asked for" if early_s > 0.01 else ""
    typer.echo(f"{printable(str(out))}: {made.end_s - made.start_s:.2f} s{earlier}", err=True)
    return Done(str(out), video.id, made.start_s, made.end_s)


def _write_zip(cutter: _Cutter, wanted: Sequence[Wanted], target: Path) -> list[Done]:
    """All clips that can be made. Raises NoFolder, DiskFull, OSError; ends the process if there are
    none."""
    done: list[Done] = []
    target = target.absolute()
    require_folder_of(target)
    with (
        tempfile.TemporaryDirectory(prefix=".clips-", dir=target.parent) as folder,
        atomically(target) as partial,
    ):
        with partial.open("wb") as file, ClipsZip(file) as clips:
            for number, each in enumerate(wanted, start=1):
                done.append(_add(cutter, each, clips, Path(folder) / "clip.mp4"))
                reason = done[-1].reason
                failed = f": failed: {reason}" if reason else ""
                line = f"{number}/{len(wanted)} {done[-1].name}{failed}"
                typer.echo(printable(" ".join(line.split())), err=True)
        if all(each.reason for each in done):
            fail("none of the clips could be made; each line above says why")
    return done


def _add(cutter: _Cutter, wanted: Wanted, clips: ClipsZip, path: Path) -> Done:
    """A clip in the zip, or its reason there."""
    name = wanted.name or f"video {wanted.video_id}"
    try:
        video = cutter.library.get_video(wanted.video_id)
        name = wanted.name or clip_name(video.title, max(0.0, wanted.start_s), wanted.end_s)
        made = cutter.write(wanted, video, path)
        return Done(clips.add(name, path), video.id, made.start_s, made.end_s)
    except (NotFound, VideoUnreadable) as error:
        clips.leave_out(name, str(error))
        return Done(name, wanted.video_id, wanted.start_s, wanted.end_s, str(error))
    finally:
        path.unlink(missing_ok=True)


def _read_list(text: str) -> list[Wanted]:
    """The clips that a JSON list names. Raises UsageError."""
    try:
        wanted = TypeAdapter(list[Wanted]).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"the list on stdin cannot be read: {where} {first['msg']}") from None
    if not 0 < len(wanted) <= MAX_CLIPS:
        raise UsageError(f"the list on stdin is to name 1 to {MAX_CLIPS:,} clips")
    return wanted


def _seconds(text: str) -> float:
    """Seconds, or HH:MM:SS. Raises UsageError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise UsageError(f"{text[:40]!r} is no time: write seconds, or HH:MM:SS")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def _nobody(_part: float) -> None:
    """Takes progress: of one clip after the other, a line is told."""


if __name__ == "__main__":
    run(app)
