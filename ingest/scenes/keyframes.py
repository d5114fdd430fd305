"""Keyframes: the stills that represent a scene, one to five, sharp, different from each other; of
pictures that are held, each.
"""

from dataclasses import dataclass, replace

import av
import cv2
import numpy as np
import numpy.typing as npt

from ingest.scenes.picture import reduced, shown, size_within
from ingest.scenes.thumbnails import is_same

MAX_KEYFRAMES = 5
MAX_SIDE_PX = 1280
JPEG_QUALITY = 88
_MAX_CANDIDATES = 12
_FIRST_STEP_S = 0.2
_RECENT_S, _RECENT_STEP_S = 2.4, 0.4
_EDGE_S = 0.12
"""Frames nearer to a cut are taken only if there is nothing else: they are often blurred."""
_MIN_DIFFERENCE = 9.0
"""Mean difference, of 255, from every keyframe chosen already."""
_SECONDS_PER_KEYFRAME = 2.5
_FLAT = 4.0
"""Standard deviation, of 255, under which a picture shows nothing."""


@dataclass(frozen=True)
class Candidate:
    """A decoded frame that may become a keyframe; its pixels are still in the decoder's format,
    unless they are very many."""

    time_s: float
    frame: av.VideoFrame
    small: npt.NDArray[np.float32]
    """Grey float32 [18, 32], in [0, 255]."""
    sharpness: float
    """Standard deviation of the Laplacian of the frame's small picture."""
    held_until_s: float | None = None
    """The end of a picture that is held: shown alone from `time_s` on. None for one of many."""

    @property
    def held_s(self) -> float:
        """For how long the picture is shown alone; 0 for one of many."""
        return 0.0 if self.held_until_s is None else self.held_until_s - self.time_s

    @classmethod
    def of(
        cls,
        time_s: float,
        frame: av.VideoFrame,
        image: npt.NDArray[np.uint8],
        held_until_s: float | None = None,
    ) -> "Candidate":
        """A frame with its small picture, BGR uint8 [h, w, 3]."""
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
        sharpness = float(cv2.Laplacian(grey, cv2.CV_16S).std())
        return cls(time_s, reduced(frame, MAX_SIDE_PX), small, sharpness, held_until_s)


def difference_hash(small: npt.NDArray[np.float32]) -> int | None:
    """The difference hash of a grey picture, float32 [h, w], in 64 bits (as a signed integer):
    whether each of 8 by 8 places is brighter than the one to its right (Krawetz, "Kind of Like
    That", 2013). None for a flat picture, whose bits would be chance.
    """
    if float(small.std()) < _FLAT:
        return None
    places = cv2.resize(small, (9, 8), interpolation=cv2.INTER_AREA)
    bits = np.packbits(places[:, :-1] > places[:, 1:])
    return int.from_bytes(bits.tobytes(), "big", signed=True)


