"""Start from weights that were trained on ImageNet: torchvision's, in our models.

A medical task has other classes than ImageNet, and often gray images. So the first layer and the
head may need to change; everything else is taken over as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

# Files of DenseNet from before 2018 name its layers with a dot, which modules may no longer have.
_DOTTED = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


@dataclass(frozen=True)
class Transfer:
    """What `load_pretrained` did, by names of weights.

    Attributes:
        source: Where the weights come from.
        loaded: Taken over unchanged.
        adapted: Of the first layer, brought to another number of channels.
        fresh: Left as the model had them: a head for other classes, auxiliary heads not given.
        unused: In the source, but not in the model, such as auxiliary heads.
        note: What the weights want of the images, if it is not their `transforms()` alone.
    """

    source: str
    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        """Say it in a few lines."""
        lines = [f"{len(self.loaded)} tensors loaded from {self.source}"]
        for names, words in (
            (self.adapted, "adapted to the channels of the images"),
            (self.fresh, "left as they were"),
            (self.unused, "not used"),
        ):
            if names:
                lines.append(f"{words}: {_listed(names)}")
        lines += [self.note] if self.note else []
        return "\n".join(lines)


def load_pretrained(
    model: nn.Module, weights: "WeightsEnum | Mapping[str, Tensor]", *, progress: bool = True
) -> Transfer:
    """Load the weights of torchvision's twin into `model`, in place.

    >>> from course_lib.models import densenet121
    >>> given = densenet121(num_classes=1000).state_dict()
    >>> print(load_pretrained(densenet121(14, in_channels=1), given))
    724 tensors loaded from the weights given
    adapted to the channels of the images: features.conv0.weight
    left as they were: classifier.weight, classifier.bias

    Args:
        model: Of `course_lib.models` or of torchvision, of any number of classes and channels.
        weights: A member of torchvision's enumerations, such as
            `torchvision.models.DenseNet121_Weights.IMAGENET1K_V1`, which is downloaded once; or a
            state dict.
        progress: Show the progress of a download.

    Returns:
        What was done, to print.

    Raises:
        ValueError: If weights are missing or of other shapes than the first layer and the heads
            explain. The message names them; nothing was loaded then.

    The first layer: for gray images the kernels of red, green and blue are added up, so that an
    image gets the maps that it would get repeated three times. For C channels each has that sum
    divided by C. The heads (last layers, auxiliary ones too) stay fresh where the number of classes
    differs. Images must be normalized as the weights want it: `weights.transforms()`. Torchvision's
    weights of GoogLeNet and Inception v3 want values from -1 to 1 instead: with three channels
    `model.transform_input` is set, which brings them there; else `note` says it.

    Used in the chapter Choosing an architecture (book/15_choosing.md).
    """
    if isinstance(weights, Mapping):
        source, found = "the weights given", weights
    elif hasattr(weights, "get_state_dict"):
        source, found = repr(weights), weights.get_state_dict(progress=progress, check_hash=True)
    else:
        expected = "a state dict or one of torchvision's enumerations"
        raise ValueError(f"`weights` must be {expected}, got {weights!r}")
    given = {_DOTTED.sub(r"\1\2", name): tensor for name, tensor in found.items()}
    wanted = model.state_dict()
    first, heads = _first_layer(model), _heads(wanted)
    new: dict[str, Tensor] = {}
    adapted, fresh, wrong = [], [], []
    for name, tensor in wanted.items():
        if name not in given:
            if _branch(name):
                fresh.append(name)
            elif not name.endswith("num_batches_tracked"):  # old files have none
                wrong.append(f"{name} is missing")
        elif given[name].shape == tensor.shape:
            new[name] = given[name]
        elif name == first and _differ_in_channels(given[name], tensor):
            new[name] = _change_channels(given[name], tensor.shape[1])
            adapted.append(name)
        elif name.rpartition(".")[0] in heads and given[name].shape[1:] == tensor.shape[1:]:
            fresh.append(name)
        else:
            came, needed = tuple(given[name].shape), tuple(tensor.shape)
            wrong.append(f"{name} has shape {came}, and {needed} is needed")
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        what = f"fit {type(model).__name__}, but {'; '.join(wrong[:3])}{more}"
        raise ValueError(f"`weights` must {what}")
    model.load_state_dict(new, strict=False)
    note = ""
    if not isinstance(weights, Mapping) and hasattr(model, "transform_input"):
        setattr(model, "transform_input", not adapted)  # noqa: B010, mypy takes it for a module
        note = "images must be brought to values from -1 to 1" if adapted else ""
    unused = tuple(name for name in given if name not in wanted)
    loaded = tuple(name for name in new if name not in adapted)
    return Transfer(source, loaded, tuple(adapted), tuple(fresh), unused, note)


def _first_layer(model: nn.Module) -> str:
    """Name the weight of the first convolution."""
    convolutions = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    names = (n for n, module in model.named_modules() if isinstance(module, convolutions))
    return f"{next(names, '')}.weight"


def _heads(weights: Mapping[str, Tensor]) -> set[str]:
    """Name the layers that end in classes: the last one of all, and of each auxiliary branch."""
    layers = [name.rpartition(".")[0] for name, t in weights.items() if t.ndim >= 2]
    return set({_branch(layer): layer for layer in layers}.values())


def _branch(name: str) -> str:
    """Name the auxiliary branch that a weight belongs to; "" for the network itself."""
    top = name.partition(".")[0]
    return top if top.lower().startswith("aux") else ""


def _differ_in_channels(given: Tensor, wanted: Tensor) -> bool:
    return given.ndim == wanted.ndim and (
        given.shape[0] == wanted.shape[0] and given.shape[2:] == wanted.shape[2:]
    )


def _change_channels(kernels: Tensor, channels: int) -> Tensor:
    total = kernels.sum(dim=1, keepdim=True)
    return total.expand(-1, channels, *kernels.shape[2:]) / channels


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
