"""LeNet-5: as published in 1998, and as people build it today.

LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc.
IEEE 86(11), 1998, doi:10.1109/5.726791. Checked against the counts of the paper's tables: weights,
connections, and the pattern of C3.

N images, C channels, K classes; S2 and S4 are subsampling layers, C1, C3 and C5 convolutions.
"""

from collections import OrderedDict
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import one_of, whole_number
from course_lib.arithmetic import count_parameters
from course_lib.layers import Subsampling2d

# Table I of the paper: which maps of S2 each of the 16 maps of C3 reads.
C3_INPUTS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

# Ours: the paper's are drawn in its Figure 3, one for each printable character.
_BITMAPS = """
.#####.  ...#...  .#####.  #######  ....##.  #######  ..####.  #######  .#####.  .#####.
#.....#  ..##...  #.....#  .....#.  ...#.#.  #......  .#.....  #.....#  #.....#  #.....#
#.....#  .#.#...  ......#  ....#..  ...#.#.  #......  #......  ......#  #.....#  #.....#
#.....#  #..#...  ......#  ...#...  ..#..#.  #......  #......  .....#.  #.....#  #.....#
#.....#  ...#...  .....#.  ..####.  ..#..#.  #.####.  #......  .....#.  .#...#.  #.....#
#.....#  ...#...  ....#..  ......#  .#...#.  ##....#  #.####.  ....#..  ..###..  .######
#.....#  ...#...  ...#...  ......#  .#...#.  ......#  ##....#  ....#..  .#...#.  ......#
#.....#  ...#...  ..#....  ......#  #....#.  ......#  #.....#  ...#...  #.....#  ......#
#.....#  ...#...  .#.....  ......#  #######  ......#  #.....#  ...#...  #.....#  ......#
#.....#  ...#...  #......  #.....#  .....#.  #.....#  #.....#  ..#....  #.....#  .....#.
#.....#  ...#...  #......  #.....#  .....#.  #.....#  #.....#  ..#....  #.....#  ....#..
.#####.  #######  #######  .#####.  .....#.  .#####.  .#####.  ..#....  .#####.  ####...
"""


def digit_codes() -> Tensor:
    """Return the ten digits as bitmaps: what the outputs of LeNet-5 compare F6 with.

    >>> codes = digit_codes()
    >>> codes.shape, codes.unique()
    (torch.Size([10, 12, 7]), tensor([-1.,  1.]))

    Returns:
        Float32 of shape (10, 12, 7), 1 for ink and -1 for paper. They are drawn by us in the manner
        of the paper's.

    Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    rows = [line.split() for line in _BITMAPS.split("\n") if line]
    ink = [[[pixel == "#" for pixel in row[digit]] for row in rows] for digit in range(10)]
    return torch.tensor(ink).float() * 2 - 1


class ScaledTanh(nn.Module):
    """Squash a to 1.7159 tanh(2a / 3), which leaves 1 and -1 where they are.

    >>> ScaledTanh()(torch.tensor([0.0, 1.0, 9.0]))
    tensor([0.0000, 1.0000, 1.7159])

    Source: LeCun et al. 1998, appendix A. Derived in the chapter LeNet-5 (book/08_lenet.md).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Squash every number."""
        return 1.7159 * torch.tanh(2 / 3 * x)


class SparseConv2d(nn.Module):
    """A convolution whose output maps read chosen input maps only, as C3 of LeNet-5.

    `(N, C, H, W) -> (N, len(inputs), H - kernel_size + 1, W - kernel_size + 1)`

    >>> c3 = SparseConv2d(C3_INPUTS, 5)
    >>> c3(torch.zeros(1, 6, 14, 14)).shape, sum(p.numel() for p in c3.parameters())
    (torch.Size([1, 16, 10, 10]), 1516)

    Args:
        inputs: For each output map, the input maps that it reads.
        kernel_size: Rows and columns of a kernel, at least 1.

    Attributes:
        weight: One kernel for each connection, in the order of `inputs`.
        bias: One number for each output map.

    Raises:
        ValueError: If an output map reads nothing, or a map twice.

    Computed as a dense convolution with zeros between: as fast as that, with fewer weights.
    Derived in the chapter LeNet-5 (book/08_lenet.md).
    """

    index: Tensor

    def __init__(self, inputs: tuple[tuple[int, ...], ...], kernel_size: int) -> None:
        """Make the weights, one kernel for each connection."""
        super().__init__()
        if not inputs or any(not maps or len(set(maps)) < len(maps) for maps in inputs):
            raise ValueError(f"`inputs` must name for each map those it reads, once, got {inputs}")
        kernel = whole_number("kernel_size", kernel_size)
        self.inputs = inputs
        self.in_channels = max(max(maps) for maps in inputs) + 1
        self.out_channels = len(inputs)
        places = [out * self.in_channels + c for out, maps in enumerate(inputs) for c in maps]
        self.register_buffer("index", torch.tensor(places), persistent=False)
        self.weight = nn.Parameter(torch.zeros(len(places), kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(len(inputs)))

    def dense_weight(self) -> Tensor:
        """Return all kernels (maps, C, rows, columns), zero where there is no connection."""
        rows, columns = self.weight.shape[1:]
        empty = self.weight.new_zeros(len(self.inputs) * self.in_channels, rows, columns)
        filled = empty.index_copy(0, self.index, self.weight)
        return filled.view(len(self.inputs), self.in_channels, rows, columns)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, without padding."""
        return F.conv2d(x, self.dense_weight(), self.bias)

    def extra_repr(self) -> str:
        """Say the sizes where the module is printed."""
        connections, kernel, _ = self.weight.shape
        return f"{self.in_channels}, {len(self.inputs)}, kernel_size={kernel}, {connections=}"


