"""The describing of keyframes: those without a description are found by a query; pictures of one
video that look alike are described once; each batch is stored with its vectors. A run that is cut
off goes on where it was.
"""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from database.errors import NotFound, SpacesChanged
from database.models import MomentKind
from database.spaces.spaces import Spaces
from database.videos.descriptions import DescriptionStore, Still, description_of
from database.videos.records import MomentRecord
from embeddings.described import Describer, Description, Shown
from embeddings.encoder import Image
from embeddings.loaded import Encoders
from embeddings.space import Input
from ingest.errors import VideoUnreadable
from ingest.library.embed import Source, encode
from ingest.library.spaces import spaces_to_fill

_PAGE = 500
"""Keyframes that are looked up at a time."""
_SAME_LOOK_BITS = 4
"""Of two difference hashes, as search folds scenes by (search/results/pages.py)."""
_CELLS, _SAME_COLOUR, _SAME_PART = 8, 4, 0.08
"""Pictures that look alike are as bright in each of so many cells squared, to so many of 256 steps
of each colour and such a part of what is brighter: difference hashes know no colour, a line more on
a slide changes few bits, and what a dark scene shows is of a few steps."""
_BLACK = 24
"""No step of a black picture is brighter: flat pictures have no difference hash, and of those that
are not black, small writing may be all that tells them apart."""
_MOST_FAILING = 8
"""Pictures one after the other that cannot be described: then the model has to prove that it
describes anything. Some that it never does may be all that earlier runs have left."""
_SAMPLE = np.full((224, 224, 3), 255, np.uint8)
"""A red square on white."""
_SAMPLE[56:168, 56:168] = 200, 20, 20
Report = Callable[[int], None]
"""Told how many keyframes have got a description; what it raises ends the run."""


@dataclass
class Told:
    """What a run has described, and what it could not."""

    num_described: int = 0
    faults: dict[int, str] = field(default_factory=dict)
    """By the id of a video: why a picture of it has no description."""
    num_failing: int = 0
    """Pictures that could not be described, since one was."""


@dataclass(frozen=True)
class _Look:
    """A picture as it is compared with others."""

    bits: int | None
    """Its difference hash."""
    cells: npt.NDArray[np.int16]
    """Its colours, [8, 8, 3]."""

    def is_like(self, other: "_Look") -> bool:
        """Whether one description does for both."""
        allowed = _SAME_COLOUR + _SAME_PART * np.maximum(self.cells, other.cells)
        return _is_near(self.bits, other.bits) and bool(
            (np.abs(self.cells - other.cells) <= allowed).all()
        )


@dataclass
class _Alike:
    """Keyframes that look alike, the first of which is described for all."""

    look: _Look
    shown: Shown
    stills: list[Still]