class KeyframeCollector:
    """The candidates of the open scene: a dozen, evenly spread however long it grows, a few of the
    last seconds, for a gradual transition is known only when it is long over, and those held.
    """

    def __init__(self) -> None:
        self._candidates: list[Candidate] = []
        self._recent: list[Candidate] = []
        self._held: list[Candidate] = []
        self._held_image = np.zeros((1, 1, 3), np.uint8)
        """The small picture of the last of them."""
        self._last: tuple[float, av.VideoFrame, npt.NDArray[np.uint8]] | None = None
        self._step_s = _FIRST_STEP_S

    def offer(self, time_s: float, frame: av.VideoFrame, image: npt.NDArray[np.uint8]) -> None:
        """Takes the next frame of the open scene, with its small picture, BGR uint8 [h, w, 3]."""
        self._last = time_s, frame, image
        spread = _is_due(self._candidates, time_s, self._step_s)
        recent = _is_due(self._recent, time_s, _RECENT_STEP_S)
        if not (spread or recent):
            return
        candidate = Candidate.of(time_s, frame, image)
        if recent:
            kept = [c for c in self._recent if time_s - c.time_s < _RECENT_S]
            self._recent = [*kept, candidate]
        if spread:
            self._candidates.append(candidate)
            if len(self._candidates) > _MAX_CANDIDATES:
                self._candidates = self._candidates[::2]
                self._step_s *= 2

    def hold(self, until_s: float) -> None:
        """Told that the last frame is shown until then, which makes it a keyframe, unless it shows
        nothing, or the same as the one that was held before.
        """
        if self._last is None:
            return
        time_s, frame, image = self._last
        if self._held and is_same(self._held_image, image):
            self._held[-1] = replace(self._held[-1], held_until_s=until_s)
            return
        if float(image.std(axis=(0, 1)).max()) >= _FLAT:
            self._held.append(Candidate.of(time_s, frame, image, until_s))
            self._held_image = image

    def close_scene(self, start_s: float, end_s: float) -> list[Candidate]:
        """The keyframes of the scene [start_s, end_s), in order; candidates from `end_s` on stay,
        for the next scene.
        """
        own = [c for c in self._candidates if c.time_s < end_s]
        own = own or [c for c in self._recent if start_s <= c.time_s < end_s]
        later = {c.time_s: c for c in (*self._candidates, *self._recent) if c.time_s >= end_s}
        self._candidates = [later[time_s] for time_s in sorted(later)]
        self._step_s = _FIRST_STEP_S
        held = [c for c in self._held if c.time_s < end_s]
        self._held = self._held[len(held) :]
        return choose([*own, *held], start_s, end_s)


def _is_due(candidates: list[Candidate], time_s: float, step_s: float) -> bool:
    """Whether a frame is far enough from the last candidate to be the next."""
    return not candidates or time_s - candidates[-1].time_s >= step_s


def choose(candidates: list[Candidate], start_s: float, end_s: float) -> list[Candidate]:
    """The keyframes among the candidates of [start_s, end_s), in order: those that are held, or
    else the sharpest near the middle, then those that differ most from all that are chosen.

    Of pictures that follow each other as fast as keyframes of a film may, as those of cameras that
    send one now and then, there are no more than of a film.
    """
    inner = [c for c in candidates if start_s + _EDGE_S <= c.time_s <= end_s - _EDGE_S]
    pool = inner or candidates
    if not pool:
        return []
    middle_s, length_s = (start_s + end_s) / 2, max(end_s - start_s, 1e-6)
    held = [c for c in candidates if c.held_s]
    chosen = [c for c in held if c.held_s >= _SECONDS_PER_KEYFRAME] or [
        max(held or pool, key=lambda c: c.sharpness * (1.5 - abs(c.time_s - middle_s) / length_s))
    ]
    _add_those_that_differ(chosen, held, MAX_KEYFRAMES, least=0.0)
    wanted = min(MAX_KEYFRAMES, 1 + int(length_s / _SECONDS_PER_KEYFRAME))
    _add_those_that_differ(chosen, pool, wanted, least=_MIN_DIFFERENCE)
    return sorted(chosen, key=lambda c: c.time_s)


def _add_those_that_differ(
    chosen: list[Candidate], pool: list[Candidate], wanted: int, *, least: float
) -> None:
    """Adds those of the pool that differ most from all that are chosen, up to the number wanted."""
    rest = {c.time_s: c for c in pool}
    for each in chosen:
        rest.pop(each.time_s, None)
    while rest and len(chosen) < wanted:
        distance, time_s = max(
            (
                (min(float(np.abs(c.small - k.small).mean()) for k in chosen), time_s)
                for time_s, c in rest.items()
            ),
            key=lambda pair: pair[0],
        )
        if distance < least:
            break
        chosen.append(rest.pop(time_s))


def jpeg_of(frame: av.VideoFrame) -> bytes:
    """The JPEG of a frame as it is shown, its longer side of at most MAX_SIDE_PX.

    Raises FFmpegError or ValueError for a frame that cannot be shown.
    """
    image = shown(frame, size_within(frame, MAX_SIDE_PX, MAX_SIDE_PX))
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise ValueError("the JPEG encoder refused a frame")
    return data.tobytes()
