"""Parameters and multiply-accumulates of a whole network."""

from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib._checks import SizeLike, true_or_false
from course_lib._meta import meta_copy, meta_image, pixels, reason, without_numbers


def count_parameters(model: nn.Module, *, trainable: bool = False) -> int:
    """Return how many numbers `model` learns.

    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.Flatten())
    >>> count_parameters(model)
    168
    >>> _ = model[0].requires_grad_(False)
    >>> count_parameters(model, trainable=True)
    12

    Args:
        model: any module; a parameter that two layers share counts once.
        trainable: count only the parameters that have `requires_grad`, and not the frozen ones.

    Returns:
        The number of parameters. Buffers, as the running mean of batch normalization, are none.

    Raises:
        ValueError: if `model` is not a module, or a lazy layer in it has no shape yet.

    Cost: O(number of parameter tensors); no number is read.

    Source: the definition; `num_params` of the weights of torchvision is the same count.

    Derived in the chapter Receptive fields and fully convolutional networks
    (book/07_receptive_fields.md).
    """
    true_or_false("trainable", trainable)
    if not isinstance(model, nn.Module):
        raise ValueError(f"`model` must be a torch.nn.Module, got {type(model).__name__}")
    for name, parameter in model.named_parameters():
        if nn.parameter.is_lazy(parameter):
            raise ValueError(f"`model` must be run once before, as `{name}` is of a lazy layer")
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)


def count_macs(model: nn.Module, input_size: SizeLike, *, in_channels: int | None = None) -> int:
    """Return the multiply-accumulates of one run of `model` on one image.

    Counted: each multiplication with its addition in convolutions (padded zeros included, the
    transposed ones, too), in fully connected layers, and in products of matrices: also the two of
    attention, and those inside of recurrent layers. Not counted: biases, normalization,
    activations, pooling, sums of branches, interpolation, products with a single vector. Twice as
    many FLOPs.

    Shapes: any model that takes an image (1, in_channels, *input_size), with 1 to 3 axes.

    >>> count_macs(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU()), 32)
    117600

    Args:
        model: the network, on any device. It is copied without its numbers: weights, device, mode
            and gradients stay as they are. What it computes may depend on its mode: call `eval()`
            first, if heads that only train are not to be counted.
        input_size: pixels of the image along each axis, at least 1; an int for every axis of the
            first convolution.
        in_channels: channels of the image, at least 1; by default those that the first convolution
            of `model` takes.

    Returns:
        The number of multiply-accumulates (MACs); for a batch, multiply by its size.

    Raises:
        ValueError: if the image does not fit the model, or what the model computes depends on the
            values of the image.

    Cost: one run without numbers.

    Source: `torch.utils.flop_counter.FlopCounterMode`, halved; `_ops` of the weights of torchvision
    is the same count in billions, rounded.

    Derived in the chapter Receptive fields and fully convolutional networks
    (book/07_receptive_fields.md).
    """
    counter = FlopCounterMode(display=False)
    with without_numbers():
        copied = meta_copy(model)
        image, _ = meta_image(copied, input_size, in_channels)
        try:
            with counter:
                copied(image)
        except Exception as error:
            raise ValueError(
                f"`model` must take {pixels(image)}, but fails: {reason(error)}"
            ) from error
    return int(counter.get_total_flops()) // 2
