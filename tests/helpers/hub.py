"""A server on loopback that speaks the hub's protocol, as far as a download needs it."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from embeddings.registry.spaces import SPACES

PULLED = SPACES["resnet-50"]
"""The space whose model the server has, with other weights than the pinned ones."""
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"not what is pinned",
    "pytorch_model.bin": b"can run code",
    "README.md": b"about",
}


class Hub(BaseHTTPRequestHandler):
    """The part of the hub's protocol that a download needs."""

    files = FILES
    requests: tuple[str, ...] = ()
    """The paths that were asked for."""

    def do_GET(self) -> None:
        type(self).requests += (self.path,)
        repo, revision = PULLED.hub_weights.repo, PULLED.hub_weights.revision
        if self.path.startswith(f"/api/models/{repo}/tree/{revision}"):
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": sha256(data)}
                for name, data in self.files.items()
            ]
            self._answer(json.dumps(tree).encode())
        elif self.path.startswith(f"/api/models/{repo}/revision/{revision}"):
            siblings = [{"rfilename": name} for name in self.files]
            self._answer(json.dumps({"id": repo, "sha": revision, "siblings": siblings}).encode())
        else:
            name = self.path.removeprefix(f"/{repo}/resolve/{revision}/")
            if name in self.files:
                self._answer(self.files[name])
            else:
                self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - the name that the base class asks for

    def _answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{sha256(data)}"')
        self.send_header("X-Repo-Commit", PULLED.hub_weights.revision)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def serving() -> Iterator[str]:
    """The URL of the running server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