class EuclideanRBF(nn.Module):
    """Compare a vector with fixed codes: minus the squared distance to each.

    `(N, D) -> (N, K)`

    >>> EuclideanRBF(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))(torch.tensor([[1.0, 0.0]]))
    tensor([[-1., -1.]])

    Args:
        codes: Of shape (K, D). A buffer: nothing is learned.

    The paper outputs the distance, of which the smallest wins. Here its sign is turned, so that
    the highest wins, as with every other model of the course.
    Derived in the chapter LeNet-5 (book/08_lenet.md).
    """

    codes: Tensor

    def __init__(self, codes: Tensor) -> None:
        """Keep the codes."""
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor) -> Tensor:
        """Return minus the squared distances."""
        return -(x[:, None] - self.codes).square().sum(dim=2)


def lenet5(
    num_classes: int = 10, *, in_channels: int = 1, output: Literal["rbf", "linear"] = "rbf"
) -> nn.Sequential:
    """Build LeNet-5 as published.

    `(N, C, 32, 32) -> (N, K)`

    >>> lenet5()(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 10])
    >>> sum(p.numel() for p in lenet5().parameters())
    60000

    Args:
        num_classes: K, at least 1; 10 with `output="rbf"`.
        in_channels: C, at least 1.
        output: "rbf" compares the 84 numbers of F6 with the bitmaps of `digit_codes()`, as the
            paper does; "linear" learns 84 weights and a bias for each class.

    Returns:
        The layers c1, s2, c3, s4, c5, f6, each with its squashing function behind it, and output,
        which gives logits; with "rbf" minus squared distances.

    Raises:
        ValueError: If an argument is out of its range.

    60,000 parameters: 156, 12, 1516, 32, 48120, 10164, and none in the output; 340,908 connections
    (`lenet5_connections`). Receptive field of C5: 32 pixels. Weights start evenly between -2.4 and
    2.4 over the number of inputs, as in the paper's appendix A. Deviations: S2 and S4 start as mean
    pooling, and the bitmaps are ours.
    Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    num_classes = whole_number("num_classes", num_classes)
    one_of("output", output, ("rbf", "linear"))
    if output == "rbf" and num_classes != 10:
        raise ValueError(f'`num_classes` must be 10 with `output="rbf"`, got {num_classes}')
    last = EuclideanRBF(digit_codes().flatten(1)) if output == "rbf" else nn.Linear(84, num_classes)
    model = nn.Sequential(
        OrderedDict(
            c1=nn.Conv2d(whole_number("in_channels", in_channels), 6, 5),
            squash1=ScaledTanh(),
            s2=Subsampling2d(6),
            squash2=ScaledTanh(),
            c3=SparseConv2d(C3_INPUTS, 5),
            squash3=ScaledTanh(),
            s4=Subsampling2d(16),
            squash4=ScaledTanh(),
            c5=nn.Conv2d(16, 120, 5),
            squash5=ScaledTanh(),
            flatten=nn.Flatten(),
            f6=nn.Linear(120, 84),
            squash6=ScaledTanh(),
            output=last,
        )
    )
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            for weights in layer.parameters():
                _draw(weights, fan_in)
        elif isinstance(layer, SparseConv2d):
            fans = [len(maps) * 25 for maps in C3_INPUTS for _ in maps]
            for kernel, fan_in in zip(layer.weight, fans, strict=True):
                _draw(kernel, fan_in)
            for bias, maps in zip(layer.bias, C3_INPUTS, strict=True):
                _draw(bias, len(maps) * 25)
    return model


def lenet5_dense(num_classes: int = 10, *, in_channels: int = 1) -> nn.Sequential:
    """Build LeNet-5 as it is built today: dense C3, ReLU, max pooling, linear output.

    `(N, C, 32, 32) -> (N, K)`

    >>> sum(p.numel() for p in lenet5_dense().parameters())
    61706

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.

    Raises:
        ValueError: If an argument is out of its range.

    The layers c1, s2, c3, s4, c5, f6 and output of `lenet5`. 61,706 parameters (156, 2416, 48120,
    10164, 850) and 416,520 MACs, as in Dive into Deep Learning, section 7.6, which pads 28 x 28
    pixels by two instead, and has sigmoids and mean pooling. Initialized as torch does.
    Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    return nn.Sequential(
        OrderedDict(
            c1=nn.Conv2d(whole_number("in_channels", in_channels), 6, 5),
            relu1=nn.ReLU(),
            s2=nn.MaxPool2d(2),
            c3=nn.Conv2d(6, 16, 5),
            relu3=nn.ReLU(),
            s4=nn.MaxPool2d(2),
            c5=nn.Conv2d(16, 120, 5),
            relu5=nn.ReLU(),
            flatten=nn.Flatten(),
            f6=nn.Linear(120, 84),
            relu6=nn.ReLU(),
            output=nn.Linear(84, whole_number("num_classes", num_classes)),
        )
    )


