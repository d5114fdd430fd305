"""Two hosts with one library: whatever becomes of their files, nothing is lost, nothing is doubled,
and neither touches what is the other's."""

import hashlib
import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from database.check import find_faults
from database.tags import Tags
from ingest.settings import IngestSettings
from tests.helpers.hosts import Host, host, pretend_keyframes, write
from tests.helpers.sql import rows

NAMES = [f"{folder}{name}.mp4" for folder in ("", "one/", "two/") for name in "abc"]
STEPS = 200
CONTENTS = [f"film {number}" for number in range(14)]
_SNAPSHOT = """
    SELECT file.origin, path, content_hash, file.missing_since IS NOT NULL, file.tags,
        ARRAY(SELECT name FROM tag WHERE video_id = video.id ORDER BY name)
    FROM file LEFT JOIN video ON video.id = video_id"""
_VIDEOS = """
    SELECT content_hash, id, missing_since IS NOT NULL, title,
        ARRAY(SELECT name FROM tag WHERE video_id = video.id ORDER BY name) FROM video"""
Place = tuple[str, str]
"""(origin, path)."""


@pytest.fixture
def hosts(settings: IngestSettings, tmp_path: Path) -> Iterator[list[Host]]:
    with ExitStack() as opened:
        yield [opened.enter_context(host(name, settings, tmp_path / name)) for name in ("x", "y")]


@pytest.fixture(autouse=True)
def _pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_keyframes(monkeypatch)


@dataclass(frozen=True)
class State:
    """What the library holds."""

    content: dict[Place, str | None]
    """Of each file, the hash of its video's content."""
    missing: set[Place]
    handed_on: dict[Place, list[str]]
    """The tags that a new content of each file is given."""
    ids: dict[str, int]
    missing_videos: set[str]
    titles: dict[str, str]
    tags: dict[str, list[str]]

    @classmethod
    def of(cls, own: Host) -> "State":
        """All that hosts have told."""
        files: list[Any] = rows(own.database, _SNAPSHOT)
        videos: list[Any] = rows(own.database, _VIDEOS)
        return cls(
            content={(origin, path): content for origin, path, content, *_ in files},
            missing={(row[0], row[1]) for row in files if row[3]},
            handed_on={(row[0], row[1]): row[4] if row[2] is None else row[5] for row in files},
            ids={content: number for content, number, *_ in videos},
            missing_videos={row[0] for row in videos if row[2]},
            titles={row[0]: row[3] for row in videos},
            tags={row[0]: row[4] for row in videos},
        )


