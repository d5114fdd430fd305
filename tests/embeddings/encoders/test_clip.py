"""Image-text models in the hub's format, with a small CLIP that was really trained."""

from dataclasses import replace

import numpy as np
import torch
from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel

from embeddings.encoder import normalise
from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from scripts.tiny.drawing import draw_shape
from tests.helpers import tiny_models
from tests.helpers.tiny_models import CLIP, THINGS, cosines, drawings


def test_clip_finds_the_drawing_that_is_described(tiny_encoders: Encoders) -> None:
    vectors = tiny_encoders.encode_items(CLIP, drawings())
    for number, (colour, shape) in enumerate(THINGS):
        query = tiny_encoders.encode_query(CLIP, f"{colour} {shape}")
        assert int(np.argmax(vectors @ query)) == number, (colour, shape)


def test_image_vectors_equal_those_of_transformers(tiny_encoders: Encoders) -> None:
    folder = tiny_models.FOLDER / "tiny-clip"
    model = CLIPModel.from_pretrained(folder)
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(
        drawings(), return_tensors="pt"
    )
    tokens = AutoTokenizer.from_pretrained(folder)(["red circle", "a photo of red circle"])
    with torch.inference_mode():
        images = model.get_image_features(**pixels).pooler_output.numpy()
        texts = [
            model.get_text_features(input_ids=torch.tensor([ids])).pooler_output.numpy()[0]
            for ids in tokens["input_ids"]
        ]
    assert cosines(tiny_encoders.encode_items(CLIP, drawings()), normalise(images)).min() >= 0.9999
    reference = normalise(normalise(np.stack(texts)).mean(axis=0))
    assert tiny_encoders.encode_query(CLIP, "red circle") @ reference >= 0.9999


def test_bfloat16_ranks_as_float32_does(tiny_runtime: Runtime, tiny_encoders: Encoders) -> None:
    rng = np.random.default_rng(5)
    pictures = [draw_shape(*THINGS[number % 4], 96, rng) for number in range(40)]
    half = Encoders(replace(tiny_runtime, precision="bfloat16"))
    ours, exact = half.encode_items(CLIP, pictures), tiny_encoders.encode_items(CLIP, pictures)
    assert cosines(ours, exact).min() > 0.99
