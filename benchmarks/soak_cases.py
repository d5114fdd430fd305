"""The requests of a soak, each with the check of its answer."""

import base64
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.load import Answer, post
from benchmarks.soak_known import IMAGE_SPACE, TEXT_SPACE, Known, Stock, picture_file
from embeddings.encoder import Vectors

TEXTS, MULTIMODAL = "/v1/embeddings", "/v1/embeddings/multimodal"
TOLERANCE = 1e-5
_HEAD = (
    "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
)


class Wrong(AssertionError):
    """An answer that is not what it should be."""


@dataclass(frozen=True)
class Case:
    """A request and what is to be answered."""

    name: str
    request: bytes
    check: Callable[[Answer], None]
    """Raises Wrong."""
    is_partial: bool = False
    """Whether the body lacks its end, so that nothing can follow on the connection."""


def good_case(stock: Stock, rng: random.Random) -> Case:
    """Something that can be embedded."""
    makers = (_single, _single, _single, _batch, _batch, _tokens, _many_tokens, _cut, _items)
    return rng.choice(makers)(stock, rng)


def _single(stock: Stock, rng: random.Random) -> Case:
    known = rng.choice(stock.texts[:10] if rng.random() < 0.3 else stock.texts)
    return _texts("a text", known.text, [known], rng)


def _batch(stock: Stock, rng: random.Random) -> Case:
    chosen = rng.choices(stock.texts, k=rng.choice((2, 3, 8, 32, 64)))
    return _texts("texts, some twice", [known.text for known in chosen], chosen, rng)


def _tokens(stock: Stock, rng: random.Random) -> Case:
    known = rng.choice(stock.texts)
    return _texts("tokens", list(known.tokens), [known], rng)


def _many_tokens(stock: Stock, rng: random.Random) -> Case:
    chosen = rng.choices(stock.texts, k=rng.randint(2, 16))
    return _texts("lists of tokens", [list(known.tokens) for known in chosen], chosen, rng)


def _cut(stock: Stock, rng: random.Random) -> Case:
    chosen = [rng.choice(stock.texts), stock.too_long]
    body = {"input": [known.text for known in chosen], "truncate": True}
    return _embeddings("a text that is cut", TEXTS, body, chosen, rng, truncated=[1])


def _items(stock: Stock, rng: random.Random) -> Case:
    """Texts, pictures, and both at once."""
    of = rng.choice((stock.images, stock.both, [*stock.texts, *stock.images, *stock.both]))
    chosen = rng.choices(of, k=rng.choice((1, 1, 2, 6)))
    form = rng.choice(({}, {"encoding_format": "base64"}, {"encoding_format": "float"}))
    items = [{**known.item, "model": IMAGE_SPACE, **form} for known in chosen]
    body = items[0] if len(items) == 1 and rng.random() < 0.5 else items
    check = partial(_check_vectors, chosen, form == {"encoding_format": "base64"}, [])
    return Case("pictures and texts", post(MULTIMODAL, body), check)


def _texts(name: str, given: object, chosen: Sequence[Known], rng: random.Random) -> Case:
    return _embeddings(name, TEXTS, {"input": given}, chosen, rng)


def _embeddings(
    name: str,
    path: str,
    body: dict[str, object],
    chosen: Sequence[Known],
    rng: random.Random,
    truncated: Sequence[int] = (),
) -> Case:
    as_base64 = rng.random() < 0.5
    form = "base64" if as_base64 else "float"
    request = post(path, {**body, "model": TEXT_SPACE, "encoding_format": form})
    return Case(name, request, partial(_check_vectors, chosen, as_base64, list(truncated)))


def _check_vectors(
    chosen: Sequence[Known], as_base64: bool, truncated: list[int], answer: Answer
) -> None:
    """The vector of each item at its place, and the usage of this request."""
    if answer.status != 200:
        raise Wrong(f"status {answer.status}: {answer.body[:300]!r}")
    document = json.loads(answer.body)
    data = document["data"]
    if [item["index"] for item in data] != list(range(len(chosen))):
        raise Wrong("not one vector for each item, in order")
    found = np.stack([_vector(item["embedding"], as_base64) for item in data])
    worst = float(np.abs(found - np.stack([known.vector for known in chosen])).max())
    if not worst <= TOLERANCE:
        raise Wrong(f"a vector differs from the library's by {worst:.2g}")
    num_tokens = sum(known.num_tokens for known in chosen)
    if document["usage"] != {"prompt_tokens": num_tokens, "total_tokens": num_tokens}:
        raise Wrong(f"usage {document['usage']} instead of {num_tokens} tokens")
    if document["truncated"] != truncated:
        raise Wrong(f"truncated {document['truncated']} instead of {truncated}")


