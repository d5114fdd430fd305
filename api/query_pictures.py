"""Pictures that people search with: kept for a while, so that the page's address can name them."""

import hashlib
import os
import threading
from pathlib import Path

from PIL import Image as Pillow

from database.errors import NotFound
from embeddings.encoder import Image
from embeddings.pictures import read_picture
from embeddings.weights.cached import written_whole

_MAX_SIDE_PX = 1024
"""More than any encoder looks at."""
_QUALITY = 95
_FORGOTTEN = "the picture of this search is no longer kept: choose, drop or paste it again"
MAX_KEPT = 500


class QueryPictures:
    """A folder with the pictures that were searched with last, by the hash of their pixels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = threading.Lock()

    def keep(self, picture: Image) -> str:
        """The key, 32 hexadecimal digits, of an RGB picture uint8 [H, W, 3]; it is kept until
        MAX_KEPT others have been sent after it."""
        scaled = Pillow.fromarray(picture)
        scaled.thumbnail((_MAX_SIDE_PX, _MAX_SIDE_PX))
        key = hashlib.sha256(repr(scaled.size).encode() + scaled.tobytes()).hexdigest()[:32]
        path = self._folder / f"{key}.jpg"
        with self._writing:
            try:
                os.utime(path)  # it was sent last
            except FileNotFoundError:
                with written_whole(path) as partial:
                    scaled.save(partial, "JPEG", quality=_QUALITY)
                self._forget_old()
        return key

    def get_path(self, key: str) -> Path:
        """The JPEG of a picture by its key. Raises NotFound."""
        path = self._folder / f"{key}.jpg"
        if not path.is_file():
            raise NotFound(_FORGOTTEN)
        return path

    def read(self, key: str) -> Image:
        """A picture as RGB uint8 [H, W, 3]. Raises NotFound."""
        try:
            return read_picture(self.get_path(key).read_bytes())
        except FileNotFoundError:  # another server has removed it at this moment
            raise NotFound(_FORGOTTEN) from None

    def _forget_old(self) -> None:
        kept = sorted(self._folder.glob("*.jpg"), key=_sent_at)
        for path in kept[:-MAX_KEPT]:
            path.unlink(missing_ok=True)


def _sent_at(path: Path) -> float:
    """When a picture was sent last, in seconds; 0 if another server on the same folder has removed
    it since it was listed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
