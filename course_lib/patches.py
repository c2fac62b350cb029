"""The patches of many images that excite a channel of a network most: what it looks for.

N images, C channels of an image, D channels of a layer, H rows, W columns.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import whole_number
from course_lib.arithmetic import receptive_field


class TopPatches(NamedTuple):
    """For each channel of a layer its most exciting patches, strongest first.

    Attributes:
        patches: (D, count, C, h, w), each as large as the layer's receptive field; 0 where the
            field reaches out of the image.
        images: (D, count), the index of the image that each patch comes from.
        positions: (D, count, 2), row and column of the answer in the layer's map.
        answers: (D, count), the answers.
    """

    patches: Tensor
    images: Tensor
    positions: Tensor
    answers: Tensor


@torch.no_grad()
def top_patches(
    model: nn.Module, layer: str, images: Tensor, *, count: int = 9, batch_size: int = 256
) -> TopPatches:
    """Return, for each channel of `layer`, the patches of `images` to which it answers most.

    `(N, C, H, W) -> (D, count, C, h, w)` and where they were.

    >>> bright = nn.Sequential(nn.Conv2d(1, 1, 2, bias=False))
    >>> _ = nn.init.ones_(bright[0].weight)
    >>> image = torch.tensor([[0.0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 3, 4]])
    >>> found = top_patches(bright, "0", image[None, None], count=1)
    >>> found.patches.flatten().tolist(), found.positions.flatten().tolist()
    ([1.0, 2.0, 3.0, 4.0], [1, 2])

    Args:
        model: Any network of images; it runs in eval mode, on the device of its parameters.
        layer: The name of a module of it, as in `named_modules`, that gives maps (N, D, H', W').
        images: All of one size, on any device.
        count: Patches for each channel, 1 to N: an image gives one at most, that of its strongest
            answer (the first one, if there are several).
        batch_size: Images at a time, at least 1.

    Returns:
        `TopPatches`, on the CPU.

    Raises:
        ValueError: If there is no such layer, it gives no maps, or there are fewer images than
            `count`.

    A patch is cut out where `arithmetic.receptive_field` says that the position looks. Cost: one
    run over all images, and N * D numbers kept.

    Source: Zeiler and Fergus (2014), Visualizing and understanding convolutional networks, section
    4, whose strongest patches stand beside their deconvolutions.
    Derived in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    count, batch_size = whole_number("count", count), whole_number("batch_size", batch_size)
    if images.dim() != 4 or len(images) < count:
        raise ValueError(
            f"`images` must be (N, C, H, W) with N at least `count` {count}, got "
            f"{tuple(images.shape)}"
        )
    modules = dict(model.named_modules())
    if layer not in modules or layer == "":
        names = ", ".join(name for name in modules if name)
        raise ValueError(f"`layer` must be one of {names}, got {layer!r}")
    answers, places, width = _strongest(model, modules[layer], layer, images, batch_size)
    values, order = answers.topk(count, dim=0)  # (count, D)
    where = places.gather(0, order)
    positions = torch.stack([where // width, where % width], dim=-1).transpose(0, 1)
    chosen = order.T

    field = receptive_field(model, images.shape[2:], in_channels=images.shape[1])[layer]
    reach = max(field.receptive_field)
    padded = F.pad(images.cpu(), (reach,) * 4)  # no field that meets the image reaches further
    patches = []
    for indices, spots in zip(chosen.tolist(), positions.tolist(), strict=True):
        row = []
        for index, spot in zip(indices, spots, strict=True):
            (top, bottom), (left, right) = field.window(*spot)
            rows = slice(top + reach, bottom + reach + 1)
            row.append(padded[index, :, rows, left + reach : right + reach + 1])
        patches.append(torch.stack(row))
    return TopPatches(torch.stack(patches), chosen, positions, values.T)


def _strongest(
    model: nn.Module, module: nn.Module, layer: str, images: Tensor, batch_size: int
) -> tuple[Tensor, Tensor, int]:
    """Return the largest answer of each channel to each image, where it was, and the map's width.

    `(N, C, H, W) -> (N, D), (N, D)`
    """
    device = next((p.device for p in model.parameters()), images.device)
    mode = model.training
    kept: list[Tensor] = []
    handle = module.register_forward_hook(lambda m, inputs, output: kept.append(output))
    answers, places, width = [], [], 0
    try:
        model.eval()
        for part in torch.split(images, batch_size):
            kept.clear()
            model(part.to(device))
            maps = kept[0] if kept else None
            if not isinstance(maps, Tensor) or maps.dim() != 4:
                raise ValueError(f"`layer` must give maps (N, D, H, W), but {layer!r} does not")
            width = maps.shape[3]
            best = maps.flatten(2).max(dim=2)
            answers.append(best.values.cpu())
            places.append(best.indices.cpu())
    finally:
        handle.remove()
        model.train(mode)
    return torch.cat(answers), torch.cat(places), width
