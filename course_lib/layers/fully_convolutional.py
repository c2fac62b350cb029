"""A classifier for one size of image becomes a network for every larger size.

A fully connected layer over a map of C channels and h × w positions is a convolution with a kernel
of h × w that fits once; over a vector, it is one with a kernel of one position. The network is
traced with `torch.fx`, and its graph is written anew, node by node (`_conversion.py`).
"""

import torch
from torch import nn

from course_lib._checks import SizeLike
from course_lib._meta import free_copy, meta_copy, meta_image, reason, without_numbers
from course_lib.layers._conversion import Conversion


def fully_convolutional(
    model: nn.Module, input_size: SizeLike, *, in_channels: int | None = None
) -> nn.Module:
    """Return `model` with a convolution in place of each fully connected layer.

    Shapes: where `model` makes (N, C, *input_size) -> (N, K), the result makes
    (N, C, *input_size) -> (N, K, 1, 1), and a map of predictions from a larger image.

    >>> lenet = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(864, 10))
    >>> anywhere = fully_convolutional(lenet, 28)
    >>> anywhere(torch.rand(1, 1, 28, 28)).shape, anywhere(torch.rand(1, 1, 64, 40)).shape
    (torch.Size([1, 10, 1, 1]), torch.Size([1, 10, 19, 7]))

    Args:
        model: a network that `torch.fx` can trace; it stays as it is.
        input_size: the size of the images that `model` was trained on, in pixels along each axis;
            an int for every axis of the first convolution. 1 to 3 axes.
        in_channels: channels of the image, at least 1; by default those that the first convolution
            of `model` takes.

    Returns:
        A new module in eval mode with weights of its own, copied: training it does not change
        `model`. Its layers have the names that they have in `model`.

    Raises:
        ValueError: if the image does not fit the model, the model can't be traced, or a layer can't
            be converted: attention, a product of matrices that is no `nn.Linear`, layers that read
            a map in another order than `flatten`, normalization with statistics of the whole map,
            a global mean that is joined with the map it came from (squeeze and excitation),
            branches that do not fit together on a larger image.

    Position (i, j) of the map is what `model` says of the crop that starts at (i, j) * jump, with
    the jump of `course_lib.arithmetic.receptive_field`. That is exact if the model pads nowhere and
    no pooling rounds up (`ceil_mode`). Where it pads, a crop sees zeros at its border where the map
    sees the image: the numbers differ, though not for an image of the trained size. A mean over the
    whole map gets a window of the trained size and stride 1, and so does adaptive pooling to one
    position; adaptive pooling to its own size disappears; one to a size that divides the map gets
    the windows that it has at the trained size. Cost: one copy of the weights.

    Source: Long, Shelhamer and Darrell (2015), Fully convolutional networks for semantic
    segmentation, section 3.1; Sermanet et al. (2014), OverFeat, section 3.5.

    Derived in the chapter Receptive fields and fully convolutional networks
    (book/07_receptive_fields.md).
    """
    with without_numbers():
        image, _ = meta_image(meta_copy(model), input_size, in_channels)
    copied = free_copy(model).eval()
    try:
        traced = torch.fx.symbolic_trace(copied)
    except Exception as error:
        raise ValueError(
            "`model` must be a network that torch.fx can trace, without decisions that depend on "
            f"the image, got: {reason(error)}"
        ) from error
    return Conversion(traced, image.new_empty(2, *image.shape[1:])).run()