def _vector(embedding: object, as_base64: bool) -> Vectors:
    if isinstance(embedding, str) != as_base64:
        raise Wrong("floats and base64 are mixed up")
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4")
    return np.asarray(embedding, np.float32)


def bad_case(stock: Stock, rng: random.Random) -> Case:
    """Something that has to be refused, in the documented shape."""
    name, path, body, status, code = rng.choice(_refused(stock, rng))
    request = post(path, body)
    is_partial = name == "a body that is too large"
    if is_partial:
        request = _HEAD.format(path, 64 << 20).encode() + b'{"input": ["'
    if name == "a wrong method":
        request = request.replace(b"POST", b"PUT", 1)
    return Case(name, request, partial(check_error, status, code), is_partial)


def check_error(status: int, code: str | None, answer: Answer) -> None:
    """OpenAI's shape, with this status, and with this code unless it is None."""
    if answer.status != status:
        raise Wrong(f"status {answer.status} instead of {status}: {answer.body[:300]!r}")
    document = json.loads(answer.body)
    error = document.get("error", {})
    if set(document) != {"error"} or set(error) != {"message", "type", "param", "code"}:
        raise Wrong(f"an error of another shape: {answer.body[:300]!r}")
    is_told = error["message"] and isinstance(error["message"], str) and error["type"]
    if not is_told or (code is not None and error["code"] != code):
        raise Wrong(f"an error that says something else than {code}: {answer.body[:300]!r}")


def _refused(stock: Stock, rng: random.Random) -> list[tuple[str, str, Any, int, str | None]]:
    """(name, path, body, status, code)."""
    text, picture = rng.choice(stock.texts).text, rng.choice(stock.images[1:]).item["image"]
    many = [known.text for known in rng.choices(stock.texts, k=5)]
    whole = base64.b64decode(picture)

    def texts(name: str, given: object, code: str | None = "invalid_input", **more: object) -> Any:
        return name, TEXTS, {"input": given, "model": TEXT_SPACE, **more}, 400, code

    def image(name: str, data: bytes | str, code: str | None = "invalid_image") -> Any:
        given = data if isinstance(data, str) else base64.b64encode(data).decode()
        body = [{"image": picture}, {"image": given, "text": text}]
        return name, MULTIMODAL, body, 400, code

    return [
        texts("an empty text", ""),
        texts("a blank text among others", [*many, " \n"]),
        texts("an empty list", []),
        texts("a list of an empty list", [[]]),
        texts("texts and numbers", [*many, 7]),
        texts("texts and tokens", [text, [1, 2]]),
        texts("tokens and truths", [[1, 2], [True]]),
        texts("a token that there is not", [[5, 6], [100_300]]),
        texts("a token below zero", [-1]),
        texts("a token beyond 64 bits", [10**30]),
        texts("a text that is too long", stock.too_long.text, "context_length_exceeded"),
        texts("one too long among others", [*many, stock.too_long.text], "context_length_exceeded"),
        texts("too many items", ["x"] * 2049),
        texts("a number", 3.5),
        texts("other dimensions", text, None, dimensions=128),
        texts("an unknown format", text, None, encoding_format="hex"),
        ("NaN", TEXTS, b'{"input": NaN}', 400, None),
        ("NaN among texts", TEXTS, b'{"input": ["a", NaN]}', 400, None),
        ("infinity as a token", TEXTS, b'{"input": [[1, 1e999]]}', 400, None),
        ("half a surrogate", TEXTS, b'{"input": "\\ud800"}', 400, None),
        ("JSON that ends early", TEXTS, b'{"input": "a', 400, None),
        ("JSON that is very deep", TEXTS, b"[" * 50_000, 400, None),
        ("no UTF-8", TEXTS, b'{"input": "\xff\xfe"}', 400, None),
        ("no body", TEXTS, b"", 400, None),
        (
            "a model that there is not",
            TEXTS,
            {"input": text, "model": "no"},
            404,
            "model_not_found",
        ),
        ("a body that is too large", TEXTS, b"", 413, None),
        ("a wrong method", TEXTS, {"input": text}, 405, None),
        ("no such route", "/v1/embedding", {"input": text}, 404, None),
        ("an item with nothing", MULTIMODAL, [{}], 400, None),
        ("a list without items", MULTIMODAL, [], 400, None),
        ("a picture for texts", MULTIMODAL, {"image": picture, "model": TEXT_SPACE}, 400, None),
        image("half a picture", whole[: len(whole) // 2]),
        image("no picture", b"no picture at all"),
        image("a bomb", _bomb(19_000)),
        image("a picture without pixels", _bomb(0)),
        image("no base64", "%%%"),
        image("a path", "/etc/passwd"),
        image("a picture of a kind that is not read", picture_file(9, 9, "BMP")),
    ]


def _bomb(side: int) -> bytes:
    """A small PNG which says that it has side × side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
