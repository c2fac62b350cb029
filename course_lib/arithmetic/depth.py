"""How deep is a network: the most layers with weights on a way from the image to an output."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_lib._checks import SizeLike
from course_lib._meta import meta_copy, meta_image, pixels, reason, without_numbers

_WITH_WEIGHTS = {
    torch.ops.aten.convolution.default,
    torch.ops.aten.addmm.default,
    torch.ops.aten.mm.default,
}


class _Steps(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Give each tensor the number of layers with weights on the longest way to it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.steps: dict[int, int] = {}
        self.kept: list[Tensor] = []  # an id must not be given twice

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        before = [self.of(t) for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        depth = max(before, default=0) + (func in _WITH_WEIGHTS)
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self.steps[id(tensor)] = depth
                self.kept.append(tensor)
        return result

    def of(self, tensor: Tensor) -> int:
        """Return the depth of a tensor; 0 for an image or a weight."""
        return self.steps.get(id(tensor), 0)


def count_depth(model: nn.Module, input_size: SizeLike, *, in_channels: int | None = None) -> int:
    """Return how many layers with weights the longest way through `model` has.

    Counted: convolutions and fully connected layers. Not counted: pooling, activations,
    normalization, and layers that lie side by side with a longer way, such as projections on the
    shortcuts of a ResNet.

    >>> count_depth(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Conv2d(6, 6, 5)), 32)
    2

    Args:
        model: The network, on any device; it is copied without its numbers, and its mode matters
            as in `count_macs`.
        input_size: Pixels of the image along each axis, at least 1.
        in_channels: As in `count_macs`.

    Raises:
        ValueError: If the image does not fit the model.

    Cost: one run without numbers.

    Source: the definition; 8, 22 and 34 layers of AlexNet, GoogLeNet and ResNet-34 in their papers.
    Used in the chapter Choosing an architecture (book/15_choosing.md).
    """
    counter = _Steps()
    with without_numbers():
        copied = meta_copy(model)
        image, _ = meta_image(copied, input_size, in_channels)
        try:
            with counter:
                output = copied(image)
        except Exception as error:
            raise ValueError(
                f"`model` must take {pixels(image)}, but fails: {reason(error)}"
            ) from error
    tensors = (tensor for tensor in tree_leaves(output) if isinstance(tensor, Tensor))
    return max((counter.of(tensor) for tensor in tensors), default=0)