@dataclass
class World:
    """The disks of two hosts, a folder that each has under the same name, and what must hold."""

    folder: Path
    hosts: list[Host]
    random: random.Random
    trash: list[Path] = field(default_factory=list)

    @property
    def shared(self) -> Path:
        """Where each host has a disk of its own."""
        return self.folder / "disk"

    def disks(self, own: Host) -> list[Path]:
        """The folders of a host, the one that is not always at its place last."""
        return [self.folder / f"of-{own.name}", self.folder / f"disk-of-{own.name}"]

    @contextmanager
    def mounted(self, own: Host) -> Iterator[None]:
        """While a host sees its disk under the shared name."""
        real = self.disks(own)[1]
        real.mkdir(exist_ok=True)
        real.rename(self.shared)
        try:
            yield
        finally:
            self.shared.rename(real)

    def files(self, own: Host | None = None) -> list[Path]:
        """All files of a host, or of both."""
        owners = self.hosts if own is None else [own]
        folders = [folder for each in owners for folder in self.disks(each)]
        return sorted(p for f in folders for p in f.rglob("*.mp4"))

    def place(self) -> Path:
        """Somewhere."""
        own = self.random.choice(self.hosts)
        return self.random.choice(self.disks(own)) / self.random.choice(NAMES)

    def change(self) -> None:
        """Something that people do to files and tags."""
        acts: list[Callable[[], None]] = [
            *(self.make, self.make, self.copy, self.move, self.move, self.swap, self.swap),
            *(self.spoil, self.delete, self.restore, self.empty_a_folder, self.tag, self.tag),
        ]
        self.random.choice(acts)()

    def make(self) -> None:
        write(self.place(), self.random.choice(CONTENTS))

    def copy(self) -> None:
        if files := self.files():
            target = self.place()
            write(target, self.random.choice(files).read_text())

    def move(self) -> None:
        if files := self.files():
            target = self.place()
            target.parent.mkdir(parents=True, exist_ok=True)
            self.random.choice(files).rename(target)

    def swap(self) -> None:
        files = self.files()
        if len(files) > 1:
            first, second = self.random.sample(files, 2)
            aside = first.rename(self.folder / "aside")
            second.rename(first)
            aside.rename(second)

    def spoil(self) -> None:
        if files := self.files():
            write(self.random.choice(files), self.random.choice(["broken", "broken film", ""]))

    def delete(self) -> None:
        if files := self.files():
            self.trash.append(self.random.choice(files).rename(self.folder / f"t{len(self.trash)}"))

    def restore(self) -> None:
        if self.trash:
            target = self.place()
            target.parent.mkdir(parents=True, exist_ok=True)
            self.trash.pop().rename(target)

    def empty_a_folder(self) -> None:
        own = self.random.choice(self.hosts)
        folder = self.random.choice(self.disks(own)) / self.random.choice(["one", "two"])
        shutil.rmtree(folder, ignore_errors=True)
        if self.random.random() < 0.5:
            folder.mkdir(parents=True)

    def tag(self) -> None:
        ids = State.of(self.hosts[0]).ids
        if ids:
            names = self.random.sample(["rail", "sea", "sky", "town"], self.random.randint(0, 2))
            Tags(self.hosts[0].database).put(self.random.choice(sorted(ids.values())), names)

    def ingest(self) -> None:
        """Ingests by one host, or by both at once, and looks at what has come of it."""
        jobs = self.random.choice([1, 2])
        forgets = self.random.random() < 0.25
        if self.random.random() < 0.3:
            self.ingest_by_both(jobs)
        else:
            self.ingest_by(self.random.choice(self.hosts), jobs, forgets=forgets)

    def ingest_by(self, own: Host, jobs: int, *, forgets: bool = False) -> None:
        """By one host, all that it sees."""
        before = State.of(own)
        with self.mounted(own):
            roots = [self.disks(own)[0], self.shared]
            roots[0].mkdir(exist_ok=True)
            grace = timedelta() if forgets else None
            outcomes, _settled = own.ingest(*roots, jobs=jobs, grace=grace)
            self.check([(own, roots)], before)
        reasons = {outcome.reason or "" for outcome in outcomes if outcome.is_fault}
        assert all(reason.startswith(("damaged", "the file is empty")) for reason in reasons)

    def ingest_by_both(self, jobs: int) -> None:
        """At once, without the folders of which the other has one of the same name."""
        before = State.of(self.hosts[0])
        seen = [(own, [self.disks(own)[0]]) for own in self.hosts]
        for _own, (root,) in seen:
            root.mkdir(exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: each[0].ingest(*each[1], jobs=jobs), seen))
        self.check(seen, before)

    def check(self, seen: list[tuple[Host, list[Path]]], before: State) -> None:
        """The library is what the files are that were just seen, and else as it was."""
        after = State.of(seen[0][0])
        new_places: dict[str, list[Place]] = defaultdict(list)
        for own, roots in seen:
            expected = {
                (own.origin, str(path)): content_of(path)
                for root in roots
                for path in root.rglob("*.mp4")
            }
            for place, content in expected.items():
                assert after.content[place] == content, place
                assert place not in after.missing
                if content is not None:
                    new_places[content].append(place)
            gone = {
                place
                for place in after.content.keys() - expected.keys()
                if place[0] == own.origin and any(Path(place[1]).is_relative_to(r) for r in roots)
            }
            assert gone <= after.missing
        origins = {own.origin for own, _roots in seen}
        for place in before.content:
            if place[0] not in origins:
                assert after.content[place] == before.content[place], place
                assert (place in after.missing) == (place in before.missing)
        self.check_videos(before, after, new_places)

    def check_videos(self, before: State, after: State, new_places: dict[str, list[Place]]) -> None:
        """Each content has one video, with the id and the tags that it has had."""
        leading = {content for content in after.content.values() if content is not None}
        assert after.ids.keys() == leading
        there = {after.content[place] for place in after.content.keys() - after.missing}
        assert after.missing_videos == leading - there
        for content, tags in after.tags.items():
            inherited = [before.handed_on.get(place, []) for place in new_places[content]]
            stays = before.ids.get(content) == after.ids[content]
            assert stays or content not in before.ids, content
            assert tags in ([before.tags[content]] if stays else inherited), content
            names = {Path(p).stem for o, p in after.content if after.content[o, p] == content}
            assert after.titles[content] in names


