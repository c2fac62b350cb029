"""Inception v2 and v3: a stem, modules whose branches run side by side, one linear layer.

C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception Architecture
for Computer Vision", 2015, arXiv:1512.00567. The modules are in `inception_modules.py`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_lib._checks import true_or_false, whole_number
from course_lib.models.inception_modules import (
    REDUCE_TO_8,
    REDUCE_TO_17,
    Branch,
    ConvUnit,
    Module,
    SideHead,
    module_3x3,
    module_5x5,
    module_7x7,
    module_expanded,
)

# A convolution of the stem: name, channels, kernel, stride, padding; a pooling has a name only.
Layer = tuple[str, int, int, int, int] | tuple[str]

STEM_V3: tuple[Layer, ...] = (
    ("Conv2d_1a_3x3", 32, 3, 2, 0),
    ("Conv2d_2a_3x3", 32, 3, 1, 0),
    ("Conv2d_2b_3x3", 64, 3, 1, 1),
    ("maxpool1",),
    ("Conv2d_3b_1x1", 80, 1, 1, 0),
    ("Conv2d_4a_3x3", 192, 3, 1, 0),
    ("maxpool2",),
)
STEM_V2: tuple[Layer, ...] = (  # table 1 of the paper; three of 3 x 3 in place of one of 7 x 7
    *STEM_V3[:4],
    ("Conv2d_3b_3x3", 80, 3, 1, 0),
    ("Conv2d_4a_3x3", 192, 3, 2, 0),
    ("Conv2d_4b_3x3", 288, 3, 1, 1),  # padded, though the table doesn't say it: 35 stays 35
)
Modules = dict[str, tuple[Branch, ...]]

MODULES_V3: Modules = {
    "Mixed_5b": module_5x5(32),
    "Mixed_5c": module_5x5(64),
    "Mixed_5d": module_5x5(64),
    "Mixed_6a": REDUCE_TO_17,
    "Mixed_6b": module_7x7(128),
    "Mixed_6c": module_7x7(160),
    "Mixed_6d": module_7x7(160),
    "Mixed_6e": module_7x7(192),
    "Mixed_7a": REDUCE_TO_8,
    "Mixed_7b": module_expanded(),
    "Mixed_7c": module_expanded(),
}
MODULES_V2: Modules = {
    "Mixed_5b": module_3x3(),
    "Mixed_5c": module_3x3(),
    "Mixed_5d": module_3x3(),
    "Mixed_6a": REDUCE_TO_17,
    "Mixed_6b": module_7x7(128),
    "Mixed_6c": module_7x7(160),
    "Mixed_6d": module_7x7(160),
    "Mixed_6e": module_7x7(160),
    "Mixed_6f": module_7x7(192),
    "Mixed_7a": REDUCE_TO_8,
    "Mixed_7b": module_expanded(),
    "Mixed_7c": module_expanded(),
}


class InceptionOutputs(NamedTuple):
    """What a network with a side head gives in train mode: logits (N, K), and those of the head."""

    logits: Tensor
    aux_logits: Tensor


class Inception(nn.Module):
    """A network of the family; use `inception_v2` or `inception_v3`."""

    AuxLogits: SideHead | None

    def __init__(
        self,
        stem: tuple[Layer, ...],
        modules: Modules,
        num_classes: int,
        *,
        in_channels: int,
        aux_logits: bool,
        aux_batch_norm: bool,
        dropout: float,
        transform_input: bool = False,
    ) -> None:
        """Build the layers in the order of the data."""
        super().__init__()
        classes = whole_number("num_classes", num_classes)
        channels = whole_number("in_channels", in_channels)
        if isinstance(dropout, bool | str) or not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be at least 0 and below 1, got {dropout!r}")
        if true_or_false("transform_input", transform_input) and channels != 3:
            raise ValueError(f"`transform_input` must be False for {channels} channels, got True")
        self.aux_logits = true_or_false("aux_logits", aux_logits)
        self.transform_input = transform_input
        self._order = [layer[0] for layer in stem] + list(modules)
        for layer in stem:
            if len(layer) == 1:
                self.add_module(layer[0], nn.MaxPool2d(3, stride=2))
                continue
            name, out, kernel, stride, padding = layer
            self.add_module(name, ConvUnit(channels, out, kernel, stride=stride, padding=padding))
            channels = out
        self.AuxLogits = None
        for name, branches in modules.items():
            if name == "Mixed_7a" and aux_logits:  # its maps are those of 17 x 17
                self.AuxLogits = SideHead(channels, classes, batch_norm=aux_batch_norm)
            module = Module(channels, branches)
            self.add_module(name, module)
            channels = module.out_channels
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, classes)
        self._initialize()

    def _initialize(self) -> None:
        """Draw the weights as torchvision does, which took it from TensorFlow."""
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                side = self.AuxLogits is not None and part is self.AuxLogits.fc
                # a normal distribution cut at 20 standard deviations (the side head's: at 2,000)
                nn.init.trunc_normal_(part.weight, std=1e-3 if side else 0.1, a=-2, b=2)

    def forward(self, images: Tensor) -> Tensor | InceptionOutputs:
        """Images (N, C, H, W) to logits (N, K); to two of them if the side head trains."""
        maps = _rescale(images) if self.transform_input else images
        aux = None
        for name in self._order:
            if name == "Mixed_7a" and self.AuxLogits is not None and self.training:
                aux = self.AuxLogits(maps)
            maps = getattr(self, name)(maps)
        logits: Tensor = self.fc(self.dropout(self.avgpool(maps)).flatten(1))
        return logits if aux is None else InceptionOutputs(logits, aux)


def inception_v2(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    aux_logits: bool = True,
    dropout: float = 0.5,
) -> Inception:
    """Inception-v2 as the paper "Rethinking the Inception Architecture" describes it in section 6.

    `(N, C, H, W) -> (N, K)`; made for images of 299 x 299, at least 75 x 75; to train with the side
    head, at least 299 x 299.

    >>> inception_v2(10, in_channels=1)(torch.zeros(2, 1, 299, 299)).aux_logits.shape
    torch.Size([2, 10])

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.
        aux_logits: Whether there is a side head. In train mode the network then gives
            `InceptionOutputs`; in eval mode always the logits alone.
        dropout: Probability in front of the last layer, from 0 to below 1. The paper names none.

    Raises:
        ValueError: If an argument is out of its range.

    What it is: table 1. Three modules of figure 5 on 288 maps of 35 x 35, five of figure 6 (n = 7)
    on 768 of 17 x 17, two of figure 7 on 8 x 8, from 1,280 maps to 2,048. The first layer of
    7 x 7 is three of 3 x 3 already, as in the table; table 3 of the same paper lists that as
    a later change.

    What is chosen: the widths inside the modules, and the forms of the two reductions ("variations"
    of figure 10), which were in a file next to the paper. They are those of `inception_v3`; of the
    five modules of 17 x 17, the middle three have v3's middle width, 160. The mean stays in front
    of 1 x 1, the sixth convolution is padded (35 x 35 in the table before and after it), and the
    fully connected layer of the side head is not normalized: that came with v3.

    Layers: the longest path has 54 with weights, counted as GoogLeNet's 22 are. The paper says 42
    and not how. 42 are the convolutions if 1 x 7 and 7 x 1 count as the one layer they replace.

    The same name means another network elsewhere: BN-Inception, which is GoogLeNet with batch
    normalization (Ioffe and Szegedy, 2015, arXiv:1502.03167). Weights of one don't fit the other.

    Parameters: 29,280,176 with the side head, 25,954,248 without. MACs at 299 x 299: 6,352,562,784.
    Receptive field: 1519 pixels. There is no twin to check it against: the sizes are those of the
    paper's table, and the parts those of `inception_v3`, which is checked.

    Derived in the chapter Inception v2 and v3 (book/12_inception.md).
    """
    return Inception(
        STEM_V2,
        MODULES_V2,
        num_classes,
        in_channels=in_channels,
        aux_logits=aux_logits,
        aux_batch_norm=False,
        dropout=dropout,
    )


def inception_v3(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    aux_logits: bool = True,
    dropout: float = 0.5,
    transform_input: bool = False,
) -> Inception:
    """Inception-v3 as libraries have it; its weights are those of torchvision's `inception_v3`.

    `(N, C, H, W) -> (N, K)`; made for images of 299 x 299, at least 75 x 75; to train with the side
    head, at least 299 x 299.

    >>> inception_v3(10, in_channels=1).eval()(torch.zeros(1, 1, 75, 75)).shape
    torch.Size([1, 10])

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.
        aux_logits: Whether there is a side head. In train mode the network then gives
            `InceptionOutputs`; in eval mode always the logits alone.
        dropout: Probability in front of the last layer, from 0 to below 1. The paper names none.
        transform_input: Whether images come with the mean and standard deviation that torchvision
            gives its networks; they are brought back to [-1, 1], as its stored weights want it.

    Raises:
        ValueError: If an argument is out of its range, or `transform_input` meets an image that
            hasn't 3 channels.

    Deviations from the paper, which calls its best network Inception-v3 and draws only v2: this is
    the network of the released weights. Four modules at 17 x 17, not five; a 5 x 5 kernel in the
    modules at 35 x 35; 1 x 1 to 80 maps and a second pooling in the stem. The longest path has 48
    layers with weights. RMSProp and label smoothing are ways to train and not in a network.

    Checked against torchvision's `inception_v3` (weights both ways; logits and gradients in
    float64). Parameters: 27,161,264 with the side head, 23,834,568 without. MACs at 299 x 299:
    5,713,216,096. Receptive field: 1311 pixels.

    Derived in the chapter Inception v2 and v3 (book/12_inception.md).
    """
    return Inception(
        STEM_V3,
        MODULES_V3,
        num_classes,
        in_channels=in_channels,
        aux_logits=aux_logits,
        aux_batch_norm=True,
        dropout=dropout,
        transform_input=transform_input,
    )


def _rescale(images: Tensor) -> Tensor:
    """From the mean and deviation of ImageNet, channel by channel, to a range of [-1, 1]."""
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    channels = zip(images.unbind(dim=1), means, deviations, strict=True)
    parts = [x * (deviation / 0.5) + (mean - 0.5) / 0.5 for x, mean, deviation in channels]
    return torch.stack(parts, dim=1)
