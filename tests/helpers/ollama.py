"""A server on loopback that speaks Ollama's API, with models that can be foretold.

Its vision models say which colour a picture mostly has; its embedding models make of a text the sum
of a vector for each of its words. It fails, as Ollama does, when it is told to.
"""

import base64
import hashlib
import io
import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image as Pillow

from embeddings.encoder import Vectors, normalise
from embeddings.ollama.embedder import OllamaEmbedder

Body = dict[str, Any]
NewEmbedder = Callable[..., OllamaEmbedder]
"""Makes an embedder that asks a server."""
_DIMS = {"nomic-embed-text": 768, "mxbai-embed-large": 1024}


@dataclass
class Model:
    """A model that it has."""

    name: str
    can: tuple[str, ...] | None
    """Capabilities; None as of an Ollama that did not know them yet."""
    dim: int = 384
    context: int = 256
    """Words that it reads."""
    says: Callable[[str], str] = "A {} picture.".format
    """Its description, by the colour."""
    generation: int = 1
    """Raised when it is pulled anew."""
    sees_images: bool = False
    """Whether it embeds pictures."""

    @property
    def digest(self) -> str:
        """Of its files."""
        return hashlib.sha256(f"{self.name} {self.generation}".encode()).hexdigest()


def sees(name: str, **more: Any) -> Model:
    """A vision model."""
    return Model(name, ("completion", "vision"), **more)


def embeds(name: str, **more: Any) -> Model:
    """An embedding model."""
    dim = more.pop("dim", _DIMS.get(name.partition(":")[0], 384))
    return Model(name, ("embedding",), dim, **more)


def vector_of(text: str, dim: int) -> Vectors:
    """What its embedding models make of a text, of unit length."""
    words = re.findall(r"\w+", text.lower())
    return normalise(np.sum([_of_word(word, dim) for word in words], axis=0, dtype=np.float32))


def _of_word(word: str, dim: int) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=dim).astype(np.float32)


def colour_of(picture: bytes) -> str:
    """The colour of most of a picture."""
    pixels = np.asarray(Pillow.open(io.BytesIO(picture)).convert("RGB"), np.float32)
    mean = pixels.reshape(-1, 3).mean(axis=0)
    if mean.max() - mean.min() < 60:
        return ("black", "grey", "white")[int(mean.mean() // 86)]
    return ("red", "green", "blue")[int(mean.argmax())]


@dataclass
class Ollama:
    """What the server has, what it was asked, and how it is to fail."""

    models: list[Model]
    url: str = ""
    requests: list[tuple[str, Body]] = field(default_factory=list)
    """Path and body, in their order."""
    load_s: float = 0.0
    """That a model takes when it is first used."""
    answer_s: float = 0.0
    """That every answer takes."""
    loaded: set[str] = field(default_factory=set)
    raw: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Status and body of whatever is asked of a path."""
    breaks: set[str] = field(default_factory=set)
    """Paths whose answers break off in the middle."""
    reads_images: bool = True
    """Whether /api/embed knows of pictures, which it need not."""
    num_at_once: int = 0
    most_at_once: int = 0
    abandoned: threading.Event = field(default_factory=threading.Event)
    """Set when a client has hung up before its answer."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, path: str) -> list[Body]:
        """The bodies that were sent to a path."""
        return [body for where, body in self.requests if where == path]

    def busy(self, path: str) -> None:
        """Has the queue be full for what is asked of a path."""
        self.fail(path, 503, "server busy, please try again.  maximum pending requests exceeded")

    def fail(self, path: str, status: int, error: str) -> None:
        """Has a path answer with an error."""
        self.raw[path] = (status, json.dumps({"error": error}).encode())

    def answer(self, path: str, body: Body) -> tuple[int, Body]:
        """As Ollama answers."""
        if path == "/api/tags":
            listed = [{"name": m.name, "model": m.name, "digest": m.digest} for m in self.models]
            return 200, {"models": listed}
        name = str(body.get("model", ""))
        tagged = name if ":" in name else f"{name}:latest"
        model = next((each for each in self.models if each.name == tagged), None)
        if model is None:
            return 404, {"error": f'model "{name}" not found, try pulling it first'}
        answers = {"/api/show": self._show, "/api/embed": self._embed, "/api/chat": self._chat}
        return answers.get(path, self._generate)(model, body)

    def _show(self, model: Model, _: Body) -> tuple[int, Body]:
        told = {} if model.can is None else {"capabilities": list(model.can)}
        return 200, {"details": {"family": "of-the-tests"}, **told}

    def _generate(self, model: Model, body: Body) -> tuple[int, Body]:
        if "completion" not in (model.can or ("completion",)):
            return 400, {"error": f'"{body["model"]}" does not support generate'}
        return 200, {"model": model.name, "response": "", "done": True, "done_reason": "load"}

    def _chat(self, model: Model, body: Body) -> tuple[int, Body]:
        (message,) = body["messages"]
        try:
            (picture,) = [base64.b64decode(each, validate=True) for each in message["images"]]
        except ValueError:
            return 400, {"error": "illegal base64 data at input byte 4"}
        said = model.says(colour_of(picture))
        return 200, {"message": {"role": "assistant", "content": said}, "done": True}

    def _embed(self, model: Model, body: Body) -> tuple[int, Body]:
        text = body["input"]
        if len(text.split()) > model.context:
            # since 0.13.5, whether or not it is asked to cut
            return 400, {"error": "the input length exceeds the context length"}
        if body.get("images") and self.reads_images and model.sees_images:
            text = colour_of(base64.b64decode(body["images"][0], validate=True))
        if not text and not (body.get("images") and model.sees_images):
            return 200, {"model": model.name, "embeddings": []}
        vector = vector_of(text or "nothing", model.dim)
        return 200, {"model": model.name, "embeddings": [vector.tolist()], "prompt_eval_count": 3}


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    ollama: Ollama

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _answer(self, body: Body) -> None:
        ollama = self.ollama
        with ollama._lock:
            ollama.requests.append((self.path, body))
            ollama.num_at_once += self.path == "/api/chat"
            ollama.most_at_once = max(ollama.most_at_once, ollama.num_at_once)
        try:
            if self._is_left(ollama.answer_s + self._load_s(body)):
                ollama.abandoned.set()
                return
            if self.path in ollama.raw:
                status, data = ollama.raw[self.path]
            else:
                status, made = ollama.answer(self.path, body)
                data = json.dumps(made).encode()
            self._send(status, data)
        finally:
            with ollama._lock:
                ollama.num_at_once -= self.path == "/api/chat"

    def _load_s(self, body: Body) -> float:
        name = str(body.get("model", ""))
        if self.path == "/api/show" or not name or name in self.ollama.loaded:
            return 0.0
        self.ollama.loaded.add(name)
        return self.ollama.load_s

    def _is_left(self, seconds: float) -> bool:
        """Whether the client hangs up within so many seconds."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return True
        return False

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        breaks = self.path in self.ollama.breaks
        self.wfile.write(data[: len(data) // 2] if breaks else data)


@contextmanager
def serving_ollama(*models: Model) -> Iterator[Ollama]:
    """An Ollama that runs, with these models, or with llava and nomic-embed-text."""
    named = models or (sees("llava:latest"), embeds("nomic-embed-text:latest"))
    ollama = Ollama(list(named))
    handler = type("Handler", (_Handler,), {"ollama": ollama})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        ollama.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield ollama
        finally:
            server.shutdown()
            thread.join()


def plain_picture(colour: str, size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    """A file of one colour."""
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, kind)
    return out.getvalue()
