"""Run a model for an explanation: in eval mode, watched, and left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_lib._checks import whole_number_from


class Watch(TorchFunctionMode):
    """While it is active, keep the maps that are averaged, and what is done with the averages.

    Attributes:
        pooled: The input of the last adaptive average pooling or mean over all places, and whether
            it left one number a channel.
        convolved: What the last convolution gave that has more than one place.
        linears: Weight and bias of each linear layer since that pooling.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pooled: tuple[Tensor, bool] | None = None
        self.convolved: Tensor | None = None
        self.linears: list[tuple[Tensor, Tensor | None]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run the function, and note what it did."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name.startswith("conv") and isinstance(result, Tensor):
            if result.shape[2:].numel() > 1:
                self.convolved = result
        elif name.startswith("adaptive_avg_pool") or name == "mean":
            maps = args[0] if args else kwargs["input"]
            places = maps.dim() - 2
            if places > 0 and result.shape[:2] == maps.shape[:2]:
                self.pooled = maps, result.numel() == maps.shape[0] * maps.shape[1]
                self.linears = []
        elif name == "linear":
            given = dict(zip(("input", "weight", "bias"), args, strict=False)) | kwargs
            self.linears.append((given["weight"], given.get("bias")))
        return result


@contextmanager
def explained(model: nn.Module, images: Tensor) -> Iterator[Tensor]:
    """Put `model` into eval mode for a while, and give the `images` on its device."""
    if images.dim() < 3 or not len(images):
        raise ValueError(
            f"`images` must be (N, C, H, W) with at least one image, got {tuple(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(f"`images` must be of a floating type, got {images.dtype}")
    modes = [(module, module.training) for module in model.modules()]
    device = next((p.device for p in model.parameters()), images.device)
    model.eval()
    try:
        yield images.detach().to(device)
    finally:
        for module, mode in modes:
            module.training = mode


def chosen(logits: Tensor, target: int | Tensor) -> Tensor:
    """Return for each image the logit of its class `target`: `(N, K) -> (N,)`."""
    if logits.dim() != 2:
        raise ValueError(f"`model` must give logits (N, K), got {tuple(logits.shape)}")
    return logits.gather(1, classes(logits, target)[:, None])[:, 0]


def classes(logits: Tensor, target: int | Tensor) -> Tensor:
    """Return the class of each image, (N,), on the device of `logits`."""
    n, k = logits.shape
    if not isinstance(target, Tensor):
        target = torch.tensor(whole_number_from(0, k - 1, "target", target)).expand(n)
    wrong = target.is_floating_point() or target.dtype == torch.bool or target.shape != (n,)
    if wrong or target.min() < 0 or target.max() >= k:
        raise ValueError(
            f"`target` must be a class from 0 to {k - 1}, or one for each of {n} images, got "
            f"{target.dtype} {tuple(target.shape)} "
            f"{target.flatten()[:4].tolist()}{'...' if target.numel() > 4 else ''}"
        )
    return target.to(logits.device, torch.int64)