def lenet5_connections(model: nn.Sequential) -> dict[str, int]:
    """Count the connections of each layer of `lenet5`, biases included, as the paper does.

    >>> counts = lenet5_connections(lenet5())
    >>> counts["c3"], sum(counts.values())
    (151600, 340908)

    Args:
        model: Of `lenet5` or `lenet5_dense`, for images of 32 x 32 pixels.

    Returns:
        By the name of the layer. A weight that is used at many places counts at each of them; a
        mean or a maximum without weights counts its window.

    Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    counts, side = {}, 32
    for name, layer in model.named_children():
        if isinstance(layer, nn.Conv2d | SparseConv2d):
            side -= layer.weight.shape[-1] - 1
            counts[name] = side**2 * count_parameters(layer)
            maps = layer.out_channels
        elif isinstance(layer, Subsampling2d | nn.MaxPool2d):
            side //= 2
            counts[name] = side**2 * maps * (5 if isinstance(layer, Subsampling2d) else 4)
        elif isinstance(layer, nn.Linear):
            counts[name] = count_parameters(layer)
        elif isinstance(layer, EuclideanRBF):
            counts[name] = layer.codes.numel()
    return counts


def map_loss(logits: Tensor, labels: Tensor, *, rubbish: float = 1.0) -> Tensor:
    """Average the paper's maximum a posteriori loss: cross-entropy with one class for rubbish.

    `(N, K), (N,) -> ()`

    >>> far = torch.full((1, 10), -50.0)
    >>> round(map_loss(far, torch.tensor([0])).item(), 3)
    49.0

    Args:
        logits: Minus squared distances.
        labels: Classes 0 to K - 1.
        rubbish: The distance of the class for rubbish, j in the paper's equation 9: wrong classes
            that are farther away than this are not pushed away any more.

    Source: LeCun et al. 1998, equation 9. Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    with_rubbish = F.pad(logits, (0, 1), value=-rubbish)
    return F.cross_entropy(with_rubbish, labels)


@torch.no_grad()
def _draw(weights: Tensor, fan_in: int) -> None:
    weights.uniform_(-2.4 / fan_in, 2.4 / fan_in)
