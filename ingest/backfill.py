"""python -m ingest.backfill: fills spaces of a library that is there already; changes models."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from database.models import SpaceState
from database.opening import INGESTING, open_database
from database.server.connection import Database
from database.spaces.spaces import Spaces
from embeddings.cli import AsJson, new_app, read_settings
from embeddings.loaded import Encoders
from embeddings.registry.spaces import choose_spaces, get_profile
from embeddings.runtime import num_cores
from embeddings.space import Space
from ingest.cli import EXIT_SOME_FAILED, run
from ingest.cluster.extra import require_ray
from ingest.describe_command import DescribeCommand
from ingest.describing import DescribedLibrary
from ingest.errors import UsageError
from ingest.library.backfilling import Filled, Filler, Report
from ingest.library.embed import prove
from ingest.library.null_statistics import refresh_null_statistics
from ingest.library.spaces import activate_complete, spaces_to_fill
from ingest.library.standings import Standing, standings_of
from ingest.progress import FillDisplay
from ingest.settings import IngestSettings

app = new_app()

Names = Annotated[
    list[str] | None,
    typer.Option("--spaces", help="A space or model (python -m embeddings list); repeatable."),
]
Every = Annotated[bool, typer.Option("--all", help="All spaces that the library fills.")]
ProfileName = Annotated[str | None, typer.Option(help="The spaces of a profile.")]
Activate = Annotated[
    bool, typer.Option("--activate", help="Search them from now on, once they are complete.")
]
Rollback = Annotated[
    bool, typer.Option("--rollback", help="Search again what was searched before.")
]
Drop = Annotated[bool, typer.Option("--drop", help="Remove their vectors.")]
Queries = Annotated[
    Path | None, typer.Option(help="With --activate: labelled queries to compare both on.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what is missing, do nothing.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Moments in each space.")]
VideoIds = Annotated[
    list[int] | None, typer.Option(help="Only the video with this id; repeatable.")
]
Descriptions = Annotated[
    bool, typer.Option("--descriptions", help="Have a model describe keyframes, and search that.")
]
By = Annotated[
    str | None,
    typer.Option(
        help="With --descriptions: ollama, or the key of a vision-language space; by default "
        "INGEST_DESCRIPTIONS, or ollama."
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="host:port of the head of a Ray cluster whose machines do it, auto, or local."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@app.command()
def main(
    names: Names = None,
    every: Every = False,
    profile: ProfileName = None,
    activate: Activate = False,
    rollback: Rollback = False,
    drop: Drop = False,
    queries: Queries = None,
    dry_run: DryRun = False,
    limit: Limit = None,
    video_ids: VideoIds = None,
    descriptions: Descriptions = False,
    by: By = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Embeds what spaces lack, from stored keyframes and texts and from the videos; or describes
    keyframes that have no description.

    It can be interrupted at any time and run again, beside an ingest and beside searches. Exit
    codes: 0 all done, 1 failed, 2 usage, 3 some videos failed (each is named), 130 interrupted.
    """
    if sum((activate, rollback, drop, dry_run)) > 1:
        raise UsageError("--activate, --rollback, --drop and --dry-run exclude each other")
    _require_queries(queries, activate=activate)
    _require_all(drop or rollback or dry_run, limit, () if descriptions else video_ids or ())
    _require_fit(
        cluster, rollback or drop or dry_run or descriptions or limit is not None or bool(video_ids)
    )
    if descriptions:
        if names or profile is not None or every or activate or rollback:
            raise UsageError(
                "--descriptions goes with --by, --limit, --video-ids, --dry-run and --drop"
            )
        with _describing(video_ids or (), as_json=as_json) as (command, settings):
            if drop:
                command.drop()
            elif dry_run:
                command.tell_missing()
            else:
                command.describe(settings, by, limit, quiet=quiet)
        return
    if by is not None:
        raise UsageError("--by goes with --descriptions")
    choice = Choice(names or (), profile, every)
    with contextlib.ExitStack() as stack:
        backfill = _open(stack, as_json=as_json)
        if drop or rollback:
            backfill.take_back(choice.keys(backfill.spaces), drop=drop)
            return
        chosen = choice.spaces_here(backfill.spaces, backfill.filler.encoders)
        if activate:
            _require_one_a_slot(chosen)
        if dry_run:
            backfill.tell_missing(chosen)
            return
        fill = _on_cluster(cluster, backfill) if cluster else _here(backfill, limit, video_ids)
        filled = backfill.fill(chosen, fill, limit, video_ids or (), quiet=quiet)
        if activate:
            backfill.activate(chosen, queries)
        backfill.tell_standings(chosen)
        if filled.faults:
            raise typer.Exit(EXIT_SOME_FAILED)


