"""DenseNet: every layer of a block sees the maps of all layers before it.

Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", CVPR 2017,
arXiv 1608.06993; the variant with bottlenecks and compression (DenseNet-BC). Checked against
torchvision: weights load both ways, logits and gradients are equal.

A layer adds k maps, the growth rate: it makes 4k maps by 1 x 1 (the bottleneck), then k by 3 x 3.
A transition between two blocks keeps half of the maps and halves their size.
N images, C maps, H rows, W columns, K classes.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from course_lib._checks import true_or_false, whole_number

# Depth: growth rate, maps of the stem, layers of the four blocks. Table 1; 161 as in torchvision.
_TABLE = {
    121: (32, 64, (6, 12, 24, 16)),
    161: (48, 96, (6, 12, 36, 24)),
    169: (32, 64, (6, 12, 32, 32)),
    201: (32, 64, (6, 12, 48, 32)),
}


class _DenseLayer(nn.Module):
    """Normalization before each convolution, as in the paper: BN, ReLU, 1 x 1, BN, ReLU, 3 x 3."""

    def __init__(
        self, channels: int, growth_rate: int, bottleneck: int, dropout: float, frugal: bool
    ) -> None:
        super().__init__()
        inner = bottleneck * growth_rate
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, growth_rate, 3, padding=1, bias=False)
        self.dropout = dropout
        self.frugal = frugal

    def squeeze(self, *maps: Tensor) -> Tensor:
        """Join all maps and bring them down to the bottleneck."""
        squeezed: Tensor = self.conv1(F.relu(self.norm1(torch.cat(maps, 1)), inplace=True))
        return squeezed

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return `growth_rate` new maps."""
        if self.frugal and torch.is_grad_enabled() and any(x.requires_grad for x in maps):
            squeezed: Tensor = checkpoint(self.squeeze, *maps, use_reentrant=False)
        else:
            squeezed = self.squeeze(*maps)
        new: Tensor = self.conv2(F.relu(self.norm2(squeezed), inplace=True))
        return F.dropout(new, self.dropout, self.training) if self.dropout else new


