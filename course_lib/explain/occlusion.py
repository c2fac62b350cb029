"""How the logit of a class falls when a window of the image is covered."""

import torch
from torch import Tensor, nn

from course_lib._checks import pair, whole_number
from course_lib.explain._running import chosen, explained


def _corners(length: int, window: int, stride: int) -> list[int]:
    """Return where windows begin along an axis; the last one ends at the edge.

    >>> _corners(8, 3, 2)
    [0, 2, 4, 5]
    """
    return sorted({*range(0, length - window + 1, stride), length - window})


@torch.no_grad()
def occlusion(
    model: nn.Module,
    images: Tensor,
    target: int | Tensor,
    *,
    window: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    fill: float | Tensor = 0.0,
    batch_size: int = 256,
) -> Tensor:
    """Return by how much the logit of a class falls when a place is covered.

    `(N, C, H, W) -> (N, H, W)`: the mean fall over all windows that cover the pixel.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
    >>> _ = nn.init.ones_(model[1].weight)
    >>> occlusion(model, torch.tensor([[[[1.0, 2], [3, 4]]]]), 0, window=1).tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]

    Args:
        model: Gives logits (N, K).
        images: Of a floating type, at least one.
        target: A class for all images, or (N,) one for each.
        window: Its size in pixels, at most the image's.
        stride: Pixels from window to window, at most `window`, so that each pixel is covered; half
            of `window` if None.
        fill: What covers: a number, or a tensor that broadcasts to the images, such as a blurred
            copy of them. The network's mean gray (0 after normalization) is the mildest.
        batch_size: Images at a time.

    Returns:
        In units of the logit, negative where covering helps; on the device of `model`. Cost: one
        run of `model` for every window.

    Raises:
        ValueError: If the window is larger than the image, the stride than the window, or `target`
            is no class.

    Source: Zeiler and Fergus (2014), Visualizing and understanding convolutional networks,
    section 4.2.
    """
    batch_size, (high, wide) = whole_number("batch_size", batch_size), pair("window", window)
    steps = (max(high // 2, 1), max(wide // 2, 1)) if stride is None else pair("stride", stride)
    if images.dim() != 4 or high > images.shape[2] or wide > images.shape[3]:
        raise ValueError(
            f"`window` must fit into `images` (N, C, H, W), got {(high, wide)} for "
            f"{tuple(images.shape)}"
        )
    if steps[0] > high or steps[1] > wide:
        raise ValueError(f"`stride` must be at most `window` {(high, wide)}, got {steps}")
    with explained(model, images) as inputs:
        cover = torch.as_tensor(fill, dtype=inputs.dtype, device=inputs.device)
        cover = cover.expand_as(inputs)
        before = _logits(model, inputs, target, batch_size)
        fall, times = torch.zeros_like(inputs[:, 0]), torch.zeros_like(inputs[0, 0])
        for top in _corners(inputs.shape[2], high, steps[0]):
            for left in _corners(inputs.shape[3], wide, steps[1]):
                place = (..., slice(top, top + high), slice(left, left + wide))
                covered = inputs.clone()
                covered[place] = cover[place]
                after = _logits(model, covered, target, batch_size)
                fall[place] += (before - after)[:, None, None]
                times[place] += 1
    return fall / times


def _logits(model: nn.Module, images: Tensor, target: int | Tensor, batch_size: int) -> Tensor:
    """Return the logit of its class for each image, some images at a time."""
    return chosen(torch.cat([model(part) for part in torch.split(images, batch_size)]), target)