Fill = Callable[[Sequence[Space], Report], Filled]
"""What fills spaces, and reports how far it is."""


@dataclass(frozen=True)
class Choice:
    """The spaces that a command line asks for, in one of three ways."""

    names: Sequence[str]
    """Keys of spaces, and names of models."""
    profile: str | None
    every: bool

    def __post_init__(self) -> None:
        if sum((bool(self.names), self.profile is not None, self.every)) != 1:
            raise UsageError("say what to fill: --spaces KEY, --profile NAME or --all")

    def spaces_here(self, library: Spaces, encoders: Encoders) -> list[Space]:
        """The spaces, whose models are all here. Raises UnknownSpace, WeightsMissing."""
        if self.profile is not None:
            chosen = list(get_profile(self.profile).spaces)
        elif self.names:
            chosen = choose_spaces(self.names, encoders.spaces)
        else:
            chosen = list(spaces_to_fill(library, encoders))
        for space in chosen:
            encoders.require_weights(space)
        return chosen

    def keys(self, library: Spaces) -> list[str]:
        """The keys of the spaces, whether or not their models are here. Raises UnknownSpace."""
        if self.profile is not None:
            return [space.key for space in get_profile(self.profile).spaces]
        if self.every:
            raise UsageError("--rollback and --drop need --spaces KEY or --profile NAME")
        stored = library.all()
        return [
            key
            for name in self.names
            for key in ([name] if name in stored else [s.key for s in choose_spaces([name])])
        ]