def content_of(path: Path) -> str | None:
    """The hash of a file that can be read."""
    text = path.read_bytes()
    if text == b"" or text.startswith(b"broken"):
        return None
    return hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_becomes_of_files_nothing_is_lost_or_doubled(
    seed: int, hosts: list[Host], tmp_path: Path
) -> None:
    world = World(tmp_path, hosts, random.Random(seed))
    for _ in range(STEPS):
        for _ in range(world.random.randint(1, 4)):
            world.change()
        world.ingest()
    for own in hosts * 2:
        world.ingest_by(own, jobs=2)
    for own in hosts:
        with world.mounted(own):
            assert find_faults(own.database, own.settings.keyframes_dir) == []


def test_files_that_swap_names_in_two_lanes_keep_ids_tags_and_names(
    hosts: list[Host], tmp_path: Path
) -> None:
    own = hosts[0]
    films = tmp_path / "films"
    first, second = (write(films / f"{name}.mp4", name) for name in ("rail", "sea"))
    own.ingest(films)
    before = State.of(own)
    for content, number in before.ids.items():
        Tags(own.database).put(number, [content[:4]])
    for _ in range(50):
        aside = first.rename(tmp_path / "aside")
        second.rename(first)
        aside.rename(second)
        outcomes, _settled = own.ingest(films, jobs=2)
        assert [(each.status.value, each.reason) for each in outcomes] == [("unchanged", None)] * 2
        after = State.of(own)
        assert after.ids == before.ids
        assert after.tags == {content: [content[:4]] for content in before.ids}
        for path in (first, second):
            shown = content_of(path)
            assert shown is not None
            assert after.content[own.origin, str(path)] == shown
            assert after.titles[shown] == path.stem


def test_two_files_that_are_replaced_at_once_leave_no_orphan(
    hosts: list[Host], tmp_path: Path
) -> None:
    own = hosts[0]
    for number in range(50):
        for name in ("a", "b"):
            write(tmp_path / "films" / f"{name}.mp4", f"the same twice {number}")
        own.ingest(tmp_path / "films", jobs=2)
        for name in ("a", "b"):
            write(tmp_path / "films" / f"{name}.mp4", f"{name} {number}")
        outcomes, _settled = own.ingest(tmp_path / "films", jobs=2)
        assert [each.status.value for each in outcomes] == ["done", "done"]
        assert len(State.of(own).ids) == 2
    assert find_faults(own.database, own.settings.keyframes_dir) == []


def test_a_content_of_another_host_is_taken_up_with_keyframes_of_ones_own(
    hosts: list[Host], tmp_path: Path
) -> None:
    x, y = hosts
    write(tmp_path / "of-x" / "a.mp4", "film")
    shutil.copytree(tmp_path / "of-x", tmp_path / "of-y")
    x.ingest(tmp_path / "of-x")
    y.ingest(tmp_path / "of-y")
    made = [list(own.settings.keyframes_dir.rglob("*.jpg")) for own in hosts]
    assert [len(images) for images in made] == [1, 1]
    assert len(State.of(x).ids) == 1


def test_what_another_host_has_under_the_same_path_is_not_judged(
    hosts: list[Host], tmp_path: Path
) -> None:
    x, y = hosts
    path = write(tmp_path / "disk" / "a.mp4", "film of x")
    x.ingest(tmp_path / "disk")
    write(path, "film of y")
    _outcomes, settled = y.ingest(tmp_path / "disk", grace=timedelta())
    path.unlink()
    _outcomes, settled = y.ingest(tmp_path / "disk", grace=timedelta())
    assert settled.num_missing == 1  # that of y
    state = State.of(x)
    assert state.missing == {(y.origin, str(path))}
    assert (x.origin, str(path)) in state.content
    assert len(state.ids) == 2
