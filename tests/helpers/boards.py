"""Boards with lines of writing, upright or not, and a script that only its own recogniser reads."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from embeddings.encoder import Image
from embeddings.registry.pins import TEXT_RECOGNISER
from embeddings.weights.packages import verified_path

LINES = (
    "Elephants walk along the river",
    "Please close all windows",
    "The meeting starts at nine",
    "Tomatoes need warm nights",
    "Fresh bread every morning",
)


def board(*lines: str, size_px: int = 32, ground: int = 235, ink: int = 20) -> Image:
    """Lines below one another, RGB uint8 [H, W, 3]."""
    picture = Pillow.new("RGB", (640, 360), (ground,) * 3)
    for number, line in enumerate(lines):
        place = (40, 30 + number * 2 * size_px)
        ImageDraw.Draw(picture).text(
            place, line, fill=(ink,) * 3, font=ImageFont.load_default(size_px)
        )
    return np.asarray(picture)


def standing_on_their_heads(picture: Image) -> Image:
    """Letters of no script: Latin ones, each with its foot above, still from left to right."""
    return np.ascontiguousarray(picture[::-1])


def recogniser_of_letters_on_their_heads(path: Path) -> Path:
    """The bundled recogniser, which reads those and no others, and calls a to z а to щ."""
    model = onnx.load(verified_path(TEXT_RECOGNISER))
    graph, (pixels,) = model.graph, model.graph.input
    for name, values in {"from": [-1], "to": [-(2**31)], "along": [2], "by": [-1]}.items():
        graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
    for node in graph.node:
        node.input[:] = ["turned" if name == pixels.name else name for name in node.input]
    turned = helper.make_node("Slice", [pixels.name, "from", "to", "along", "by"], ["turned"])
    graph.node.insert(0, turned)
    assert pixels.type.tensor_type.elem_type == TensorProto.FLOAT
    (characters,) = (each for each in model.metadata_props if each.key == "character")
    characters.value = characters.value.translate(cyrillic())
    onnx.save(model, path)
    return path


def cyrillic() -> dict[int, str]:
    """The letter that stands for each of a to z."""
    return {ord("a") + number: chr(ord("а") + number) for number in range(26)}
