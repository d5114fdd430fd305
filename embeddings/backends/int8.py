"""Linear layers in 8 bits: a quarter of the memory, and integer arithmetic on a CPU.

Each row of the weights and each token has a scale of its own ("absmax" of LLM.int8(), Dettmers et
al., 2022), so that a vector does not depend on what else is in its batch.
"""

import torch
from torch import nn

_LARGEST = 127


class Int8Linear(nn.Module):
    """A linear layer whose weights and inputs are rounded to 8 bits."""

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, scale = _rounded(linear.weight.data)
        self.register_buffer("weight", weight.t().contiguous())  # int8 [in, out]
        self.register_buffer("scale", scale.t())  # float32 [1, out]
        self.bias = linear.bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """float32 [..., in] to [..., out]."""
        rows, scale = _rounded(inputs.reshape(-1, inputs.shape[-1]))
        outputs = torch._int_mm(rows, self.weight) * (scale * self.scale)
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs.reshape(*inputs.shape[:-1], -1)


def quantize_linears(module: nn.Module) -> None:
    """Puts 8-bit layers in the place of all linear layers inside `module`."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child))
        else:
            quantize_linears(child)


def _rounded(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 [n, m] as int8, and what each row is to be multiplied with, float32 [n, 1]."""
    scale = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / _LARGEST
    return (rows / scale).round().to(torch.int8), scale
