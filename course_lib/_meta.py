"""A copy of a model without its numbers: shapes at no cost, and the original stays untouched."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

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
        for tensor in tree_leaves(vars(module)):  # also those in lists and dictionaries
            if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
                raise ValueError(f"`model` must be run once before, as `{name}` is a lazy layer")
            if isinstance(tensor, nn.Parameter):
                like = torch.empty_like(tensor, device="meta")
                memo[id(tensor)] = nn.Parameter(like, requires_grad=tensor.requires_grad)
            elif isinstance(tensor, Tensor):
                memo[id(tensor)] = torch.empty_like(tensor, device="meta")
    copied = free_copy(model, memo)
    for module in copied.modules():
        if is_layer(module):
            module.eval()
    return copied


def free_copy(model: nn.Module, memo: dict[int, Any] | None = None) -> nn.Module:
    """Return a copy of `model` without its hooks; `memo` as in `copy.deepcopy`."""
    try:
        copied: nn.Module = copy.deepcopy(model, memo)
    except Exception as error:
        raise ValueError(f"`model` must be possible to copy, but: {reason(error)}") from error
    for module in copied.modules():
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        ):
            hooks.clear()
    return copied


class _RefuseMisfits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuse a kernel larger than its map, which the meta device of torch 2.6 takes for empty."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default and not result.numel() and args[0].numel():
            raise RuntimeError(f"Kernel size can't be greater than {tuple(args[0].shape[2:])}")
        return result


@contextmanager
def without_numbers() -> Iterator[None]:
    """Make new tensors on the meta device, and leave gradients and random numbers as they are."""
    with (
        torch.random.fork_rng(devices=[]),
        torch.inference_mode(False),
        torch.no_grad(),
        torch.device("meta"),
        _RefuseMisfits(),  # type: ignore[no-untyped-call]
    ):
        yield


def reason(error: Exception) -> str:
    """Return the first line of what `error` says, or its class if it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def pixels(image: Tensor) -> str:
    """Say in words what image was tried."""
    size, channels = " × ".join(map(str, image.shape[2:])), image.shape[1]
    return f"an image of {size} pixels with {channels} channel{'s' * (channels > 1)}"


def is_layer(module: nn.Module) -> bool:
    """Say whether `module` is a layer of torch, and not something that holds layers."""
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.DataParallel)
    return type(module).__module__.startswith("torch.nn.") and not isinstance(module, containers)


def meta_image(
    model: nn.Module, input_size: SizeLike, in_channels: int | None
) -> tuple[Tensor, tuple[int, ...]]:
    """Return a batch of one image for `model`, on the meta device, and its size along each axis."""
    kinds = tuple(CONVOLUTIONS)
    found = [m for m in model.modules() if isinstance(m, kinds)]
    ranks = [next(n for kind, n in CONVOLUTIONS.items() if isinstance(m, kind)) for m in found]
    axes = ranks[0] if found else 0
    channels = int(found[0].in_channels) if found else 0  # type: ignore[arg-type]
    size = each_axis(lambda input_size: input_size, input_size=input_size)
    if isinstance(size, int):
        if not axes:
            raise ValueError(
                f"`input_size` must be a tuple, as `model` has no convolution to tell the number "
                f"of axes, got {size}"
            )
        size = (size,) * axes
    if len(size) < min(ranks, default=1):  # torch would take the channels for an axis
        raise ValueError(
            f"`input_size` must be an int or {axes} values, one for each axis of the first "
            f"convolution, got {size}"
        )
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
