"""From strokes of a pen to the 32 x 32 pixels that LeNet-5 reads, as MNIST prepares its digits.

The digit lab computes the same in the browser (`static/digit_lab.js`). So all sums that decide
something are sums of whole numbers: both languages come to the same pixels, not to nearly the same.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib._checks import whole_number

Stroke = Sequence[float]

CANVAS = 280  # rows and columns of the paper
BOX, FIELD, INPUT = 20, 28, 32  # MNIST's box and field, and the input of LeNet-5
PAPER, INK = -0.1, 1.175  # what LeNet-5 gets for white and for black: mean 0, variance 1


def draw_strokes(strokes: Sequence[Stroke], pen: float = 20, size: int = CANVAS) -> Tensor:
    """Draw strokes of a round pen on white paper.

    >>> one = draw_strokes([(140.0, 40.0, 140.0, 240.0)])
    >>> one.shape, one.dtype, one[100, [120, 140, 160]].tolist()
    (torch.Size([280, 280]), torch.uint8, [0, 255, 0])

    Args:
        strokes: For each stroke x, y, x, y, ... of its points in pixels: x to the right, y down,
            0 at the edge of the paper. One point is a dot.
        pen: Width of the pen in pixels, positive.
        size: Rows and columns of the paper, at least 1.

    Returns:
        Bytes (size, size), 0 for paper and 255 for ink; between them at the edge of a stroke,
        which is one pixel wide.

    Raises:
        ValueError: If a stroke has no point, or half of one, or the pen no width.

    O(size² x points). Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    size = whole_number("size", size)
    if not pen > 0:
        raise ValueError(f"`pen` must be positive, got {pen}")
    ink = torch.zeros(size, size, dtype=torch.float64)
    center = torch.arange(size, dtype=torch.float64) + 0.5
    for stroke in strokes:
        if not len(stroke) or len(stroke) % 2:
            raise ValueError(f"`strokes` must be of x, y, x, y, ..., got {list(stroke)}")
        path = list(zip(stroke[::2], stroke[1::2], strict=True))
        for (x, y), (x_end, y_end) in zip(path, path[1:] or path, strict=False):
            across, down = (center - x)[None], (center - y)[:, None]
            dx, dy = x_end - x, y_end - y
            length = dx * dx + dy * dy
            along = ((across * dx + down * dy) / length).clamp(0, 1) if length else 0.0
            distance = ((across - along * dx).square() + (down - along * dy).square()).sqrt()
            ink = torch.maximum(ink, (pen / 2 + 0.5 - distance).clamp(0, 1))
    return (ink * 255 + 0.5).floor().to(torch.uint8)


def prepare_digit(ink: Tensor) -> Tensor:
    """Bring a drawing to what LeNet-5 was trained on: its place and size become MNIST's.

    `(H, W) -> (32, 32)`

    >>> corner = draw_strokes([(20.0, 20.0, 20.0, 80.0)], pen=9)
    >>> middle = draw_strokes([(150.0, 100.0, 150.0, 160.0)], pen=9)
    >>> torch.equal(prepare_digit(corner), prepare_digit(middle))
    True

    Args:
        ink: Bytes, 0 for paper.

    Returns:
        Bytes. The smallest box around all ink is scaled so that its longer side is 20 pixels, each
        pixel the mean of what it covers, and so that the darkest is 255. Then it is moved by whole
        pixels, its center of mass to pixel 14 of 28 x 28, counted from 0, as far as it stays on
        them; two pixels of paper are put around. A drawing without ink gives paper.

    Raises:
        ValueError: If `ink` has another shape or type.

    O(H W). Source: LeCun et al. 1998, section III.A. Derived in the chapter LeNet-5
    (book/08_lenet.md).
    """
    if ink.ndim != 2 or ink.dtype != torch.uint8:
        expected = "bytes (torch.uint8) of shape (H, W)"
        raise ValueError(f"`ink` must be {expected}, got {ink.dtype} of {tuple(ink.shape)}")
    digit = torch.zeros(INPUT, INPUT, dtype=torch.uint8)
    rows, columns = (ink.amax(dim=axis).nonzero()[:, 0] for axis in (1, 0))
    if not len(rows):
        return digit
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].double()
    longer = max(box.shape)
    high, wide = (max(1, (2 * BOX * side + longer) // (2 * longer)) for side in box.shape)
    sums = _overlaps(high, box.shape[0]) @ box @ _overlaps(wide, box.shape[1]).T
    small = ((sums * 510 + sums.max()) / (2 * sums.max())).floor()  # exact: all are whole
    mass = int(small.sum())
    top, left = (
        min(max(((FIELD + 1) * mass - 2 * int(moment)) // (2 * mass), 0), FIELD - side)
        for moment, side in (
            ((small.sum(dim=1) * torch.arange(high)).sum(), high),
            ((small.sum(dim=0) * torch.arange(wide)).sum(), wide),
        )
    )
    margin = (INPUT - FIELD) // 2
    top, left = top + margin, left + margin
    digit[top : top + high, left : left + wide] = small.to(torch.uint8)
    return digit


def network_input(digits: Tensor) -> Tensor:
    """Turn bytes into what LeNet-5 reads: -0.1 for paper, 1.175 for ink.

    `(N, 32, 32) -> (N, 1, 32, 32)`

    >>> network_input(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[[-0.1000,  1.1750]]]])

    Args:
        digits: Of `prepare_digit`, one or many of them.

    Returns:
        Float32. The average over many digits is about 0, its variance about 1.

    Source: LeCun et al. 1998, section II.B. Derived in the chapter LeNet-5 (book/08_lenet.md).
    """
    return (digits.float() / 255 * (INK - PAPER) + PAPER)[..., None, :, :]


def redraw(digit: Tensor, widths: Sequence[float]) -> list[Tensor]:
    """Draw a digit again with other pens: along the middle of its lines.

    `(28, 28) -> (140, 140)` for each width

    >>> digit = torch.zeros(28, 28, dtype=torch.uint8)
    >>> digit[6:22, 12:16] = 255
    >>> thin, thick = redraw(digit, (1.0, 4.0))
    >>> bool(thick.float().mean() > 2 * thin.float().mean())
    True

    Args:
        digit: Bytes, of MNIST.
        widths: Of the pen, in pixels of `digit`.

    Returns:
        Bytes, five times as large.

    The middle of the lines is scikit-image's skeleton. What `benchmarks/train_digits.py` imitates
    drawing with. Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.morphology import skeletonize

    large = F.interpolate(
        digit[None, None].float(), scale_factor=5, mode="bilinear", align_corners=False
    )[0, 0]
    middle = skeletonize((large > 127).numpy())  # type: ignore[no-untyped-call]
    distance = torch.from_numpy(distance_transform_edt(~middle))
    return [
        ((5 * width / 2 + 0.5 - distance).clamp(0, 1) * 255).round().to(torch.uint8)
        for width in widths
    ]


def _overlaps(outputs: int, inputs: int) -> Tensor:
    """Say how much of each input an output covers, in 1 / outputs of an input: whole numbers."""
    lower, upper = (torch.arange(outputs) + step for step in (0, 1))
    begin, end = (torch.arange(inputs) + step for step in (0, 1))
    covered = torch.minimum(upper[:, None] * inputs, end * outputs) - torch.maximum(
        lower[:, None] * inputs, begin * outputs
    )
    return covered.clamp(min=0).double()
