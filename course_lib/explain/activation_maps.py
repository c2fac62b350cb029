"""Class activation maps, and Grad-CAM, which is the same for networks that end otherwise.

N images, C channels, K classes, D maps of H' x W' places; image and maps may have three axes, too.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.explain._running import Watch, chosen, classes, explained

MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _enlarged(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Return maps (N, K, ...) interpolated to the `size` of the image, pixels being squares."""
    return F.interpolate(maps, tuple(size), mode=MODES[len(size)], align_corners=False)


@torch.no_grad()
def class_activation_map(
    model: nn.Module, images: Tensor, target: int | Tensor | None = None, *, upsample: bool = True
) -> Tensor:
    """Return what each place adds to the logit of a class.

    `(N, C, H, W) -> (N, H, W)`, or `(N, K, H, W)` for all classes.

    For a network that ends with global average pooling and one linear layer, as ResNet, DenseNet
    and GoogLeNet do, the logit *is* a mean over places: logit = mean(map) + bias. So this is no
    estimate; before the enlargement, the map adds up to the logit exactly, which is checked.

    >>> model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    >>> _ = nn.init.ones_(model[2].weight)
    >>> class_activation_map(model, torch.tensor([[[[0.0, 4], [0, 0]]]]), 1).tolist()
    [[[0.0, 4.0], [0.0, 0.0]]]

    Args:
        model: Gives logits (N, K). After the last global average pooling comes one linear layer, or
            none (Network in Network).
        images: Of a floating type, at least one.
        target: A class for all images, or (N,) one for each; None gives the maps of all classes.
        upsample: Enlarge to the image's size, bilinear; else as small as the network's maps.

    Returns:
        In units of the logit, negative where a place speaks against the class.

    Raises:
        ValueError: If the network doesn't end so, or `target` is no class.

    Source: Zhou, Khosla, Lapedriza, Oliva and Torralba (2016), Learning deep features for
    discriminative localization, equation 2; CheXNet's section 6 uses it.
    """
    with explained(model, images) as inputs, Watch() as watch:
        logits = model(inputs)
    if watch.pooled is None or not watch.pooled[1] or len(watch.linears) > 1:
        raise ValueError(
            "`model` must end with global average pooling and at most one linear layer, got "
            f"{'no such pooling' if not watch.pooled or not watch.pooled[1] else ''}"
            f"{len(watch.linears) or 'no'} linear layers; grad_cam takes any network"
        )
    maps: Tensor = watch.pooled[0]
    if watch.linears:
        weight, bias = watch.linears[0]
        maps = torch.einsum("nd...,kd->nk...", maps, weight.to(maps.dtype))
    means = maps.flatten(2).mean(dim=2) + (bias if watch.linears and bias is not None else 0)
    if means.shape != logits.shape or not torch.allclose(means, logits, rtol=1e-3, atol=1e-3):
        raise ValueError(
            "`model` must give the linear layer of its averaged maps as logits, got others: "
            "something lies between; grad_cam takes any network"
        )
    if upsample:
        maps = _enlarged(maps, images.shape[2:])
    if target is None:
        return maps
    return maps[torch.arange(len(maps), device=maps.device), classes(logits, target)]


def grad_cam(
    model: nn.Module,
    images: Tensor,
    target: int | Tensor,
    *,
    layer: str | None = None,
    upsample: bool = True,
) -> Tensor:
    """Return the maps of a layer, weighted by how the logit of a class changes with each.

    `(N, C, H, W) -> (N, H, W)`

    The weight of a map is the mean of the logit's gradient over its places; what is negative in
    the sum is cut off. With global average pooling and a linear layer behind the maps, this is the
    positive part of the class activation map, divided by the number of places.

    >>> model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    >>> _ = nn.init.ones_(model[2].weight)
    >>> grad_cam(model, torch.tensor([[[[0.0, 4], [0, -4]]]]), 1).tolist()
    [[[0.0, 1.0], [0.0, 0.0]]]

    Args:
        model: Gives logits (N, K).
        images: Of a floating type, at least one.
        target: A class for all images, or (N,) one for each.
        layer: The name of a module with maps (N, D, H', W'), as in `named_modules`. None takes
            the maps that go into the last average pooling of adaptive size; without one, what the
            last convolution gives that has more than one place.
        upsample: Enlarge to the image's size, bilinear.

    Returns:
        At least 0. Its scale says nothing across images.

    Raises:
        ValueError: If there is no such layer, it gives no maps, or `target` is no class.

    Source: Selvaraju et al. (2017), Grad-CAM: visual explanations from deep networks via
    gradient-based localization, equations 1 and 2.
    """
    found: list[Tensor] = []
    modules = dict(model.named_modules())
    if layer is not None and (layer not in modules or layer == ""):
        names = ", ".join(name for name in modules if name)
        raise ValueError(f"`layer` must be one of {names}, got {layer!r}")
    handle = None
    if layer is not None:
        handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output))
    try:
        with explained(model, images) as inputs, torch.enable_grad(), Watch() as watch:
            logits = model(inputs.requires_grad_())
    finally:
        if handle:
            handle.remove()
    if layer is None:
        found = [m for m in (watch.pooled and watch.pooled[0], watch.convolved) if m is not None]
    if not found or not isinstance(found[0], Tensor) or found[0].dim() != images.dim():
        raise ValueError(
            f"`layer` must give maps (N, D, H', W'), got "
            f"{[tuple(m.shape) if isinstance(m, Tensor) else type(m).__name__ for m in found]}"
        )
    maps = found[0] if layer is None else found[-1]
    (slopes,) = torch.autograd.grad(chosen(logits, target).sum(), maps)
    weights = slopes.flatten(2).mean(dim=2)
    map_ = torch.einsum("nd...,nd->n...", maps.detach(), weights).relu()
    return _enlarged(map_[:, None], images.shape[2:])[:, 0] if upsample else map_
