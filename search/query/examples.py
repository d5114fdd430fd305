"""Examples: pictures and scenes that stand beside a query's text, or in its place."""

import hashlib
from dataclasses import dataclass

from embeddings.encoder import Image


@dataclass(frozen=True)
class Examples:
    """Pictures and scenes that the answer should be like, and scenes that it should not."""

    images: tuple[Image, ...] = ()
    like: tuple[int, ...] = ()
    """Ids of scenes."""
    unlike: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """Hashable, and equal for equal examples; arrays are neither."""
        digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in self.images]
        shapes = [image.shape for image in self.images]
        return (*digests, *shapes, self.like, self.unlike)

    @property
    def scene_ids(self) -> set[int]:
        """Of the scenes given as examples, which are not answered themselves."""
        return {*self.like, *self.unlike}

    def __bool__(self) -> bool:
        return bool(self.images or self.like or self.unlike)


NO_EXAMPLES = Examples()
