"""ResNet for small images, 32 x 32 pixels as in CIFAR-10, and the plain networks beside it.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2. Its
shortcuts have no parameters (option A), so a plain network has exactly as many as its residual
twin: only the sums differ. Checked against the sizes of table 6 of the paper, and against a loop
over its layers. Torchvision has none of them.

No deviations are known; the paper does not say which of the new maps are the zeros: here the last.
N images, C maps, H rows, W columns, K classes.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import true_or_false, whole_number
from course_lib.models.resnet_blocks import BasicBlock, stage


class PaddedShortcut(nn.Module):
    """The shortcut of option A: take every `stride`-th place, and add maps of zeros.

    `(N, C, H, W) -> (N, maps, H / stride, W / stride)`, rounded up.

    >>> import torch
    >>> PaddedShortcut(2, 4, 2)(torch.ones(1, 2, 4, 4)).sum(dim=(0, 2, 3))
    tensor([4., 4., 0., 0.])

    Args:
        channels: Maps that come in.
        maps: Maps that come out, at least `channels`.
        stride: Between the places that are kept.

    Source: the paper, section 3.3. No parameters, no MACs.
    Derived in the chapter ResNet (book/13_resnet.md).
    """

    def __init__(self, channels: int, maps: int, stride: int) -> None:
        """Keep the numbers."""
        super().__init__()
        if maps < channels:
            raise ValueError(f"`maps` must be at least `channels` {channels}, got {maps}")
        self.new, self.stride = maps - channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """Return x, smaller and with more maps."""
        kept = x[:, :, :: self.stride, :: self.stride]
        return F.pad(kept, (0, 0, 0, 0, 0, self.new))

    def extra_repr(self) -> str:
        """Say what is added."""
        return f"zero maps={self.new}, stride={self.stride}"


class CifarResNet(nn.Module):
    """A residual network for small images, or its plain twin: 6n + 2 layers.

    `(N, C, H, W) -> (N, K)`, H and W at least 1; 32 in the paper.

    >>> import torch
    >>> small = CifarResNet(8, in_channels=1, width=4)
    >>> small(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 10])

    Args:
        depth: 6n + 2 for a whole number n: the first convolution, three stages of n blocks with two
            convolutions each, and the classifier.
        num_classes: K, at least 1.
        in_channels: Channels of an image, at least 1.
        shortcut: False gives the plain twin, with as many parameters.
        width: Maps of the first stage; the second has twice, the third four times as many.

    Raises:
        ValueError: If an argument is out of its range.

    Convolutions and classifier start as He et al. 2015 drew them, by fan-in, biases at 0.
    Derived in the chapter ResNet (book/13_resnet.md).
    """

    def __init__(
        self,
        depth: int,
        num_classes: int = 10,
        *,
        in_channels: int = 3,
        shortcut: bool = True,
        width: int = 16,
    ) -> None:
        """Build the layers."""
        super().__init__()
        depth = whole_number("depth", depth)
        blocks, left = divmod(depth - 2, 6)
        if blocks < 1 or left:
            raise ValueError(f"`depth` must be 6n + 2, such as 8, 14 or 20, got {depth}")
        num_classes = whole_number("num_classes", num_classes)
        in_channels = whole_number("in_channels", in_channels)
        shortcut = true_or_false("shortcut", shortcut)
        width = whole_number("width", width)

        def block(channels: int, width: int, stride: int = 1) -> BasicBlock:
            return BasicBlock(channels, width, stride, shortcut=shortcut)

        match = PaddedShortcut if shortcut else None
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = stage(block, blocks, width, width, 1, match)
        self.layer2 = stage(block, blocks, width, 2 * width, 2, match)
        self.layer3 = stage(block, blocks, 2 * width, 4 * width, 2, match)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        maps = self.relu(self.bn1(self.conv1(x)))
        maps = self.layer3(self.layer2(self.layer1(maps)))
        logits: Tensor = self.fc(self.avgpool(maps).flatten(1))
        return logits


def resnet20_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build ResNet-20 for small images: three stages of 3 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. With its defaults 269,722 parameters;
    40,551,040 MACs at 32 x 32; receptive field 81 pixels.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(20, num_classes, in_channels=in_channels, width=width)


def resnet32_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build ResNet-32 for small images: three stages of 5 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. With its defaults 464,154 parameters;
    68,862,592 MACs at 32 x 32; receptive field 137 pixels.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(32, num_classes, in_channels=in_channels, width=width)


def resnet44_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build ResNet-44 for small images: three stages of 7 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. With its defaults 658,586 parameters;
    97,174,144 MACs at 32 x 32; receptive field 193 pixels.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(44, num_classes, in_channels=in_channels, width=width)


def resnet56_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build ResNet-56 for small images: three stages of 9 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. With its defaults 853,018 parameters;
    125,485,696 MACs at 32 x 32; receptive field 249 pixels.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(56, num_classes, in_channels=in_channels, width=width)


def resnet110_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build ResNet-110 for small images: three stages of 18 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. With its defaults 1,727,962 parameters;
    252,887,680 MACs at 32 x 32; receptive field 501 pixels.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(110, num_classes, in_channels=in_channels, width=width)


def plain20_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build the plain network of 20 layers for small images: three stages of 3 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. Parameters, MACs and receptive field are those
    of its residual twin.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(20, num_classes, in_channels=in_channels, shortcut=False, width=width)


def plain32_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build the plain network of 32 layers for small images: three stages of 5 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. Parameters, MACs and receptive field are those
    of its residual twin.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(32, num_classes, in_channels=in_channels, shortcut=False, width=width)


def plain44_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build the plain network of 44 layers for small images: three stages of 7 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. Parameters, MACs and receptive field are those
    of its residual twin.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(44, num_classes, in_channels=in_channels, shortcut=False, width=width)


def plain56_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build the plain network of 56 layers for small images: three stages of 9 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. Parameters, MACs and receptive field are those
    of its residual twin.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(56, num_classes, in_channels=in_channels, shortcut=False, width=width)


def plain110_cifar(num_classes: int = 10, *, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """Build the plain network of 110 layers for small images: three stages of 18 blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `CifarResNet`. Parameters, MACs and receptive field are those
    of its residual twin.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return CifarResNet(110, num_classes, in_channels=in_channels, shortcut=False, width=width)
