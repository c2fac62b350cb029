"""ResNet: blocks that learn what to add to their input.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv 1512.03385.
Checked against torchvision: weights load both ways, logits and gradients are equal. Torchvision has
no plain twins and only v1.5; v1 is checked with the strides of its blocks exchanged.

Where the number of maps or their size changes, the shortcut is a 1 x 1 convolution (option B of the
paper). N images, C maps, H rows, W columns, K classes.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from course_lib._checks import one_of, true_or_false, whole_number
from course_lib.models.resnet_blocks import (
    VARIANTS,
    BasicBlock,
    Bottleneck,
    projection,
    stage,
)

# Depth: blocks of the four stages. Table 1 of the paper.
_TABLE = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


class ResNet(nn.Module):
    """A ResNet for images of ImageNet's size, or its plain twin.

    `(N, C, H, W) -> (N, K)`, H and W at least 1; 224 in the paper.

    >>> import torch
    >>> ResNet(18, 5, in_channels=1)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 5])

    Args:
        depth: 18 or 34, with basic blocks; 50, 101 or 152, with bottlenecks.
        num_classes: K, at least 1.
        in_channels: Channels of an image, at least 1.
        variant: "v1.5" (torchvision's) or "v1" (the paper's): where a bottleneck has its stride.
            Basic blocks have it in their first convolution in both.
        shortcut: False gives the plain twin: no shortcuts, and no projections on them.
        zero_init_residual: Start with F(x) = 0 in every block: its last scale is 0.

    Raises:
        ValueError: If an argument is out of its range.

    Attributes are named as in torchvision. Convolutions start as there: He et al. 2015, by fan-out.
    Derived in the chapter ResNet (book/13_resnet.md).
    """

    def __init__(
        self,
        depth: int,
        num_classes: int = 1000,
        *,
        in_channels: int = 3,
        variant: str = "v1.5",
        shortcut: bool = True,
        zero_init_residual: bool = False,
    ) -> None:
        """Build the layers."""
        super().__init__()
        one_of("depth", depth, _TABLE)
        one_of("variant", variant, VARIANTS)
        shortcut = true_or_false("shortcut", shortcut)
        num_classes = whole_number("num_classes", num_classes)
        in_channels = whole_number("in_channels", in_channels)
        zero_init_residual = true_or_false("zero_init_residual", zero_init_residual)

        self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        block: Callable[..., BasicBlock | Bottleneck] = partial(BasicBlock, shortcut=shortcut)
        expansion = BasicBlock.expansion
        if depth >= 50:
            block = partial(Bottleneck, shortcut=shortcut, variant=variant)
            expansion = Bottleneck.expansion
        match = projection if shortcut else None
        one, two, three, four = _TABLE[depth]
        self.layer1 = stage(block, one, 64, 64, 1, match)
        self.layer2 = stage(block, two, 64 * expansion, 128, 2, match)
        self.layer3 = stage(block, three, 128 * expansion, 256, 2, match)
        self.layer4 = stage(block, four, 256 * expansion, 512, 2, match)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * expansion, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif zero_init_residual and isinstance(module, BasicBlock | Bottleneck):
                last = module.bn2 if isinstance(module, BasicBlock) else module.bn3
                nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        logits: Tensor = self.fc(self.avgpool(maps).flatten(1))
        return logits


def resnet18(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: str = "v1.5",
    zero_init_residual: bool = False,
) -> ResNet:
    """Build ResNet-18: eight basic blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. With 1000 classes and 3 channels:
    11,689,512 parameters; 1,814,073,344 MACs at 224 x 224; receptive field 435 pixels,
    in both variants.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(
        18,
        num_classes,
        in_channels=in_channels,
        variant=variant,
        zero_init_residual=zero_init_residual,
    )


def resnet34(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: str = "v1.5",
    zero_init_residual: bool = False,
) -> ResNet:
    """Build ResNet-34: sixteen basic blocks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. With 1000 classes and 3 channels:
    21,797,672 parameters; 3,663,761,408 MACs at 224 x 224; receptive field 899 pixels,
    in both variants.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(
        34,
        num_classes,
        in_channels=in_channels,
        variant=variant,
        zero_init_residual=zero_init_residual,
    )


def resnet50(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: str = "v1.5",
    zero_init_residual: bool = False,
) -> ResNet:
    """Build ResNet-50: sixteen bottlenecks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. With 1000 classes and 3 channels:
    "v1.5": 4,089,184,256 MACs at 224 x 224, receptive field 427 pixels; "v1": 3,857,973,248 and
    483. Both 25,557,032 parameters.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(
        50,
        num_classes,
        in_channels=in_channels,
        variant=variant,
        zero_init_residual=zero_init_residual,
    )


def resnet101(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: str = "v1.5",
    zero_init_residual: bool = False,
) -> ResNet:
    """Build ResNet-101: 33 bottlenecks.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. With 1000 classes and 3 channels:
    "v1.5": 7,801,405,440 MACs at 224 x 224, receptive field 971 pixels; "v1": 7,570,194,432 and
    1027. Both 44,549,160 parameters.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(
        101,
        num_classes,
        in_channels=in_channels,
        variant=variant,
        zero_init_residual=zero_init_residual,
    )


def resnet152(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: str = "v1.5",
    zero_init_residual: bool = False,
) -> ResNet:
    """Build ResNet-152: 50 bottlenecks, the deepest network of ILSVRC-2015's winners.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. With 1000 classes and 3 channels:
    "v1.5": 11,513,626,624 MACs at 224 x 224, receptive field 1451 pixels; "v1": 11,282,415,616 and
    1507. Both 60,192,808 parameters.
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(
        152,
        num_classes,
        in_channels=in_channels,
        variant=variant,
        zero_init_residual=zero_init_residual,
    )


def plain18(num_classes: int = 1000, *, in_channels: int = 3) -> ResNet:
    """Build the plain twin of ResNet-18: the same layers without shortcuts.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. 11,515,688 parameters: those of ResNet-18, minus
    the 173,824 of its three projections. (In the paper's comparison shortcuts have no parameters.)
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(18, num_classes, in_channels=in_channels, shortcut=False)


def plain34(num_classes: int = 1000, *, in_channels: int = 3) -> ResNet:
    """Build the plain twin of ResNet-34: the same layers without shortcuts.

    `(N, C, H, W) -> (N, K)`

    Arguments, errors and source as in `ResNet`. 21,623,848 parameters: those of ResNet-34, minus
    the 173,824 of its three projections. (In the paper's comparison shortcuts have no parameters.)
    Derived in the chapter ResNet (book/13_resnet.md).
    """
    return ResNet(34, num_classes, in_channels=in_channels, shortcut=False)
