"""Where scenes begin and end, from small frames, while the video is being decoded."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scenedetect import ContentDetector, FrameTimecode
from scenedetect.common import Timecode

from ingest.scenes.gradual import MIN_SHOT_S, CutDetector, GradualDetector, thumbnail

MIN_SCENE_S = MIN_SHOT_S
MAX_SCENE_S = 30.0
"""A take that reaches this length is split; its pieces are at least half as long."""
_GRADUAL_APART_S = 0.5
"""A cut that was found this near to a gradual transition stands for it."""


class SceneDetector:
    """Cuts, dissolves, wipes and fades, each at one time.

    Feed frames in order; cuts are told as soon as they are certain, gradual transitions some
    seconds later, and the rest at the end. With `sparse` frames, seconds apart, any two
    neighbours that differ much have a cut between them (ContentDetector).
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction, *, sparse: bool = False) -> None:
        self._time_base = time_base
        self._frame_rate = frame_rate
        self._sparse = ContentDetector(min_scene_len=MIN_SCENE_S) if sparse else None
        self._cuts = CutDetector()
        self._gradual = GradualDetector()
        self._last_cut_s = float("-inf")

    def feed(self, pts: int, image: npt.NDArray[np.uint8]) -> list[float]:
        """A small BGR frame [h, w, 3] at `pts`; the times of cuts known by now, in seconds of
        the stream's own clock."""
        if self._sparse is not None:
            timecode = FrameTimecode(Timecode(pts, self._time_base), fps=self._frame_rate)
            cuts = self._sparse.process_frame(timecode, image)
            return self._far_enough([float(cut.seconds) for cut in cuts], MIN_SCENE_S)
        time_s, picture = float(pts * self._time_base), thumbnail(image)
        certain = self._tell(self._cuts.feed(time_s, picture))
        return certain + self._far_enough(self._gradual.feed(time_s, picture), _GRADUAL_APART_S)

    def finish(self) -> list[float]:
        """The cuts that are certain only because no frame follows."""
        if self._sparse is not None:
            return []
        certain = self._tell(self._cuts.finish())
        return certain + self._far_enough(self._gradual.finish(), _GRADUAL_APART_S)

    def _tell(self, cuts: list[float]) -> list[float]:
        """These hard cuts, after the transitions that they end."""
        certain = []
        for cut in cuts:
            certain += self._far_enough(self._gradual.cut_at(cut), _GRADUAL_APART_S)
            certain += self._far_enough([cut], MIN_SCENE_S)
        return certain

    def _far_enough(self, cuts: list[float], apart_s: float) -> list[float]:
        """Those that leave a scene of `apart_s` since the cut before."""
        certain = []
        for cut in cuts:
            if cut - self._last_cut_s >= apart_s:
                self._last_cut_s = cut
                certain.append(cut)
        return certain


def equal_parts(start_s: float, end_s: float, longest_s: float) -> list[tuple[float, float]]:
    """[start_s, end_s) in equal parts of at most `longest_s`."""
    pieces = max(1, int(np.ceil((end_s - start_s) / longest_s)))
    edges = np.linspace(start_s, end_s, pieces + 1).tolist()
    return list(pairwise(edges))


def scenes_at_pauses(
    duration_s: float, speech: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Scenes for a recording without pictures: cut in the longest pauses, so that none is longer
    than MAX_SCENE_S unless somebody speaks longer without one."""
    scenes: list[tuple[float, float]] = []
    start_s = 0.0
    while duration_s - start_s > MAX_SCENE_S:
        pauses = [
            (later[0] - earlier[1], (earlier[1] + later[0]) / 2)
            for earlier, later in pairwise(speech)
        ]
        allowed = [p for p in pauses if start_s + MAX_SCENE_S / 4 < p[1] <= start_s + MAX_SCENE_S]
        cut_s = max(allowed)[1] if allowed else start_s + MAX_SCENE_S
        scenes.append((start_s, cut_s))
        start_s = cut_s
    scenes.append((start_s, duration_s))
    return scenes


def scene_of(scenes: list[tuple[float, float]], start_s: float, end_s: float) -> int:
    """The scene that [start_s, end_s) overlaps most; the nearest one if it overlaps none."""

    def overlap(index: int) -> float:
        scene = scenes[index]
        return min(end_s, scene[1]) - max(start_s, scene[0])

    return max(range(len(scenes)), key=lambda index: (overlap(index), -index))
