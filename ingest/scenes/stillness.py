"""Pictures that stand still: since when one does, and the last long time before that."""

from ingest.scenes.scene import MAX_SCENE_S, Span
from ingest.scenes.thumbnails import MIN_SHOT_S, Picture, is_still


class Stillness:
    """Since when the picture has not changed, compared with how it was when it began to stand
    still, not with the one before: what changes slowly does not stand still.

    A change that is over at once is none: encoders renew the picture every few seconds, and for one
    frame it looks coarser.
    """

    def __init__(self) -> None:
        self.since_s = 0.0
        """The picture that was fed last has not changed since then."""
        self.last: Span | None = None
        """The last time before that a picture stood still for MAX_SCENE_S or longer."""
        self._picture: Picture | None = None
        self._changed: tuple[float, Picture] | None = None
        """Another picture that has come since, and when: it may be over at once."""

    def feed(self, time_s: float, picture: Picture) -> None:
        """Takes the next thumbnail, or the last one again."""
        if self._picture is None:
            self._picture, self.since_s = picture, time_s
        if is_still(self._picture, picture):
            self._changed = None
            return
        changed_s, changed = self._changed = self._changed or (time_s, picture)
        if time_s - changed_s < MIN_SHOT_S:
            return
        if changed_s - self.since_s >= MAX_SCENE_S:
            self.last = Span(self.since_s, changed_s)
        self._picture, self.since_s = changed, changed_s
        self._changed = None if is_still(changed, picture) else (time_s, picture)
