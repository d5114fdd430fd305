"""What the soak of a server asks: 70 % searches, 20 % media, 10 % pictures and details."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

import httpx
from PIL import Image

from benchmarks.load import HOST, get
from benchmarks.media import pictures
from benchmarks.open_loop import Request
from ingest.library.null_statistics import background_queries

RANGE_BYTES = 256 * 1024
_NUM_AGAIN = 50
"""Searches that are asked for again and again; the others are new."""
_NUM_PICTURES = 20
_SEARCHES = ("/search/multimodal/quick?q={}", "/search/quick?q={}", "/?q={}")
_PICTURE_SIZE = (640, 360)


@dataclass(frozen=True)
class Shelf:
    """What of a library can be asked for by its id."""

    videos: tuple[int, ...]
    film_bytes: int
    """The size of the smallest film."""
    stills: tuple[str, ...]
    """Their paths."""
    pictures: tuple[bytes, ...]
    """JPEG files to search with."""


def shelf_of(port: int) -> Shelf:
    """What a server has. Raises httpx.HTTPError."""
    with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=120) as client:
        videos = [shown["id"] for shown in _json(client, "/videos?limit=100")["videos"]]
        stills, sizes = [], []
        for video in videos:
            scenes = _json(client, f"/videos/{video}")["scenes"][:20]
            stills += [still["url"] for scene in scenes for still in scene["keyframes"]]
            sizes.append(int(client.head(f"/videos/{video}/stream").headers["content-length"]))
        client.get(f"/videos/{videos[0]}/sprites.vtt").raise_for_status()  # so that they are made
    return Shelf(tuple(videos), min(sizes), tuple(stills), tuple(_jpegs()))


def _json(client: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(path).raise_for_status().json()
    return found


def _jpegs() -> list[bytes]:
    files = []
    for picture in pictures(_NUM_PICTURES):
        file = BytesIO()
        Image.fromarray(picture).resize(_PICTURE_SIZE).save(file, "JPEG")
        files.append(file.getvalue())
    return files


class Mix:
    """Draws requests; the same ones for the same seed."""

    def __init__(self, shelf: Shelf, seed: int) -> None:
        self._shelf, self._rng = shelf, random.Random(seed)
        self._again = background_queries()[:_NUM_AGAIN]
        self._words = sorted({word for query in background_queries() for word in query.split()})
        self._kinds: tuple[tuple[Callable[[], Request], float], ...] = (
            (self.new_search, 0.35),
            (self.search_again, 0.35),
            (self.film, 0.10),
            (self.still, 0.07),
            (self.sprites, 0.03),
            (self.picture, 0.05),
            (self.details, 0.05),
        )

    def draw(self) -> Request:
        """The next request."""
        kinds, shares = zip(*self._kinds, strict=True)
        chosen: Callable[[], Request] = self._rng.choices(kinds, shares)[0]
        return chosen()

    def new_search(self) -> Request:
        """Words that nobody has asked for."""
        words = self._rng.sample(self._words, 3)
        return Request("search, new", self._search(f"{' '.join(words)} {self._rng.random():.6f}"))

    def search_again(self) -> Request:
        """One of a few searches."""
        return Request("search, again", self._search(self._rng.choice(self._again)))

    def film(self) -> Request:
        """A piece of a film."""
        path = f"/videos/{self._rng.choice(self._shelf.videos)}/stream"
        first = self._rng.randrange(max(1, self._shelf.film_bytes - RANGE_BYTES))
        return Request("film", piece(path, first))

    def still(self) -> Request:
        """A keyframe."""
        return Request("still", get(self._rng.choice(self._shelf.stills)))

    def sprites(self) -> Request:
        """A sheet of stills."""
        return Request("sprites", get(f"/videos/{self._shelf.videos[0]}/sprites/0.jpg"))

    def picture(self) -> Request:
        """A search with a picture."""
        body = self._rng.choice(self._shelf.pictures)
        head = (
            f"POST /search/image HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: image/jpeg\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return Request("picture", head.encode() + body)

    def details(self) -> Request:
        """A video, what is said in it, or what a query finds in it."""
        video = self._rng.choice(self._shelf.videos)
        query = quote(self._rng.choice(self._again))
        paths = ("", "/transcript.vtt", f"/moments?q={query}")
        return Request("details", get(f"/videos/{video}{self._rng.choice(paths)}"))

    def _search(self, query: str) -> bytes:
        return get(self._rng.choice(_SEARCHES).format(quote(query)))


def piece(path: str, first: int) -> bytes:
    """A GET of RANGE_BYTES of a file."""
    end = first + RANGE_BYTES - 1
    return f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nrange: bytes={first}-{end}\r\n\r\n".encode()