@dataclass(frozen=True)
class Backfill:
    """What the command does with a library, and what it prints of it."""

    filler: Filler
    settings: IngestSettings
    as_json: bool

    @property
    def spaces(self) -> Spaces:
        """The spaces of the library."""
        return self.filler.spaces

    def fill(
        self,
        chosen: Sequence[Space],
        fill: Fill,
        limit: int | None,
        video_ids: Sequence[int],
        *,
        quiet: bool,
    ) -> Filled:
        """Has `fill` embed what the chosen spaces lack, and names the videos that had a fault."""
        for video_id in video_ids:
            self.filler.library.get_video(video_id)
        self._add(chosen)
        totals = {}
        for space in chosen:
            coverage = self.spaces.coverage(space.key)
            missing = coverage.wanted - coverage.embedded
            totals[space.key] = missing if limit is None else min(limit, missing)
        with FillDisplay(Console(stderr=True), totals, quiet=quiet) as display:
            filled = fill(chosen, display.report)
        refresh_null_statistics(self.spaces, chosen, self.filler.encoders)
        self._name(filled.faults)
        activate_complete(self.spaces)
        for space in chosen:
            if self.spaces.all()[space.key].state is SpaceState.ACTIVE:
                self.spaces.index(space.key)
        return filled

    def _name(self, faults: Mapping[int, str]) -> None:
        """A line for each video that had a fault, and has not been removed meanwhile."""
        for video in self.filler.library.videos(list(faults)) if faults else ():
            typer.echo(f"{video.path}: {faults[video.id]}", err=True)

    def _add(self, chosen: Sequence[Space]) -> None:
        """Lets the chosen spaces fill: those that do not yet, only if their models compute."""
        infos = self.spaces.all()
        prove(
            self.filler.encoders,
            [
                space
                for space in chosen
                if space.key not in infos or infos[space.key].state is SpaceState.RETIRED
            ],
        )
        self.spaces.add(chosen)

    def activate(self, chosen: Sequence[Space], queries: Path | None) -> None:
        """Makes the chosen spaces those that are searched, after a comparison of both on labelled
        queries, if there are any.
        """
        if queries is not None:
            self._compare([space.key for space in chosen if space.answers_text], queries)
        self.spaces.activate(*(space.key for space in chosen))

    def take_back(self, keys: Sequence[str], *, drop: bool) -> None:
        """Removes the spaces of these keys, or searches again what was searched before them."""
        inputs = {key: info.input for key, info in self.spaces.all().items()}
        changed = list(keys)
        if drop:
            for key in keys:
                self.spaces.drop(key)
                self._tell(f"{key}: removed")
        else:
            for key, before in zip(keys, self.spaces.rollback(*keys), strict=True):
                self._tell(f"{before}: active again, instead of {key}")
                changed.append(before)
        self._print_json(standings_of(self.spaces, {key: inputs[key] for key in changed}))

    def tell_missing(self, chosen: Iterable[Space]) -> None:
        """What a run would embed, of spaces that may not be in the library yet."""
        standings = standings_of(self.spaces, {space.key: space.input for space in chosen})
        for each in standings:
            missing = each.wanted - each.embedded
            self._tell(f"{each.space}: {missing} of {each.wanted} moments would be embedded")
        self._print_json(standings)

    def tell_standings(self, chosen: Iterable[Space]) -> None:
        """How far the chosen spaces are, and what is left to do."""
        standings = standings_of(self.spaces, {space.key: space.input for space in chosen})
        for each in standings:
            line = f"{each.space}: {each.embedded} of {each.wanted} moments, {each.state}"
            if each.embedded >= each.wanted and each.state is not SpaceState.ACTIVE:
                line += "; --activate makes it the one that is searched"
            self._tell(line)
        self._print_json(standings)

    def _compare(self, keys: Sequence[str], queries: Path) -> None:
        """The evaluation with the spaces that are searched, and with these instead."""
        instead = [part for key in keys for part in ("--instead", key)]
        for title, options in (("as it is", []), ("with the new spaces", instead)):
            command = [sys.executable, "-m", "search.evaluate", str(queries), "--json", *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise UsageError(done.stderr.strip().removeprefix("error: "))
            measured: dict[str, Any] = json.loads(done.stdout)["methods"]["balanced"]["all"]
            figures = "  ".join(f"{name} {value:.2f}" for name, value in measured.items())
            typer.echo(f"{title:>20}: {figures}", err=self.as_json)

    def _tell(self, line: str) -> None:
        if not self.as_json:
            typer.echo(line)

    def _print_json(self, standings: Sequence[Standing]) -> None:
        if self.as_json:
            typer.echo(json.dumps({"spaces": [asdict(each) for each in standings]}))


def _open(stack: contextlib.ExitStack, *, as_json: bool) -> Backfill:
    """The library that the environment names, open until the end of `stack`."""
    settings = read_settings(IngestSettings)
    database = stack.enter_context(
        contextlib.closing(open_database(settings, connections=INGESTING))
    )
    return Backfill(_filler(database, settings), settings, as_json)


def _here(backfill: Backfill, limit: int | None, video_ids: Sequence[int] | None) -> Fill:
    """A backfill by this process."""
    return partial(backfill.filler.fill, limit=limit, video_ids=video_ids or ())


def _on_cluster(address: str, backfill: Backfill) -> Fill:
    """A backfill by the machines of a Ray cluster."""
    from ingest.cluster.ranges import fill_on_cluster

    def fill(chosen: Sequence[Space], report: Report) -> Filled:
        return fill_on_cluster(address, backfill.filler, chosen, backfill.settings, report)

    return fill


@contextlib.contextmanager
def _describing(
    video_ids: Sequence[int], *, as_json: bool
) -> Iterator[tuple[DescribeCommand, IngestSettings]]:
    """The same for its descriptions."""
    settings = read_settings(IngestSettings)
    with contextlib.closing(open_database(settings, connections=INGESTING)) as database:
        library = DescribedLibrary.of(database, _filler(database, settings))
        yield DescribeCommand(library, video_ids, as_json), settings


def _filler(database: Database, settings: IngestSettings) -> Filler:
    encoders = Encoders(settings.runtime(num_cores()))
    return Filler.of(database, settings, encoders)


def _require_queries(queries: Path | None, *, activate: bool) -> None:
    if queries is not None and not activate:
        raise UsageError("--queries goes with --activate")
    if queries is not None and not queries.is_file():
        raise UsageError(f"no such file of labelled queries: {queries}")


def _require_all(takes_all: bool, limit: int | None, video_ids: Sequence[int]) -> None:
    """Raises UsageError for a part of what is only removed, taken back or counted as a whole."""
    if not takes_all:
        return
    if limit is not None:
        raise UsageError("--limit does not go with --drop, --rollback or --dry-run: they take all")
    if video_ids:
        raise UsageError(
            "--video-ids does not go with --drop, --rollback or --dry-run of spaces: they take all"
        )


def _require_fit(cluster: str | None, others: bool) -> None:
    """Raises UsageError for a cluster beside other options, and ClusterUnavailable without Ray."""
    if cluster is None:
        return
    if others:
        raise UsageError("--cluster goes with --spaces, --all, --profile and --activate")
    require_ray()


def _require_one_a_slot(chosen: Sequence[Space]) -> None:
    slots = [space.slot for space in chosen]
    twice = [space.key for space in chosen if slots.count(space.slot) > 1]
    if twice:
        raise UsageError(f"only one space of a slot can be active: choose of {', '.join(twice)}")


if __name__ == "__main__":
    run(app)
