"""The modules of Inception v2 and v3, as data: which branches run side by side.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015, arXiv:1512.00567,
figures 5 to 7 and 10. Branches have the names that torchvision gave them. Images (N, C, H, W).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvUnit(nn.Module):
    """Convolution, batch normalization, ReLU: the unit of which everything is built.

    `(N, C, H, W) -> (N, D, H', W')`

    >>> ConvUnit(3, 8, (1, 7), padding=(0, 3))(torch.zeros(1, 3, 9, 9)).shape
    torch.Size([1, 8, 9, 9])

    Without `batch_norm` the convolution has a bias instead. Derived in the chapter Inception v2 and
    v3 (book/12_inception.md).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        batch_norm: bool = True,
    ) -> None:
        """Build the unit."""
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, bias=not batch_norm
        )
        # eps as in torchvision, whose weights come from TensorFlow; 1e-5 is the default of torch
        self.bn = nn.BatchNorm2d(out_channels, eps=1e-3) if batch_norm else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Apply the three, one after the other."""
        return F.relu(self.bn(self.conv(maps)), inplace=True)


# A step of a branch is a convolution (name, channels, rows, columns), of stride 2 if there
# is a fifth entry; a pooling; or a list of convolutions that read the same maps side by side.
Conv = tuple[str, int, int, int] | tuple[str, int, int, int, int]
Step = str | Conv | list[Conv]
Branch = tuple[Step, ...]
MEAN, HALVE = "mean of 3 x 3", "max of 3 x 3, stride 2"


def module_5x5(pool_channels: int) -> tuple[Branch, ...]:
    """The module of libraries: GoogLeNet's 5 x 5 kernel, and one made of two of 3 x 3."""
    return (
        (("branch1x1", 64, 1, 1),),
        (("branch5x5_1", 48, 1, 1), ("branch5x5_2", 64, 5, 5)),
        _double_3x3(),
        (MEAN, ("branch_pool", pool_channels, 1, 1)),
    )


def module_3x3() -> tuple[Branch, ...]:
    """Figure 5: a 3 x 3 kernel, and two of them in place of a 5 x 5."""
    return (
        (("branch1x1", 64, 1, 1),),
        (("branch3x3_1", 48, 1, 1), ("branch3x3_2", 64, 3, 3)),
        _double_3x3(),
        (MEAN, ("branch_pool", 64, 1, 1)),
    )


def _double_3x3() -> Branch:
    names = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
    return (names[0], 64, 1, 1), (names[1], 96, 3, 3), (names[2], 96, 3, 3)


def module_7x7(inner: int) -> tuple[Branch, ...]:
    """Figure 6 with n = 7: a 7 x 7 kernel, and two of them, as rows and columns."""
    return (
        (("branch1x1", 192, 1, 1),),
        (
            ("branch7x7_1", inner, 1, 1),
            ("branch7x7_2", inner, 1, 7),
            ("branch7x7_3", 192, 7, 1),
        ),
        (
            ("branch7x7dbl_1", inner, 1, 1),
            ("branch7x7dbl_2", inner, 7, 1),
            ("branch7x7dbl_3", inner, 1, 7),
            ("branch7x7dbl_4", inner, 7, 1),
            ("branch7x7dbl_5", 192, 1, 7),
        ),
        (MEAN, ("branch_pool", 192, 1, 1)),
    )


def module_expanded() -> tuple[Branch, ...]:
    """Figure 7: rows and columns side by side, so that 1,280 maps become 2,048."""
    return (
        (("branch1x1", 320, 1, 1),),
        (
            ("branch3x3_1", 384, 1, 1),
            [("branch3x3_2a", 384, 1, 3), ("branch3x3_2b", 384, 3, 1)],
        ),
        (
            ("branch3x3dbl_1", 448, 1, 1),
            ("branch3x3dbl_2", 384, 3, 3),
            [("branch3x3dbl_3a", 384, 1, 3), ("branch3x3dbl_3b", 384, 3, 1)],
        ),
        (MEAN, ("branch_pool", 192, 1, 1)),
    )


