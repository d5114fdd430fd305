"""The boundaries of scenes, found in small frames while a video is being decoded."""

from fractions import Fraction

import cv2
from scenedetect import ContentDetector, FrameTimecode
from scenedetect.common import Timecode

from ingest.scenes.cuts import CutDetector
from ingest.scenes.gradual import GradualDetector, is_other_picture
from ingest.scenes.stillness import Stillness
from ingest.scenes.thumbnails import MIN_SHOT_S, Picture, thumbnail

_US = Fraction(1, 1_000_000)
_ANY_RATE = Fraction(25)
"""Of frames that carry their times; it is asked for, and decides nothing."""
_GRADUAL_APART_S = 0.5
"""A cut that was found this near to a gradual transition stands for it."""
_SLIDE_APART_S = 1.0
"""A change of slides this near to another boundary is the same."""
_AGAIN_S = 0.08
_AGAIN_TIMES = 7
"""A held picture counts as shown again so often just after it came and just before the next one:
for as long as a gradual transition must be calm at its ends."""
_SLIDE_S = 4.0
"""Within less a camera may have moved: a cut is none unless it leads to quite another picture. Of
real films seen every 2 s, 36 of 100 steps within a shot would be cuts otherwise, so 8 are."""


class SceneDetector:
    """Cuts, dissolves, wipes and fades, each at one time in seconds of the recording.

    Frames are fed in order; cuts are told as soon as they are certain, gradual transitions some
    seconds later, and the rest at the end. With `sparse` frames, seconds apart, any two
    neighbours that differ much have a cut between them (ContentDetector of PySceneDetect).
    """

    def __init__(self, *, sparse: bool = False) -> None:
        self._sparse = ContentDetector(min_scene_len=MIN_SHOT_S) if sparse else None
        self._sparse_size: tuple[int, int] | None = None
        """(width, height) of the first picture: pictures may change their size on the way."""
        self._cuts = CutDetector()
        self._gradual = GradualDetector()
        self.stillness = Stillness()
        self._last_cut_s = float("-inf")
        self._last: tuple[float, Picture] | None = None
        self._held: tuple[float, Picture] | None = None
        self._slide_s = float("-inf")
        """When a slide took the place of another."""
        self._no_cut_s = float("nan")
        """The time of a step that is none, whatever it looks like."""

    def feed(self, time_s: float, image: Picture) -> list[float]:
        """Takes the next frame, small; the boundaries that it makes certain."""
        picture = thumbnail(image)
        self._last = time_s, picture
        self.stillness.feed(time_s, picture)
        if self._sparse is not None:
            timecode = FrameTimecode(Timecode(round(time_s * 1e6), _US), fps=_ANY_RATE)
            self._sparse_size = self._sparse_size or (image.shape[1], image.shape[0])
            cuts = self._sparse.process_frame(timecode, cv2.resize(image, self._sparse_size))
            return self._far_enough([float(cut.seconds) for cut in cuts], MIN_SHOT_S)
        held, self._held = self._held, None
        if held and time_s - held[0] < _SLIDE_S and not is_other_picture(held[1], picture):
            self._no_cut_s = time_s
        return self._take(time_s, picture)

    def hold(self, until_s: float) -> list[float]:
        """Told that the last frame is shown until then; the boundaries that this makes certain.
        Between sparse frames nobody knows what is shown.
        """
        if self._last is None:
            return []
        since_s, picture = self._held = self._last
        self.stillness.feed(until_s, picture)
        again = [_AGAIN_S * number for number in range(1, _AGAIN_TIMES + 1)]
        times = [since_s + later_s for later_s in again]
        before = [until_s - earlier_s for earlier_s in reversed(again)]
        times += [time_s for time_s in before if time_s > times[-1]]
        return [cut for time_s in times for cut in self._take(time_s, picture)]

    def slide_at(self, time_s: float) -> list[float]:
        """Told that a slide took the place of another, shortly before the last frame: a boundary,
        unless it is one already.
        """
        self._slide_s = time_s
        certain = self._far_enough(self._gradual.cut_at(time_s), _GRADUAL_APART_S)
        return certain + self._far_enough([time_s], _SLIDE_APART_S)

    def finish(self) -> list[float]:
        """The boundaries that are certain only because no frame follows."""
        if self._sparse is not None:
            return []
        certain = self._tell(self._cuts.finish())
        return certain + self._far_enough(self._gradual.finish(), _GRADUAL_APART_S)

    def _take(self, time_s: float, picture: Picture) -> list[float]:
        certain = self._tell(self._cuts.feed(time_s, picture))
        gradual = [
            middle_s
            for middle_s in self._gradual.feed(time_s, picture)
            if middle_s - self._slide_s >= _SLIDE_APART_S
        ]
        return certain + self._far_enough(gradual, _GRADUAL_APART_S)

    def _tell(self, cuts: list[float]) -> list[float]:
        """Hard cuts, each after the transition that it interrupts."""
        certain = []
        for cut in cuts:
            if cut == self._no_cut_s:
                continue
            certain += self._far_enough(self._gradual.cut_at(cut), _GRADUAL_APART_S)
            certain += self._far_enough([cut], MIN_SHOT_S)
        return certain

    def _far_enough(self, cuts: list[float], apart_s: float) -> list[float]:
        """Those of these times that are `apart_s` or more after the boundary before."""
        certain = []
        for cut in cuts:
            if cut - self._last_cut_s >= apart_s:
                self._last_cut_s = cut
                certain.append(cut)
        return certain