@dataclass(frozen=True)
class Describing:
    """The library, and what describes its keyframes."""

    store: DescriptionStore
    spaces: Spaces
    encoders: Encoders
    describer: Describer
    source: Callable[[int], Source]
    """Where the keyframes of a video are read from."""

    def describe(
        self, report: Report, *, limit: int | None = None, video_ids: Sequence[int] = ()
    ) -> Told:
        """Describes keyframes without a description, at most `limit`; of `video_ids` only, if there
        are any. Raises EmbeddingError where the model describes nothing at all."""
        told = Told()
        stills = islice(self._missing(video_ids), limit)
        while page := list(islice(stills, _PAGE)):
            by_video: dict[int, list[Still]] = defaultdict(list)
            for still in page:
                by_video[still.video_id].append(still)
            for video_id, own in by_video.items():
                self._describe_video(video_id, own, told, report)
        return told

    def _missing(self, video_ids: Sequence[int]) -> Iterator[Still]:
        only: Sequence[int | None] = video_ids or [None]
        for video_id in only:
            after = (0, 0)
            while page := self.store.missing(limit=_PAGE, after=after, video_id=video_id):
                yield from page
                after = page[-1].video_id, page[-1].id

    def _describe_video(
        self, video_id: int, stills: Sequence[Still], told: Told, report: Report
    ) -> None:
        """Those full of text come last: another model may describe them, which has to be loaded."""
        source = self.source(video_id)
        known = self._known(video_id, stills, source)
        waiting: list[_Alike] = []
        for still in sorted(stills, key=lambda still: still.is_text):
            image = _read(source, still, told)
            if image is None:
                continue
            look = _look_of(still, image)
            if said := next((said for own, said in known if look.is_like(own)), None):
                self._save(video_id, [(still, said)], told, report)
            elif alike := next((each for each in waiting if look.is_like(each.look)), None):
                alike.stills.append(still)
            else:
                waiting.append(_Alike(look, Shown(image, still.is_text), [still]))
            if len(waiting) == self.describer.at_once:
                known += self._describe_batch(video_id, waiting, told, report)
                waiting = []
        self._describe_batch(video_id, waiting, told, report)

    def _known(
        self, video_id: int, stills: Sequence[Still], source: Source
    ) -> list[tuple[_Look, Description]]:
        """What was said of pictures of a video before, of those that may look like these."""
        bits = [still.look for still in stills]
        return [
            (_look_of(still, image), Description(text, made_by))
            for still, text, made_by in self.store.described(video_id)
            if any(_is_near(still.look, each) for each in bits)
            and (image := _read(source, still, Told())) is not None
        ]

    def _describe_batch(
        self, video_id: int, waiting: Sequence[_Alike], told: Told, report: Report
    ) -> list[tuple[_Look, Description]]:
        """What was said of each look, stored with the keyframes that have it."""
        known = []
        described = []
        for alike, said in zip(
            waiting, self.describer.describe([each.shown for each in waiting]), strict=True
        ):
            if isinstance(said, Description):
                known.append((alike.look, said))
                described += [(still, said) for still in alike.stills]
            else:
                told.faults[video_id] = str(said)
                told.num_failing += 1
        self._save(video_id, described, told, report)
        if told.num_failing >= _MOST_FAILING:
            self._prove()
            told.num_failing = 0
        return known

    def _prove(self) -> None:
        """Raises why a plain picture is not described; then it is no fault of the others."""
        (said,) = self.describer.describe([Shown(_SAMPLE)])
        if not isinstance(said, Description):
            raise said

    def _save(
        self,
        video_id: int,
        described: Sequence[tuple[Still, Description]],
        told: Told,
        report: Report,
    ) -> None:
        """Embeds and stores descriptions; once more where a space becomes active in between."""
        if not described:
            return
        moments = [description_of(still, said.text, said.made_by) for still, said in described]
        while True:
            spaces = spaces_to_fill(self.spaces, self.encoders, Input.DESCRIPTION)
            vectors = encode(self.encoders, spaces, [moment.text for moment in moments])
            with_vectors = [
                replace(moment, vectors={key: rows[i] for key, rows in vectors.items()})
                for i, moment in enumerate(moments)
            ]
            with contextlib.suppress(SpacesChanged):
                stills = [still for still, _ in described]
                num = self.store.save(video_id, stills, with_vectors, list(vectors))
                break
        told.num_failing = 0
        told.num_described += num
        report(num)


def kept_descriptions(
    moments: Sequence[MomentRecord], said: Sequence[tuple[Still, str, str]]
) -> list[MomentRecord]:
    """Of a video that is made anew, what was said of keyframes that are as they were: at the same
    time, with the same look."""
    before = {
        (still.start_s, still.image_path, still.look): (still, text, made_by)
        for still, text, made_by in said
    }
    kept = []
    for moment in moments:
        key = moment.start_s, moment.image_path, moment.look
        if moment.kind is MomentKind.KEYFRAME and key in before:
            kept.append(replace(description_of(*before[key]), scene=moment.scene))
    return kept


def _is_near(one: int | None, other: int | None) -> bool:
    """Whether difference hashes are those of pictures that look alike."""
    if one is None or other is None:
        return False
    return ((one ^ other) & (2**64 - 1)).bit_count() <= _SAME_LOOK_BITS


def _read(source: Source, still: Still, told: Told) -> Image | None:
    """A keyframe; None if it cannot be read, which is a fault of its video."""
    try:
        return source.read_keyframe(still)
    except (VideoUnreadable, NotFound, FileNotFoundError) as error:
        told.faults[still.video_id] = str(error)
        return None


def _look_of(still: Still, image: Image) -> _Look:
    cells = cv2.resize(image, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    is_black = still.look is None and image.max() <= _BLACK
    return _Look(0 if is_black else still.look, np.asarray(cells, np.int16))
