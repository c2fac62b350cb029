"""VGG: nothing but 3 x 3 convolutions, halving, and three large fully connected layers.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
ICLR 2015, arXiv 1409.1556; configurations A, B, D and E of its Table 1. Checked against
torchvision: weights load both ways, logits and gradients are equal in train and eval mode.

Deviations, all of them torchvision's: `avgpool` lets other sizes in than 224 (it does nothing to
maps of 7 x 7); weights start as He et al. proposed, where the paper drew its deep networks' first
and last layers from a trained A; batch normalization is younger than the paper.

N images, C channels, H rows, W columns, K classes.
"""

from torch import Tensor, nn

from course_lib._checks import true_or_false, whole_number

# Maps of the convolutions, block by block. After each block, maximum pooling halves the maps.
Blocks = tuple[tuple[int, ...], ...]
CONFIGURATIONS: dict[str, Blocks] = {
    "A": ((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2),
    "B": ((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2),
    "D": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    "E": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
}


class VGG(nn.Module):
    """A network of 3 x 3 convolutions in blocks; see `vgg16`.

    `(N, C, H, W) -> (N, K)`, H and W at least 32 with five blocks.

    >>> small = VGG(10, blocks=((8, 8), (16, 16)), in_channels=1, hidden=64)
    >>> [layer.out_channels for layer in small.features if isinstance(layer, nn.Conv2d)]
    [8, 8, 16, 16]

    Args:
        num_classes: K, at least 1.
        blocks: Maps of each convolution, block by block.
        in_channels: C, at least 1.
        batch_norm: Normalize between each convolution and its ReLU.
        dropout: Share of the hidden layers' numbers that is dropped in training, 0 to below 1.
        hidden: Neurons of the two hidden fully connected layers.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        *,
        blocks: Blocks = CONFIGURATIONS["D"],
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
        hidden: int = 4096,
    ) -> None:
        """Check the arguments and build the layers."""
        super().__init__()
        num_classes = whole_number("num_classes", num_classes)
        hidden = whole_number("hidden", hidden)
        channels = whole_number("in_channels", in_channels)
        true_or_false("batch_norm", batch_norm)
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be from 0 to below 1, got {dropout!r}")
        if not blocks or not all(blocks):
            raise ValueError(f"`blocks` must have a convolution in each block, got {blocks!r}")
        layers: list[nn.Module] = []
        for block in blocks:
            for maps in block:
                maps = whole_number("blocks", maps)
                layers.append(nn.Conv2d(channels, maps, 3, padding=1))
                if batch_norm:
                    layers.append(nn.BatchNorm2d(maps))
                layers.append(nn.ReLU(inplace=True))
                channels = maps
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(channels * 49, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        self._start()

    def _start(self) -> None:
        """Let the signal keep its size on its way through many layers (He et al. 2015)."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.01)
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits


def _vgg(name: str, num_classes: int, in_channels: int, batch_norm: bool, dropout: float) -> VGG:
    return VGG(
        num_classes,
        blocks=CONFIGURATIONS[name],
        in_channels=in_channels,
        batch_norm=batch_norm,
        dropout=dropout,
    )


def vgg11(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> VGG:
    """Build configuration A: 8 convolutions and 3 fully connected layers; see `vgg16`.

    With 1000 classes and 3 channels: 132,863,336 parameters (132,868,840 with batch normalization),
    7,609,090,048 MACs at 224 x 224, receptive field of the last map 150 pixels, every 32.
    """
    return _vgg("A", num_classes, in_channels, batch_norm, dropout)


def vgg13(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> VGG:
    """Build configuration B: 10 convolutions and 3 fully connected layers; see `vgg16`.

    With 1000 classes and 3 channels: 133,047,848 parameters (133,053,736 with batch normalization),
    11,308,466,176 MACs at 224 x 224, receptive field of the last map 156 pixels, every 32.
    """
    return _vgg("B", num_classes, in_channels, batch_norm, dropout)


def vgg16(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> VGG:
    """Build configuration D: 13 convolutions and 3 fully connected layers.

    `(N, C, H, W) -> (N, K)`, H and W at least 32.

    >>> import torch
    >>> with torch.device("meta"):  # shapes only: the weights would take half a gigabyte
    ...     model = vgg16(2, in_channels=1)
    >>> sum(p.numel() for p in model.parameters())
    134267586

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.
        batch_norm: Normalize between each convolution and its ReLU.
        dropout: Share of the hidden layers' numbers that is dropped in training, 0 to below 1.

    Returns:
        A network with `features`, `avgpool` and `classifier`, named as in torchvision.

    Raises:
        ValueError: If an argument is out of its range.

    With 1000 classes and 3 channels: 138,357,544 parameters (138,365,992 with batch normalization),
    15,470,264,320 MACs at 224 x 224, receptive field of the last map 212 pixels, every 32.
    Derived in the chapter VGG (book/10_vgg.md).
    """
    return _vgg("D", num_classes, in_channels, batch_norm, dropout)


def vgg19(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> VGG:
    """Build configuration E: 16 convolutions and 3 fully connected layers; see `vgg16`.

    With 1000 classes and 3 channels: 143,667,240 parameters (143,678,248 with batch normalization),
    19,632,062,464 MACs at 224 x 224, receptive field of the last map 268 pixels, every 32.
    """
    return _vgg("E", num_classes, in_channels, batch_norm, dropout)
