"""How deep a network is: its layers with weights, along the longest way."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib._checks import SizeLike
from course_lib._meta import meta_copy, meta_image, pixels, reason, without_numbers

_WEIGHTED = (
    "ConvolutionBackward0",
    "AddmmBackward0",
    "MmBackward0",
)  # convolutions; fully connected layers


def count_depth(model: nn.Module, input_size: SizeLike, *, in_channels: int | None = None) -> int:
    """Return how many convolutions and fully connected layers stand one after the other.

    Where ways part, the longest one counts, as in the names of the networks: VGG-19, ResNet-152.
    Pooling, normalization and activations count nothing.

    >>> count_depth(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)), 8)
    2

    Args:
        model: Takes images (1, in_channels, *input_size); run once, in eval mode, without numbers.
        input_size: Rows and columns in pixels, or one number for both.
        in_channels: Of the image; if None, what the first convolution takes.

    Returns:
        The longest way from the output back to the image, as autograd has noted it.

    Raises:
        ValueError: If `model` does not take such an image.

    Cost: one run on the device `meta`, and O(operations).

    Derived in the chapter ResNet (book/13_resnet.md).
    """
    copied = meta_copy(model).eval().requires_grad_(True)
    image, _ = meta_image(copied, input_size, in_channels)
    try:
        with without_numbers(), torch.enable_grad():
            output = copied(image)
    except Exception as error:
        message = f"`model` must take {pixels(image)}, but fails: {reason(error)}"
        raise ValueError(message) from error
    return _longest(output if isinstance(output, Tensor) else output[0])


def _longest(output: Tensor) -> int:
    """Walk the graph of gradients from its leaves to `output`; no recursion, it may be deep."""
    depth: dict[Any, int] = {None: 0}
    stack = [output.grad_fn]
    while stack:
        node = stack[-1]
        before = [parent for parent, _ in node.next_functions] if node else []
        missing = [parent for parent in before if parent not in depth]
        if missing:
            stack += missing
            continue
        if node is not None:
            own = node.name() in _WEIGHTED
            depth[node] = own + max((depth[parent] for parent in before), default=0)
        stack.pop()
    return depth[output.grad_fn]
