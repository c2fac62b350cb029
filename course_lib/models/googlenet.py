"""GoogLeNet, also called Inception v1: modules of parallel filters with bottlenecks.

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, arXiv 1409.4842, Table 1. Two variants:

torchvision  batch normalization, no local response normalization, no biases in convolutions,
             3 x 3 in the branch that is called 5 x 5, 2 x 2 in the last max pooling. Checked
             against torchvision: weights load both ways, logits and gradients are equal.
paper        what Table 1 and Figure 3 say: 5 x 5, biases, local response normalization. Checked
             against the layers written out.

Where torchvision deviates from the paper, so does the first variant; each place says so.
N images, C maps, H rows, W columns, K classes.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import one_of, true_or_false, whole_number

VARIANTS = ("torchvision", "paper")

# Maps of each module's branches: 1 x 1; reduction, 3 x 3; reduction, 5 x 5; after pooling. Table 1.
_TABLE = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class BasicConv2d(nn.Module):
    """A convolution with a ReLU: with batch normalization between them, or with a bias."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        batch_norm: bool = True,
    ) -> None:
        """Build the layers; `bn` is None without batch normalization."""
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, bias=not batch_norm
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001) if batch_norm else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps after the ReLU."""
        x = self.conv(x)
        return F.relu(x if self.bn is None else self.bn(x), inplace=True)


class Inception(nn.Module):
    """Four branches side by side, whose maps are joined.

    `(N, in_channels, H, W) -> (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W)`

    >>> module = Inception(480, 192, 96, 208, 16, 48, 64, batch_norm=False)
    >>> module(torch.zeros(1, 480, 14, 14)).shape
    torch.Size([1, 512, 14, 14])

    Args:
        in_channels: Maps of the input.
        ch1x1: Maps of the branch of 1 x 1 alone.
        ch3x3red: Maps of the 1 x 1 before the 3 x 3, its bottleneck.
        ch3x3: Maps of the 3 x 3.
        ch5x5red: Maps of the 1 x 1 before the 5 x 5.
        ch5x5: Maps of the 5 x 5.
        pool_proj: Maps of the 1 x 1 after the pooling.
        batch_norm: Batch normalization after each convolution instead of a bias, as in torchvision.
        wide_kernel: Of the branch called 5 x 5, odd: 5 as in the paper, 3 as in torchvision.

    Raises:
        ValueError: If an argument is out of its range.

    Source: Szegedy et al. (2015), Figure 2b.
    Derived in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        *,
        batch_norm: bool = True,
        wide_kernel: int = 5,
    ) -> None:
        """Build the branches."""
        super().__init__()
        wide = whole_number("wide_kernel", wide_kernel)
        if wide % 2 == 0:
            raise ValueError(f"`wide_kernel` must be odd, got {wide}")
        given = {
            "in_channels": in_channels,
            "ch1x1": ch1x1,
            "ch3x3red": ch3x3red,
            "ch3x3": ch3x3,
            "ch5x5red": ch5x5red,
            "ch5x5": ch5x5,
            "pool_proj": pool_proj,
        }
        for name, value in given.items():
            whole_number(name, value)
        conv = partial(BasicConv2d, batch_norm=true_or_false("batch_norm", batch_norm))
        self.branch1 = conv(in_channels, ch1x1, 1)
        self.branch2 = nn.Sequential(
            conv(in_channels, ch3x3red, 1), conv(ch3x3red, ch3x3, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            conv(in_channels, ch5x5red, 1), conv(ch5x5red, ch5x5, wide, padding=wide // 2)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool_proj, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps of all branches, one after the other."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """An auxiliary classifier, which reads the maps in the middle of the network while training.

    `(N, in_channels, 14, 14) -> (N, K)`; the torchvision variant pools maps of any size to 4 x 4.
    """

    def __init__(self, in_channels: int, num_classes: int, dropout: float, variant: str) -> None:
        """Build the layers."""
        super().__init__()
        self.pool: nn.Module = (
            nn.AdaptiveAvgPool2d(4) if variant == "torchvision" else nn.AvgPool2d(5, stride=3)
        )  # on 14 x 14 these differ: torchvision's windows are 4 wide, the paper's 5
        self.conv = BasicConv2d(in_channels, 128, 1, batch_norm=variant == "torchvision")
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        maps: Tensor = self.conv(self.pool(x))
        if maps.shape[2:] != (4, 4):
            raise ValueError(
                "`images` must have 223 to 270 pixels along each axis for the paper's auxiliary "
                f"heads, got maps of {x.shape[2]} x {x.shape[3]} where they need 14 x 14"
            )
        hidden = F.relu(self.fc1(maps.flatten(1)), inplace=True)
        logits: Tensor = self.fc2(self.dropout(hidden))
        return logits


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet returns in train mode, each (N, K); the order is torchvision's."""

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class GoogLeNet(nn.Module):
    """GoogLeNet; its arguments and numbers are in `googlenet`."""

    inception3a: Inception
    inception3b: Inception
    inception4a: Inception
    inception4b: Inception
    inception4c: Inception
    inception4d: Inception
    inception4e: Inception
    inception5a: Inception
    inception5b: Inception
    aux1: InceptionAux
    aux2: InceptionAux

    def __init__(
        self,
        num_classes: int = 1000,
        *,
        in_channels: int = 3,
        variant: str = "torchvision",
        aux_logits: bool = True,
        transform_input: bool = False,
        dropout: float | None = None,
        dropout_aux: float = 0.7,
    ) -> None:
        """Build the layers."""
        super().__init__()
        num_classes = whole_number("num_classes", num_classes)
        in_channels = whole_number("in_channels", in_channels)
        one_of("variant", variant, VARIANTS)
        paper = variant == "paper"
        dropout = (0.4 if paper else 0.2) if dropout is None else dropout
        for name, share in (("dropout", dropout), ("dropout_aux", dropout_aux)):
            if not 0 <= share < 1:
                raise ValueError(f"`{name}` must be from 0 to below 1, got {share!r}")
        self.aux_logits = true_or_false("aux_logits", aux_logits)
        self.transform_input = true_or_false("transform_input", transform_input)
        if transform_input and in_channels != 3:
            raise ValueError(
                f"`transform_input` must be False unless `in_channels` is 3, got {in_channels}"
            )

        conv = partial(BasicConv2d, batch_norm=not paper)
        # The paper names no numbers for its local response normalization: PyTorch's, size 5.
        norm: Callable[[], nn.Module] = partial(nn.LocalResponseNorm, 5) if paper else nn.Identity
        self.conv1 = conv(in_channels, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = norm()
        self.conv2 = conv(64, 64, 1)
        self.conv3 = conv(64, 192, 3, padding=1)
        self.norm2 = norm()
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        wide = 5 if paper else 3  # torchvision ported weights in which it was 3
        channels = 192
        for name, maps in _TABLE.items():
            module = Inception(channels, *maps, batch_norm=not paper, wide_kernel=wide)
            self.add_module(f"inception{name}", module)
            channels = maps[0] + maps[2] + maps[4] + maps[5]
            if aux_logits and name in ("4a", "4d"):
                head = InceptionAux(channels, num_classes, dropout_aux, variant)
                self.add_module("aux1" if name == "4a" else "aux2", head)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(3 if paper else 2, stride=2, ceil_mode=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)  # the paper's 7 x 7 at 224 pixels
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        self._start(paper)

    def _start(self, paper: bool) -> None:
        """Draw the weights: torchvision's rule, or Xavier's; the paper names none."""
        for module in self.modules():
            if not isinstance(module, nn.Conv2d | nn.Linear):
                continue
            if paper:
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # all have one
            else:
                nn.init.trunc_normal_(module.weight, std=0.01, a=-2, b=2)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        """Return the logits; in train mode with auxiliary heads those of all three."""
        if self.transform_input:  # from ImageNet's mean and deviation to 0.5 and 0.5
            mean = torch.tensor([0.485, 0.456, 0.406], dtype=x.dtype, device=x.device)
            deviation = torch.tensor([0.229, 0.224, 0.225], dtype=x.dtype, device=x.device)
            x = x * (deviation / 0.5)[:, None, None] + ((mean - 0.5) / 0.5)[:, None, None]
        heads = self.training and self.aux_logits
        aux = []
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4a(x)
        if heads:
            aux.append(self.aux1(x))
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        if heads:
            aux.append(self.aux2(x))
        x = self.maxpool4(self.inception4e(x))
        x = self.inception5b(self.inception5a(x))
        logits: Tensor = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return GoogLeNetOutputs(logits, aux[1], aux[0]) if heads else logits


def googlenet(
    num_classes: int = 1000,
    *,
    in_channels: int = 3,
    variant: str = "torchvision",
    aux_logits: bool = True,
    transform_input: bool = False,
    dropout: float | None = None,
    dropout_aux: float = 0.7,
) -> GoogLeNet:
    """Return GoogLeNet, as torchvision or as the paper has it.

    `(N, C, H, W) -> (N, K)` in eval mode, and in train mode without auxiliary heads. In train mode
    with them `GoogLeNetOutputs(logits, aux_logits2, aux_logits1)`, each (N, K).

    >>> model = googlenet(5, in_channels=1, aux_logits=False).eval()
    >>> model(torch.zeros(1, 1, 64, 64)).shape
    torch.Size([1, 5])

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.
        variant: "torchvision" or "paper"; what differs is at the top of the module. In train mode
            with auxiliary heads, the paper's takes 223 to 270 pixels along each axis.
        aux_logits: Whether there are two auxiliary heads for training.
        transform_input: Whether images that were brought to the mean and deviation of ImageNet are
            brought to mean 0.5 and deviation 0.5 instead, as torchvision's own weights want it.
        dropout: Before the last layer, from 0 to below 1; None is the variant's own, 0.2 in
            torchvision and 0.4 in the paper.
        dropout_aux: In the auxiliary heads, from 0 to below 1.

    Raises:
        ValueError: If an argument is out of its range, or the image does not fit the heads.

    1,000 classes, 224 x 224, without and with the heads (which only train): torchvision 6,624,904
    and 13,004,888 parameters, 1,498,376,192 multiply-accumulates, receptive field of the last map
    379 pixels; paper 6,998,552 and 13,378,280 parameters, 1,582,671,872 multiply-accumulates,
    receptive field 715 pixels. Jump 32.

    Source: Szegedy et al. (2015), arXiv 1409.4842, Table 1 and Figure 3.
    Derived in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    return GoogLeNet(
        num_classes,
        in_channels=in_channels,
        variant=variant,
        aux_logits=aux_logits,
        transform_input=transform_input,
        dropout=dropout,
        dropout_aux=dropout_aux,
    )
