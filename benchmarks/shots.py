"""Targets 2 and 16: shot boundaries, in labelled videos and against the detectors of PySceneDetect.

The videos are not part of the project: SCENESEEK_LABELLED names a folder with a `manifest.json`,
{"files": [{"file": PATH, "shot_boundaries": [...]}]}, where a boundary is {"type": "cut", "time"}
or {"type": "gradual:KIND", "start", "end"}, in seconds. An empty list says: one shot.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from scenedetect import (
    AdaptiveDetector,
    ContentDetector,
    HashDetector,
    HistogramDetector,
    ThresholdDetector,
    detect,
)

from benchmarks.measure import Row
from ingest.scenes.detector import SceneDetector
from ingest.scenes.pixels import small_picture

FOLDER_VARIABLE = "SCENESEEK_LABELLED"
TOLERANCE_S = 0.5
"""A found cut answers a boundary that it is this near to, or to whose interval it is."""
_PEERS: tuple[type[Any], ...] = (
    AdaptiveDetector,
    ContentDetector,
    HashDetector,
    HistogramDetector,
    ThresholdDetector,
)


@dataclass(frozen=True)
class Counts:
    """Boundaries found rightly, all that were found, and all that there are."""

    hits: int = 0
    found: int = 0
    labelled: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.hits + other.hits, self.found + other.found, self.labelled + other.labelled
        )

    @property
    def precision(self) -> float:
        """The part of what was found that is right."""
        return self.hits / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The part of what there is that was found."""
        return self.hits / self.labelled if self.labelled else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.hits / (self.found + self.labelled) if self.labelled else 0.0

    def __str__(self) -> str:
        return f"F1 {self.f1:.3f}, precision {self.precision:.3f}, recall {self.recall:.3f}"


@dataclass(frozen=True)
class Result:
    """What a detector did, in one video or all."""

    counts: Counts
    num_frames: int
    taken_s: float


@dataclass(frozen=True)
class Labelled:
    """A video and the intervals in which it has a boundary; a cut is an empty interval."""

    path: Path
    boundaries: tuple[tuple[float, float], ...]


def measure(folder: Path | None) -> list[Row]:
    """Rows of targets 16 and 2; none, with a printed line, without a folder of labelled videos."""
    if folder is None or not (folder / "manifest.json").is_file():
        print(f"shots: left out, for {FOLDER_VARIABLE} names no folder with a manifest.json")
        return []
    videos = labelled_videos(folder)
    ours = [_ours(video) for video in videos]
    for video, result in zip(videos, ours, strict=True):
        counts = result.counts
        wrong = counts.found - counts.hits
        print(f"shots: {video.path.name}, {counts.hits} of {counts.labelled}, {wrong} wrong")
    total = _sum(ours)
    print(f"shots: ours, {total.counts}", flush=True)
    peers: dict[str, Result] = {}
    for peer in _PEERS:
        peers[peer.__name__] = _sum([_theirs(video, peer) for video in videos])
        print(f"shots: {peer.__name__}, {peers[peer.__name__].counts}", flush=True)
    best = max(peers, key=lambda name: peers[name].counts.f1)
    adaptive = peers[AdaptiveDetector.__name__]
    speed = total.num_frames / total.taken_s
    peer_speed = total.num_frames / adaptive.taken_s
    name = f"F1 of shot boundaries in {len(videos)} videos, against"
    what = "detecting in decoded frames, against detect() with AdaptiveDetector"
    f1 = total.counts.f1
    return [
        _row("2", what, speed, peer_speed, "frames/s", 2.0),
        _row("2", f"{name} AdaptiveDetector", f1, adaptive.counts.f1, "F1", 1.0),
        _row("16", f"{name} {best}, the best", f1, peers[best].counts.f1, "F1", 1.05),
    ]


def labelled_folder() -> Path | None:
    """The folder that the environment names, if it does."""
    name = os.environ.get(FOLDER_VARIABLE)
    return Path(name) if name else None


def labelled_videos(folder: Path) -> list[Labelled]:
    """All videos of the manifest with known boundaries."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return [
        Labelled(
            folder / entry["file"],
            tuple(
                (b["time"], b["time"]) if b["type"] == "cut" else (b["start"], b["end"])
                for b in entry["shot_boundaries"]
            ),
        )
        for entry in manifest["files"]
        if entry.get("shot_boundaries") is not None
    ]


def judge(found: Sequence[float], boundaries: Sequence[tuple[float, float]]) -> Counts:
    """Each boundary answers for one found cut at most, and each cut for one boundary.

    The boundary that ends first takes the first cut that it can: no matching has more pairs, for
    intervals that are all widened alike.
    """
    free = sorted(found)
    hits = 0
    for start, end in sorted(boundaries, key=lambda boundary: boundary[1]):
        near = [cut for cut in free if start - TOLERANCE_S <= cut <= end + TOLERANCE_S]
        if near:
            free.remove(near[0])
            hits += 1
    return Counts(hits, len(found), len(boundaries))


def _ours(video: Labelled) -> Result:
    """Fed as the decode pass does, without its splitting of long takes; decoding is not timed."""
    with av.open(str(video.path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start_s = (container.start_time or 0) / 1e6
        detector: SceneDetector | None = None
        cuts: list[float] = []
        num_frames, taken_s = 0, 0.0
        for frame in container.decode(stream):
            started = time.perf_counter()
            detector = detector or SceneDetector()
            cuts += detector.feed((frame.time or 0.0) - start_s, small_picture(frame))
            taken_s += time.perf_counter() - started
            num_frames += 1
        cuts += detector.finish() if detector is not None else []
        return Result(judge(cuts, video.boundaries), num_frames, taken_s)


def _theirs(video: Labelled, peer: type[Any]) -> Result:
    """A detector of PySceneDetect as it comes; decoding is part of it."""
    started = time.perf_counter()
    scenes = detect(str(video.path), peer())
    taken_s = time.perf_counter() - started
    found = [float(start.seconds) for start, _ in scenes[1:]]
    return Result(judge(found, video.boundaries), 0, taken_s)


def _sum(results: Sequence[Result]) -> Result:
    return Result(
        sum((result.counts for result in results), Counts()),
        sum(result.num_frames for result in results),
        sum(result.taken_s for result in results),
    )


def _row(number: str, what: str, ours: float, peer: float, unit: str, target: float) -> Row:
    return Row(number, what, ours, peer, unit, target, at_most=False)
