"""A copy of a model without its numbers: shapes at no cost, and the original stays untouched."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from course_lib._checks import SizeLike, each_axis, whole_number

CONVOLUTIONS: dict[type[nn.Module], int] = {
    nn.Conv1d: 1,
    nn.Conv2d: 2,
    nn.Conv3d: 3,
    nn.ConvTranspose1d: 1,
    nn.ConvTranspose2d: 2,
    nn.ConvTranspose3d: 3,
}


def meta_copy(model: nn.Module) -> nn.Module:
    """Return a copy of `model` on the meta device, in the same mode, without its hooks.

    The layers of torch in it are in eval mode, so that batch normalization takes a batch of one;
    the modules that hold them keep their mode, which may decide what they compute.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"`model` must be a torch.nn.Module, got {type(model).__name__}")
    memo: dict[int, object] = {}
    for name, module in model.named_modules():
        held = [*module._parameters.values(), *module._buffers.values(), *vars(module).values()]
        for tensor in held:
            if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
                raise ValueError(f"`model` must be run once before, as `{name}` is a lazy layer")
            if isinstance(tensor, nn.Parameter):
                like = torch.empty_like(tensor, device="meta")
                memo[id(tensor)] = nn.Parameter(like, requires_grad=tensor.requires_grad)
            elif isinstance(tensor, Tensor):
                memo[id(tensor)] = torch.empty_like(tensor, device="meta")
    copied = copy.deepcopy(model, memo)
    for module in copied.modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
        if is_layer(module):
            module.eval()
    return copied


def is_layer(module: nn.Module) -> bool:
    """Say whether `module` is a layer of torch, and not something that holds layers."""
    containers = nn.Sequential | nn.ModuleList | nn.ModuleDict
    return type(module).__module__.startswith("torch.nn.") and not isinstance(module, containers)


def meta_image(
    model: nn.Module, input_size: SizeLike, in_channels: int | None
) -> tuple[Tensor, tuple[int, ...]]:
    """Return a batch of one image for `model`, on the meta device, and its size along each axis."""
    first = next((m for m in model.modules() if type(m) in CONVOLUTIONS), None)
    if first is not None:
        axes, channels = CONVOLUTIONS[type(first)], int(first.in_channels)  # type: ignore[arg-type]
    else:
        axes, channels = 0, 0
    size = each_axis(lambda input_size: input_size, input_size=input_size)
    if isinstance(size, int):
        if not axes:
            raise ValueError(
                f"`input_size` must be a tuple, as `model` has no convolution to tell the number "
                f"of axes, got {size}"
            )
        size = (size,) * axes
    if in_channels is None:
        if not channels:
            raise ValueError(
                "`in_channels` must be given, as `model` has no convolution to tell it"
            )
        in_channels = channels
    shape = (1, whole_number("in_channels", in_channels), *size)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    return torch.empty(shape, dtype=dtype, device="meta"), size


def spread(values: int | Sequence[int], axes: int) -> list[int]:
    """Return one value an axis."""
    values = [values] if isinstance(values, int) else list(values)
    return values * axes if len(values) == 1 else values
