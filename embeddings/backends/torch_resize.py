"""The resizing of transformers' image processors, done by torch: it is most of what they take.

torch resizes 8-bit pixels with PIL's filters and fixed-point weights, but in vector instructions:
a processor takes a quarter of the time, and pixels differ by a level of 255 here and there.
"""

from typing import Any

import numpy as np
import torch
from transformers.image_processing_backends import PilBackend
from transformers.image_transforms import get_resize_output_image_size
from transformers.image_utils import ChannelDimension, PILImageResampling, SizeDict

_MODES = {PILImageResampling.BILINEAR: "bilinear", PILImageResampling.BICUBIC: "bicubic"}


class TorchResize(PilBackend):  # type: ignore[misc]
    """A mixin between a processor and PilBackend, whose `resize` all processors end in."""

    def resize(
        self, image: Any, size: SizeDict, resample: int | None = None, **options: Any
    ) -> Any:
        """[3, H, W] to the same type at `size`; what torch cannot do like PIL is left to PIL."""
        edge, square = size.shortest_edge, (size.height, size.width)
        can_do = resample in _MODES and image.dtype == np.uint8 and (edge or all(square))
        if not can_do or size.longest_edge:
            return super().resize(image, size, resample, **options)
        target = square
        if edge:
            target = get_resize_output_image_size(
                image, edge, default_to_square=False, input_data_format=ChannelDimension.FIRST
            )
        rows = np.require(np.moveaxis(image, 0, -1), requirements=["C", "W"])
        pixels = torch.from_numpy(rows).permute(2, 0, 1)[None]
        return torch.nn.functional.interpolate(
            pixels, size=target, mode=_MODES[resample], antialias=True
        )[0].numpy()


def with_torch_resize(processor: Any) -> Any:
    """A processor of PIL's kind that resizes as TorchResize does."""
    kind = type(processor)
    processor.__class__ = type(kind.__name__, (kind, TorchResize), {})
    return processor
