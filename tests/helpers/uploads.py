"""A client that sends films: in parts, as tus has it, and cut off where a test wants it."""

import hashlib
import socket
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np

from api.uploading.uploads import Uploads
from database.opening import open_database
from database.videos.stored import Store
from ingest.settings import IngestSettings
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.records import commented, file

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}
SLICE_BYTES = 8 * 1024 * 1024


def make_film(path: Path, num_bytes: int = 0, seed: int = 1) -> Path:
    """A film of some seconds; with a box at its end that players pass over, of which no two
    blocks are alike, it has about so many bytes."""
    make_video(path, [drawn(seed), drawn(seed + 1)], 1.0, audio=tone(2))
    left = (num_bytes - path.stat().st_size) // 8
    if left > 1:
        box = np.arange(left, dtype="<u8")
        head = (8 * left).to_bytes(4, "big") + b"free"
        with path.open("ab") as film:
            film.write(head + box[1:].tobytes())
    return path


def hash_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: Path) -> str:
    """What a page asks by whether a film is here already."""
    content = path.read_bytes()
    slices = range(0, len(content), SLICE_BYTES)
    digests = (hashlib.sha256(content[at : at + SLICE_BYTES]).digest() for at in slices)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def begin(client: httpx.Client, name: str, num_bytes: int, **headers: str) -> httpx.Response:
    """The answer to a new upload."""
    metadata = f"filename {b64encode(name.encode()).decode()}"
    own = {**TUS, "Upload-Length": str(num_bytes), "Upload-Metadata": metadata}
    return client.post("/uploads", headers={**own, **headers})


def begun(client: httpx.Client, name: str, num_bytes: int) -> str:
    """The address of a new upload."""
    answer = begin(client, name, num_bytes)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def offset(client: httpx.Client, url: str) -> int:
    """Where an upload is to go on."""
    answer = client.head(url, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def send(client: httpx.Client, url: str, content: bytes, at: int = 0) -> httpx.Response:
    """The answer to a part."""
    return client.patch(url, content=content, headers={**PART, "Upload-Offset": str(at)})


def send_rest(client: httpx.Client, url: str, content: bytes, at: int) -> httpx.Response:
    """The answer to the last of the parts that are left."""
    for start in range(at, len(content), SLICE_BYTES):
        answer = send(client, url, content[start : start + SLICE_BYTES], start)
        assert answer.status_code == 204, answer.text
    return answer


def start_part(client: httpx.Client, url: str, at: int, num_bytes: int) -> socket.socket:
    """The connection of a part of which no byte has been sent yet."""
    base = client.base_url
    connection = socket.create_connection((base.host, base.port), timeout=30)
    lines = {**PART, "Host": base.netloc.decode(), "Upload-Offset": at, "Content-Length": num_bytes}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    connection.sendall(f"PATCH {url} HTTP/1.1\r\n{head}\r\n".encode())
    return connection


def stored(settings: IngestSettings) -> dict[str, Path]:
    """The films that lie in the folder of a server, by name."""
    return {path.name: path for path in (settings.home / "uploads").iterdir() if path.is_file()}


def left(settings: IngestSettings) -> list[str]:
    """What has come of films that are not whole."""
    return sorted(path.name for path in (settings.home / "uploads/.incoming").glob("*.part"))


def take_up(settings: IngestSettings, path: Path) -> None:
    """Has the library hold what an ingest would have made of a film."""
    status = path.stat()
    own = replace(file(path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
    with closing(open_database(settings)) as database:
        Store(database).save_video(replace(commented("tour"), content_hash=hash_of(path)), own)


def put(uploads: Uploads, settings: IngestSettings, film: Path) -> str:
    """The id of an upload of which all bytes have come, and nothing else has happened."""
    upload = uploads.create(film.name, film.stat().st_size)
    part = settings.home / "uploads" / ".incoming" / f"{upload.id}.part"
    part.write_bytes(film.read_bytes())
    return upload.id