# Figure 10, "variations of" it (caption of table 1): convolutions and a pooling halve side by side.
REDUCE_TO_17: tuple[Branch, ...] = (
    (("branch3x3", 384, 3, 3, 2),),
    (
        ("branch3x3dbl_1", 64, 1, 1),
        ("branch3x3dbl_2", 96, 3, 3),
        ("branch3x3dbl_3", 96, 3, 3, 2),
    ),
    (HALVE,),
)
REDUCE_TO_8: tuple[Branch, ...] = (
    (("branch3x3_1", 192, 1, 1), ("branch3x3_2", 320, 3, 3, 2)),
    (
        ("branch7x7x3_1", 192, 1, 1),
        ("branch7x7x3_2", 192, 1, 7),
        ("branch7x7x3_3", 192, 7, 1),
        ("branch7x7x3_4", 192, 3, 3, 2),
    ),
    (HALVE,),
)


class Module(nn.Module):
    """Branches that read the same maps; their maps are stacked, in the order of the branches.

    `(N, C, H, W) -> (N, out_channels, H', W')`

    >>> module = Module(192, module_5x5(32))
    >>> module(torch.zeros(1, 192, 6, 6)).shape, module.out_channels
    (torch.Size([1, 256, 6, 6]), 256)

    Args:
        in_channels: Of the maps that come in.
        branches: As the functions of this module give them. Without a stride, zeros keep the size.

    Derived in the chapter Inception v2 and v3 (book/12_inception.md).
    """

    def __init__(self, in_channels: int, branches: tuple[Branch, ...]) -> None:
        """Build the convolutions of all branches, under their names."""
        super().__init__()
        self.branches, self.out_channels = branches, 0
        for branch in branches:
            channels = in_channels
            for step in branch:
                if isinstance(step, str):
                    continue
                conv_list = step if isinstance(step, list) else [step]
                for name, out, rows, columns, *stride in conv_list:
                    padding = (0, 0) if stride else (rows // 2, columns // 2)
                    unit = ConvUnit(
                        channels, out, (rows, columns), stride=2 if stride else 1, padding=padding
                    )
                    self.add_module(name, unit)
                channels = sum(conv[1] for conv in conv_list)
            self.out_channels += channels

    def forward(self, maps: Tensor) -> Tensor:
        """Run every branch on the same maps, and stack what comes out."""
        found = []
        for branch in self.branches:
            here = maps
            for step in branch:
                here = self._take(step, here)
            found.append(here)
        return torch.cat(found, dim=1)

    def _take(self, step: Step, maps: Tensor) -> Tensor:
        if step == HALVE:
            return F.max_pool2d(maps, 3, stride=2)
        if step == MEAN:  # the zeros of the padding count, as in torchvision
            return F.avg_pool2d(maps, 3, stride=1, padding=1)
        if isinstance(step, list):
            return torch.cat([getattr(self, conv[0])(maps) for conv in step], dim=1)
        result: Tensor = getattr(self, step[0])(maps)
        return result


class SideHead(nn.Module):
    """The auxiliary classifier on the maps of 17 x 17, which only trains.

    `(N, C, 17, 17) -> (N, K)`

    Args:
        in_channels: Of the maps.
        num_classes: K.
        batch_norm: Whether its fully connected layer (`conv1`: one of 5 x 5 on maps of 5 x 5) is
            normalized, too, which is the change "BN-auxiliary" of v3.

    Raises:
        ValueError: In `forward`, if the maps are smaller than 17 x 17.

    Derived in the chapter Inception v2 and v3 (book/12_inception.md).
    """

    def __init__(self, in_channels: int, num_classes: int, *, batch_norm: bool) -> None:
        """Build its two units and its linear layer."""
        super().__init__()
        self.conv0 = ConvUnit(in_channels, 128, 1)
        self.conv1 = ConvUnit(128, 768, 5, batch_norm=batch_norm)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, maps: Tensor) -> Tensor:
        """Mean pooling of 5 x 5 with stride 3, two units, the mean over the map, linear."""
        if min(maps.shape[-2:]) < 17:
            raise ValueError(
                "`images` must be at least 299 pixels high and wide to train with `aux_logits`, "
                f"got maps of {maps.shape[-2]} x {maps.shape[-1]} in place of 17 x 17"
            )
        maps = self.conv1(self.conv0(F.avg_pool2d(maps, 5, stride=3)))
        logits: Tensor = self.fc(F.adaptive_avg_pool2d(maps, 1).flatten(1))
        return logits