class _DenseBlock(nn.ModuleDict):
    """Layers that each see everything before them: L layers, L (L + 1) / 2 connections."""

    def __init__(
        self,
        layers: int,
        channels: int,
        growth_rate: int,
        bottleneck: int,
        dropout: float,
        frugal: bool,
    ) -> None:
        super().__init__()
        for n in range(layers):
            self[f"denselayer{n + 1}"] = _DenseLayer(
                channels + n * growth_rate, growth_rate, bottleneck, dropout, frugal
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps of the input and of every layer, one after the other."""
        maps = [x]
        for layer in self.values():
            maps.append(layer(maps))
        return torch.cat(maps, 1)


def _transition(channels: int, kept: int) -> nn.Sequential:
    block = nn.Sequential()
    block.add_module("norm", nn.BatchNorm2d(channels))
    block.add_module("relu", nn.ReLU(inplace=True))
    block.add_module("conv", nn.Conv2d(channels, kept, 1, bias=False))
    block.add_module("pool", nn.AvgPool2d(2, stride=2))
    return block


class DenseNet(nn.Module):
    """A DenseNet-BC of any size; the named ones are `densenet121` and its siblings.

    `(N, C, H, W) -> (N, K)`, H and W at least 4 times 2 for each transition.

    >>> small = DenseNet(5, in_channels=1, growth_rate=4, blocks=(2, 2), stem=8)
    >>> small(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 5])

    Args:
        num_classes: K, at least 1.
        in_channels: Channels of an image, at least 1.
        growth_rate: Maps that each layer adds, k of the paper.
        blocks: Layers in each block.
        stem: Maps after the first convolution.
        bottleneck: The 1 x 1 convolution gives `bottleneck * growth_rate` maps.
        compression: A transition keeps this share of the maps, above 0 and at most 1 (theta).
        dropout: Of each layer's new maps while training, from 0 to below 1.
        small_images: Begin with 3 x 3 at full size instead of 7 x 7, stride 2 and pooling.
        memory_efficient: Forget the joined maps after the forward pass and make them again for the
            backward pass: less memory, more time, the same numbers.

    Raises:
        ValueError: If an argument is out of its range.

    Attributes are named as in torchvision, so that its weights fit; ReLUs without weights are
    functions here. Convolutions start as He et al. 2015 drew them, as in torchvision.
    Derived in the chapter DenseNet (book/14_densenet.md).
    """

    def __init__(
        self,
        num_classes: int = 1000,
        *,
        in_channels: int = 3,
        growth_rate: int = 32,
        blocks: Sequence[int] = (6, 12, 24, 16),
        stem: int = 64,
        bottleneck: int = 4,
        compression: float = 0.5,
        dropout: float = 0.0,
        small_images: bool = False,
        memory_efficient: bool = False,
    ) -> None:
        """Build the layers."""
        super().__init__()
        num_classes = whole_number("num_classes", num_classes)
        in_channels = whole_number("in_channels", in_channels)
        growth_rate = whole_number("growth_rate", growth_rate)
        bottleneck = whole_number("bottleneck", bottleneck)
        channels = whole_number("stem", stem)
        if not 0 < compression <= 1:
            raise ValueError(f"`compression` must be above 0 and at most 1, got {compression!r}")
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be from 0 to below 1, got {dropout!r}")
        if not len(blocks):
            raise ValueError("`blocks` must have at least one block, got none")
        frugal = true_or_false("memory_efficient", memory_efficient)

        self.features = nn.Sequential()
        add = self.features.add_module
        if true_or_false("small_images", small_images):
            add("conv0", nn.Conv2d(in_channels, channels, 3, padding=1, bias=False))
        else:
            add("conv0", nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False))
            add("norm0", nn.BatchNorm2d(channels))
            add("relu0", nn.ReLU(inplace=True))
            add("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        for n, layers in enumerate(blocks, 1):
            layers = whole_number("blocks", layers)
            block = _DenseBlock(layers, channels, growth_rate, bottleneck, dropout, frugal)
            add(f"denseblock{n}", block)
            channels += layers * growth_rate
            if n < len(blocks):
                kept = int(channels * compression)
                add(f"transition{n}", _transition(channels, kept))
                channels = kept
        add("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        maps = F.relu(self.features(x), inplace=True)
        logits: Tensor = self.classifier(F.adaptive_avg_pool2d(maps, 1).flatten(1))
        return logits


def _densenet(
    depth: int, num_classes: int, in_channels: int, dropout: float, memory_efficient: bool
) -> DenseNet:
    growth_rate, stem, blocks = _TABLE[depth]
    return DenseNet(
        num_classes,
        in_channels=in_channels,
        growth_rate=growth_rate,
        blocks=blocks,
        stem=stem,
        dropout=dropout,
        memory_efficient=memory_efficient,
    )


def densenet121(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    dropout: float = 0.0,
    memory_efficient: bool = False,
) -> DenseNet:
    """Build DenseNet-121, the network of CheXNet: blocks of 6, 12, 24 and 16 layers.

    `(N, C, H, W) -> (N, K)`, H and W at least 29.

    >>> model = densenet121(14, in_channels=1)
    >>> model(torch.zeros(1, 1, 64, 64)).shape
    torch.Size([1, 14])

    Arguments, errors and source as in `DenseNet`. With 1000 classes and 3 channels 7,978,856
    parameters; 2,834,161,664 MACs at 224 x 224; receptive field 2071 pixels, so that every output
    sees the whole image.
    Derived in the chapter DenseNet (book/14_densenet.md).
    """
    return _densenet(121, num_classes, in_channels, dropout, memory_efficient)


def densenet161(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    dropout: float = 0.0,
    memory_efficient: bool = False,
) -> DenseNet:
    """Build DenseNet-161, the widest: 48 maps a layer, blocks of 6, 12, 36 and 24 layers.

    `(N, C, H, W) -> (N, K)`, H and W at least 29.

    Arguments, errors and source as in `DenseNet`. 28,681,000 parameters; 7,727,907,072 MACs at
    224 x 224; receptive field 2967 pixels.
    Derived in the chapter DenseNet (book/14_densenet.md).
    """
    return _densenet(161, num_classes, in_channels, dropout, memory_efficient)


def densenet169(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    dropout: float = 0.0,
    memory_efficient: bool = False,
) -> DenseNet:
    """Build DenseNet-169: blocks of 6, 12, 32 and 32 layers.

    `(N, C, H, W) -> (N, K)`, H and W at least 29.

    Arguments, errors and source as in `DenseNet`. 14,149,480 parameters; 3,359,843,328 MACs at
    224 x 224; receptive field 3351 pixels.
    Derived in the chapter DenseNet (book/14_densenet.md).
    """
    return _densenet(169, num_classes, in_channels, dropout, memory_efficient)


def densenet201(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    dropout: float = 0.0,
    memory_efficient: bool = False,
) -> DenseNet:
    """Build DenseNet-201: blocks of 6, 12, 48 and 32 layers.

    `(N, C, H, W) -> (N, K)`, H and W at least 29.

    Arguments, errors and source as in `DenseNet`. 20,013,928 parameters; 4,291,365,888 MACs at
    224 x 224; receptive field 3863 pixels.
    Derived in the chapter DenseNet (book/14_densenet.md).
    """
    return _densenet(201, num_classes, in_channels, dropout, memory_efficient)


def densenet_cifar(
    num_classes: int = 10,
    *,
    depth: int = 100,
    growth_rate: int = 12,
    in_channels: int = 3,
    dropout: float = 0.0,
    memory_efficient: bool = False,
) -> DenseNet:
    """Build the DenseNet-BC of the paper's experiments on CIFAR: three blocks, 3 x 3 at the start.

    `(N, C, H, W) -> (N, K)`, H and W at least 4.

    >>> model = densenet_cifar(depth=22, growth_rate=8, in_channels=1)
    >>> model(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 10])

    Args:
        num_classes: K, at least 1.
        depth: Layers with weights, 6n + 4: n layers of two convolutions in each block, the first
            convolution, two transitions and the last linear layer.
        growth_rate: Maps that each layer adds, at least 1; the first convolution makes twice as
            many.
        in_channels: C, at least 1.
        dropout: As in `DenseNet`; the paper has 0.2 where images are not augmented.
        memory_efficient: As in `DenseNet`.

    Raises:
        ValueError: If an argument is out of its range.

    Depth 100 with growth rate 12 has 769,162 parameters, 250 with 24 has 15,324,406 and 190 with 40
    25,624,430: 0.8, 15.3 and 25.6 million in the paper's Table 2.
    Derived in the chapter DenseNet (book/14_densenet.md).
    """
    depth = whole_number("depth", depth)
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(f"`depth` must be 6n + 4 with n at least 1, got {depth}")
    growth_rate = whole_number("growth_rate", growth_rate)
    return DenseNet(
        num_classes,
        in_channels=in_channels,
        growth_rate=growth_rate,
        blocks=((depth - 4) // 6,) * 3,
        stem=2 * growth_rate,
        dropout=dropout,
        small_images=True,
        memory_efficient=memory_efficient,
    )
