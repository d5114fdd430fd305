"""A server of S3 on loopback: buckets in memory, as moto pretends them."""

import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moto.server import ThreadedMotoServer

from database.objects import bucket as buckets

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "AKIATESTS",
    "AWS_SECRET_ACCESS_KEY": "a-secret-of-tests",
    "AWS_REGION": "us-east-1",
}
BUCKET = "films"


@dataclass(frozen=True)
class S3:
    """The server, while it runs."""

    url: str
    server: ThreadedMotoServer

    @property
    def environment(self) -> dict[str, str]:
        """What a command finds it by."""
        return {**VARIABLES, "AWS_ENDPOINT_URL": self.url}

    def put(self, key: str, content: bytes | Path, name: str = BUCKET) -> None:
        """Writes an object."""
        data = content if isinstance(content, bytes) else content.read_bytes()
        self._ask("PUT", f"{name}/{key}", data)

    def remove(self, key: str, name: str = BUCKET) -> None:
        """Removes an object; of an empty key, its bucket."""
        self._ask("DELETE", f"{name}/{key}")

    def reset(self) -> None:
        """Forgets all buckets: those of other servers of this process are here, too."""
        self._ask("POST", "moto-api/reset")

    @contextmanager
    def forbidding(self) -> Iterator[None]:
        """Where nobody may do anything: the keys are of nobody."""
        self._ask("POST", "moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self._ask("POST", "moto-api/reset-auth", b"Infinity")

    def make_bucket(self, name: str = BUCKET) -> None:
        """Makes an empty bucket."""
        self._ask("PUT", name)

    def keys(self, folder: str = "", name: str = BUCKET) -> list[str]:
        """The keys of a folder of a bucket."""
        return [stored.address.key for stored in buckets.bucket(name).under(folder)]

    def _ask(self, method: str, path: str, data: bytes | None = None) -> None:
        headers = {
            "Content-Type": "application/octet-stream",
            "Authorization": f"AWS {VARIABLES['AWS_ACCESS_KEY_ID']}:unchecked",
        }
        url = f"{self.url}/{urllib.parse.quote(path)}"
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            answer.read()


@contextmanager
def serving_s3() -> Iterator[S3]:
    """A server with one empty bucket, which the variables of this process name."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    s3 = S3(f"http://{host}:{port}", server)
    before = {name: os.environ.get(name) for name in s3.environment}
    os.environ.update(s3.environment)
    buckets.bucket.cache_clear()
    try:
        s3.reset()
        s3.make_bucket()
        yield s3
    finally:
        server.stop()
        buckets.bucket.cache_clear()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
