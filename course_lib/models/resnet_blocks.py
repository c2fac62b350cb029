"""The blocks of ResNet, and how a stage is stacked from them.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv 1512.03385,
section 3. A block computes relu(F(x) + x): F is two or three convolutions, x takes the shortcut.
N images, C maps, H rows, W columns.
"""

from collections.abc import Callable

from torch import Tensor, nn

from course_lib._checks import one_of

VARIANTS = ("v1.5", "v1")


def _conv3x3(channels: int, maps: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, maps, 3, stride=stride, padding=1, bias=False)  # BN has the bias


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions: relu(F(x) + x), or the same without the shortcut.

    `(N, C, H, W) -> (N, width, H / stride, W / stride)`, rounded up.

    >>> import torch
    >>> BasicBlock(8, 8)(torch.zeros(1, 8, 14, 14)).shape
    torch.Size([1, 8, 14, 14])

    Args:
        channels: Maps that come in.
        width: Maps that each convolution makes.
        stride: Of the first convolution.
        downsample: What brings x to the size of F(x); None if it has it.
        shortcut: False leaves x out: a plain block, relu(F(x)).

    Source: the paper, figure 5 on the left. Cost: 9 H W (C + width) width MACs at stride 1.
    Derived in the chapter ResNet (book/13_resnet.md).
    """

    expansion = 1

    def __init__(
        self,
        channels: int,
        width: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        *,
        shortcut: bool = True,
    ) -> None:
        """Build the layers, named as in torchvision."""
        super().__init__()
        self.conv1 = _conv3x3(channels, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample
        self.shortcut = shortcut

    def residual(self, x: Tensor) -> Tensor:
        """Return F(x): what the block adds to its input."""
        maps = self.relu(self.bn1(self.conv1(x)))
        residual: Tensor = self.bn2(self.conv2(maps))
        return residual

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + x)."""
        return _add_shortcut(self, x)


class Bottleneck(nn.Module):
    """1 x 1 down to `width` maps, 3 x 3, 1 x 1 up to four times as many: relu(F(x) + x).

    `(N, C, H, W) -> (N, 4 width, H / stride, W / stride)`, rounded up.

    >>> import torch
    >>> Bottleneck(256, 64)(torch.zeros(1, 256, 14, 14)).shape
    torch.Size([1, 256, 14, 14])

    Args:
        channels: Maps that come in.
        width: Maps that the 3 x 3 convolution reads and makes.
        stride: Of the 3 x 3 convolution in "v1.5", of the first 1 x 1 convolution in "v1".
        downsample: What brings x to the size of F(x); None if it has it.
        shortcut: False leaves x out: a plain block, relu(F(x)).
        variant: "v1.5" or "v1", the paper's. The weights have the same shapes.

    Source: the paper, figure 5 on the right. Cost at stride 1: H W width (C + 13 width) MACs.
    Derived in the chapter ResNet (book/13_resnet.md).
    """

    expansion = 4

    def __init__(
        self,
        channels: int,
        width: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        *,
        shortcut: bool = True,
        variant: str = "v1.5",
    ) -> None:
        """Build the layers, named as in torchvision."""
        super().__init__()
        one_of("variant", variant, VARIANTS)
        # v1.5 deviates from the paper: a 1 x 1 convolution with stride 2 never reads 3 of 4 places.
        first, middle = (stride, 1) if variant == "v1" else (1, stride)
        maps = self.expansion * width
        self.conv1 = nn.Conv2d(channels, width, 1, stride=first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv3x3(width, width, middle)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, maps, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(maps)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.shortcut = shortcut

    def residual(self, x: Tensor) -> Tensor:
        """Return F(x): what the block adds to its input."""
        maps = self.relu(self.bn1(self.conv1(x)))
        maps = self.relu(self.bn2(self.conv2(maps)))
        residual: Tensor = self.bn3(self.conv3(maps))
        return residual

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + x)."""
        return _add_shortcut(self, x)


def _add_shortcut(block: BasicBlock | Bottleneck, x: Tensor) -> Tensor:
    output = block.residual(x)
    if block.shortcut:
        output = output + (x if block.downsample is None else block.downsample(x))
    activated: Tensor = block.relu(output)
    return activated


def projection(channels: int, maps: int, stride: int) -> nn.Module:
    """Return the shortcut of option B: a 1 x 1 convolution and its normalization."""
    conv = nn.Conv2d(channels, maps, 1, stride=stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(maps))


def stage(
    block: Callable[..., BasicBlock | Bottleneck],
    blocks: int,
    channels: int,
    width: int,
    stride: int,
    match: Callable[[int, int, int], nn.Module] | None,
) -> nn.Sequential:
    """Stack `blocks` blocks, of which the first has the stride; `match` makes its shortcut fit."""
    first = block(channels, width, stride)
    maps = width * first.expansion
    if match and (stride > 1 or channels != maps):
        first.downsample = match(channels, maps, stride)
    return nn.Sequential(first, *(block(maps, width) for _ in range(blocks - 1)))
