"""How the logit of a class changes with each pixel."""

import torch
from torch import Tensor, nn

from course_lib.explain._running import chosen, explained


def input_gradient(model: nn.Module, images: Tensor, target: int | Tensor) -> Tensor:
    """Return the gradient of the logit of a class with respect to the image.

    `(N, C, H, W) -> (N, C, H, W)`

    The sum of its absolute values over the channels is the saliency map that Esteva et al. (2017)
    show: `input_gradient(...).abs().sum(dim=1)`.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
    >>> _ = model[1].weight.data.copy_(torch.tensor([[1.0, -2, 0, 3]]))
    >>> input_gradient(model, torch.zeros(1, 1, 2, 2), 0).flatten().tolist()
    [1.0, -2.0, 0.0, 3.0]

    Args:
        model: Gives logits (N, K); it runs in eval mode, and its own gradients stay untouched.
        images: Of a floating type, at least one.
        target: A class for all images, or (N,) one for each.

    Returns:
        Logit per unit of the pixel, on the device of `model`.

    Raises:
        ValueError: If `target` is no class.

    Source: Simonyan, Vedaldi and Zisserman (2014), Deep inside convolutional networks, section 3.
    """
    with explained(model, images) as inputs, torch.enable_grad():
        logits = model(inputs.requires_grad_())
        (slope,) = torch.autograd.grad(chosen(logits, target).sum(), inputs)
    return slope
