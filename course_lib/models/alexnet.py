"""AlexNet: the two-tower network of the paper, one tower, and the slimmer one of torchvision.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
NIPS 2012 ("paper"); Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
arXiv 1404.5997 ("torchvision"). Checked against torchvision: weights load both ways, logits and
gradients are equal; the other two against their published counts.

N images, C channels, H rows, W columns, K classes.
"""

from typing import Literal, NamedTuple

from torch import Tensor, nn

from course_lib._checks import one_of, whole_number


class _Plan(NamedTuple):
    widths: tuple[int, int, int, int, int]  # maps of the five convolutions
    groups: tuple[int, int, int, int, int]  # 2: each half reads its own half only
    padding: int  # of the first convolution
    normalize: bool  # local response normalization after the first two


_PLANS = {
    "paper": _Plan((96, 256, 384, 384, 256), (1, 2, 1, 2, 2), 0, True),
    "single_tower": _Plan((96, 256, 384, 384, 256), (1, 1, 1, 1, 1), 0, True),
    "torchvision": _Plan((64, 192, 384, 256, 256), (1, 1, 1, 1, 1), 2, False),
}
_KERNELS = (11, 5, 3, 3, 3)


def _normalization() -> nn.LocalResponseNorm:
    # Section 3.3: n = 5, k = 2, alpha = 1e-4 times the sum. torch takes the mean: 5 times as much.
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


class AlexNet(nn.Module):
    """AlexNet in one of three variants; see `alexnet`."""

    def __init__(
        self, num_classes: int, in_channels: int, variant: str, dropout: float, plan: _Plan
    ) -> None:
        """Build the layers."""
        super().__init__()
        channels = in_channels
        layers: list[nn.Module] = []
        for n, (maps, groups, kernel) in enumerate(
            zip(plan.widths, plan.groups, _KERNELS, strict=True)
        ):
            stride, padding = (1, kernel // 2) if n else (4, plan.padding)
            layers += [
                nn.Conv2d(channels, maps, kernel, stride, padding, groups=groups),
                nn.ReLU(inplace=True),
            ]
            if plan.normalize and n < 2:
                layers.append(_normalization())
            if n in (0, 1, 4):
                layers.append(nn.MaxPool2d(3, stride=2))  # windows overlap by one
            channels = maps
        self.features = nn.Sequential(*layers)
        # A deviation that lets other sizes in: does nothing to the 6 x 6 of a 227 or 224 image.
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        hidden = (nn.Linear(channels * 36, 4096), nn.Linear(4096, 4096))
        blocks: list[nn.Module] = []
        for linear in hidden:
            drop, relu = nn.Dropout(dropout), nn.ReLU(inplace=True)
            # torchvision drops the inputs of a hidden layer, the paper its outputs.
            blocks += [drop, linear, relu] if variant == "torchvision" else [linear, relu, drop]
        self.classifier = nn.Sequential(*blocks, nn.Linear(4096, num_classes))
        if variant != "torchvision":
            self._start_as_in_the_paper()

    def _start_as_in_the_paper(self) -> None:
        """Section 5: normal weights of 0.01; biases 1 in layers 2, 4, 5 and the hidden ones."""
        weighted = [m for m in self.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        for number, layer in enumerate(weighted, 1):
            nn.init.normal_(layer.weight, std=0.01)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, 1.0 if number in (2, 4, 5, 6, 7) else 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits


def alexnet(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: Literal["paper", "single_tower", "torchvision"] = "torchvision",
    dropout: float = 0.5,
) -> AlexNet:
    """Build AlexNet.

    `(N, C, H, W) -> (N, K)`, H and W at least 63.

    >>> model = alexnet(2, in_channels=1)
    >>> [layer.out_channels for layer in model.features if isinstance(layer, nn.Conv2d)]
    [64, 192, 384, 256, 256]

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.
        variant: "paper" has two towers, which layers 2, 4 and 5 keep apart (`groups=2`), and local
            response normalization; "single_tower" is the same without groups; "torchvision" has
            fewer maps and no normalization.
        dropout: Share of the hidden layers' numbers that is dropped in training, 0 to below 1.

    Returns:
        A network with `features`, `avgpool` and `classifier`, named as in torchvision.

    Raises:
        ValueError: If an argument is out of its range.

    With 1000 classes and 3 channels:

    "paper"         60,965,224 parameters    724,406,816 MACs at 227 x 227
    "single_tower"  62,378,344 parameters  1,135,256,096 MACs at 227 x 227
    "torchvision"   61,100,840 parameters    714,188,480 MACs at 224 x 224

    Receptive field of the last map: 195 pixels, every 32. The paper writes 224 x 224 pixels; maps
    of 55 x 55 come from 227 without padding, or 224 with two pixels of it.
    Derived in the chapter AlexNet (book/09_alexnet.md).
    """
    one_of("variant", variant, tuple(_PLANS))
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be from 0 to below 1, got {dropout!r}")
    num_classes = whole_number("num_classes", num_classes)
    in_channels = whole_number("in_channels", in_channels)
    return AlexNet(num_classes, in_channels, variant, dropout, _PLANS[variant])
