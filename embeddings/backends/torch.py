"""Models of transformers, loaded without trusting their files, on the device that is wanted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from embeddings.encoder import Image
from embeddings.errors import EmbeddingError, WeightsCorrupt
from embeddings.runtime import Runtime

# For each model that is loaded a bar would be drawn, and parts that are left out be listed.
disable_progress_bar()
set_verbosity_error()


def torch_device(runtime: Runtime) -> torch.device:
    """The device to run on. Raises EmbeddingError if the one asked for is not there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if runtime.device == "auto":
        return torch.device(next((name for name, here in present.items() if here), "cpu"))
    if not present.get(runtime.device, runtime.device == "cpu"):
        raise EmbeddingError(
            f"EMBEDDING_DEVICE is {runtime.device}, but torch finds none here: set it to auto"
        )
    return torch.device(runtime.device)


def torch_dtype(runtime: Runtime) -> torch.dtype:
    """The precision of towers for pictures and clips: bfloat16 where the device is fast in it."""
    if runtime.precision != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[runtime.precision]
    device = torch_device(runtime)
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported()
    else:
        fast = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if fast else torch.float32


def use_threads(runtime: Runtime) -> None:
    """Limits torch to the runtime's threads; they matter on a CPU only."""
    if torch_device(runtime).type == "cpu":
        torch.set_num_threads(runtime.num_threads)


def load_model(auto_class: Any, folder: Path, runtime: Runtime) -> Any:
    """A model of transformers in float32, ready for inference on the runtime's device.

    Raises WeightsCorrupt if the weights leave any part of the model without a value: transformers
    would draw it at random.
    """
    model, loading = auto_class.from_pretrained(
        str(folder),
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    unset = sorted({*loading["missing_keys"], *map(str, loading["mismatched_keys"])})
    if unset:
        raise WeightsCorrupt(
            f"the weights in {folder} do not fit their model: {len(unset)} parts are missing, "
            f"such as {unset[0]}"
        )
    use_threads(runtime)
    return model.eval().requires_grad_(False).to(torch_device(runtime))


def load_image_processor(folder: Path) -> Any:
    """The image processor of a model, without torchvision."""
    from transformers import AutoImageProcessor

    from embeddings.backends.torch_resize import with_torch_resize

    processor = AutoImageProcessor.from_pretrained(
        str(folder), backend="pil", local_files_only=True, trust_remote_code=False
    )
    return with_torch_resize(processor)


def pixels_of(processor: Any, images: Sequence[Image]) -> torch.Tensor:
    """RGB images, or the frames of one clip, as a model takes them.

    The layout is named, since an image that is 1 or 3 pixels high would be taken for [3, H, W].
    """
    batch = processor(list(images), input_data_format="channels_last", return_tensors="pt")
    pixels: torch.Tensor = batch["pixel_values"]
    return pixels
