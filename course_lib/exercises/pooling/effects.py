"""The exercises about what pooling does: memory, shifts, gradients, strides and aliases."""

from collections.abc import Callable

from course_lib.arithmetic import conv_macs, conv_output_size, pool_output_size
from course_lib.exercises.kinds import Matrix, Mistake, Number, Option, SeveralChoices
from course_lib.exercises.pooling._windows import MAP, pool, windows

# What is saved -----------------------------------------------------------------------------------

_BYTES = 4  # of a float32
_MEBIBYTE = 2**20


def _mebibytes(maps: int, size: int, width: int = _BYTES) -> float:
    return maps * size**2 * width / _MEBIBYTE


_AFTER = pool_output_size(256, 2)

MEMORY = Number(
    id="pooling/memory",
    title="How many bytes?",
    level="apply it",
    prompt="A layer makes 64 maps of 256 × 256 numbers, each a float32 of 4 bytes. They are pooled "
    "with windows of 2 × 2 and stride 2. How many MiB (1 MiB = 1,048,576 bytes) do the pooled maps "
    "of one image take?",
    answer=_mebibytes(64, _AFTER),
    unit="MiB",
    mistakes=(
        Mistake(_mebibytes(64, 256), "That is the memory before pooling."),
        Mistake(64 * _AFTER**2 * _BYTES, "That is in bytes. Divide by 1,048,576 for MiB."),
        Mistake(
            _mebibytes(64, 256) / 2,
            "Half is not enough: rows and columns are both halved, which leaves a quarter.",
        ),
        Mistake(_mebibytes(64, _AFTER, 1), "You counted one byte a number. A float32 has four."),
        Mistake(
            _mebibytes(1, _AFTER), "That is one map. Pooling works on each map: there are still 64."
        ),
        Mistake(
            64 * _AFTER**2 * _BYTES / 1e6,
            "Almost: you divided by a million. A MiB has 2²⁰ = 1,048,576 bytes.",
        ),
    ),
    hint="Maps × rows × columns × bytes, after pooling.",
    solution="64 · 128 · 128 · 4 = 4,194,304 bytes = 4 MiB, a quarter of the 16 MiB before.",
)


# What a shift does -------------------------------------------------------------------------------

_ROW = [1, 7, 2, 4, 9, 3, 6, 5]
_MOVED = [0, *_ROW[:-1]]


_PAIRS = zip(*(pool([row, row], 2, 2)[0] for row in (_ROW, _MOVED)), strict=True)
_KEPT = sum(before == after for before, after in _PAIRS)


SHIFT = Number(
    id="pooling/shifted-row",
    title="Shift by one",
    level="apply it",
    prompt="Both rows go through max pooling with windows of 2 and stride 2. The second is the "
    "first, moved by one to the right. How many of the four outputs stay the same?",
    given={"row": [_ROW], "moved": [_MOVED]},
    answer=_KEPT,
    mistakes=(
        Mistake(
            4,
            "That would be full invariance. Write down both rows of four outputs and compare.",
        ),
        Mistake(
            0,
            "Look at the third window: it holds 9 and 3 before, 4 and 9 after. Compare all four "
            "pairs in this way.",
        ),
        Mistake(
            _KEPT + 1,
            "One too many. An output that turns up one place further on has moved, not stayed.",
        ),
    ),
    hint="Pool both rows: 7, 4, 9, 6 is what the first one gives.",
    solution="Before: max(1, 7) = 7, max(2, 4) = 4, max(9, 3) = 9, max(6, 5) = 6. After: "
    "max(0, 1) = 1, max(7, 2) = 7, max(4, 9) = 9, max(3, 6) = 6. Two of four are the same: those "
    "whose winner stayed inside its window.",
)

_STRIDE_OF_ALL = 2**3
_SHIFTS = (2, 3, 6, 8, 16)

EXACT = SeveralChoices(
    id="pooling/exact-shifts",
    title="Which shifts are harmless?",
    level="read it off",
    prompt="A network pools three times with windows of 2 × 2 and stride 2. Its convolutions have "
    "stride 1. Far from the borders: after which shifts of the image are the last maps exactly the "
    "same, but moved?",
    options=tuple(
        Option(
            f"{shift} pixels",
            f"{shift} is a multiple of 2 · 2 · 2 = {_STRIDE_OF_ALL}: the last maps move by "
            f"{shift // _STRIDE_OF_ALL}."
            if shift % _STRIDE_OF_ALL == 0
            else f"{shift} pixels would be {shift / _STRIDE_OF_ALL:g} cells of the last maps. "
            "There is no such cell: other pixels meet in its windows.",
        )
        for shift in _SHIFTS
    ),
    answers=tuple(n for n, shift in enumerate(_SHIFTS) if shift % _STRIDE_OF_ALL == 0),
    solution="The strides multiply: one cell of the last maps is 2 · 2 · 2 = 8 pixels wide. Only "
    "multiples of 8 lead from whole cells to whole cells.",
)


# Where the gradient goes -------------------------------------------------------------------------

_SENT = [[1, 2], [3, 4]]


def _gradient(winners: Callable[[list[float]], list[int]], share: float = 1) -> list[list[float]]:
    """Send `_SENT` back through 2 × 2 windows, to the places in each window that are `winners`."""
    gradient: list[list[float]] = [[0] * 4 for _ in range(4)]
    for r, row in enumerate(windows(MAP, 2, 2)):
        for c, window in enumerate(row):
            for place in winners(window):
                gradient[2 * r + place // 2][2 * c + place % 2] = _SENT[r][c] * share
    return gradient


def _largest(window: list[float]) -> list[int]:
    return [window.index(max(window))]


def _all(window: list[float]) -> list[int]:
    return list(range(4))


MAX_GRADIENT = Matrix(
    id="pooling/max-gradient",
    title="The gradient of max pooling",
    level="apply it",
    prompt="Back to max pooling of this map, 2 × 2 with stride 2. The second matrix is "
    "the gradient that comes back to the four outputs. Which gradient do the 16 inputs get?",
    given={"input": MAP, "gradient of the outputs": _SENT},
    answer=_gradient(_largest),
    mistakes=(
        Mistake(
            _gradient(_all, 1 / 4),
            "You spread it evenly: that is mean pooling. A small change of a loser does not change "
            "the maximum.",
        ),
        Mistake(_gradient(_all), "Each output's gradient goes to one input only: the winner."),
        Mistake(
            _gradient(lambda window: [window.index(min(window))]),
            "You sent it to the smallest number. It goes to the largest.",
        ),
        Mistake(
            [
                [value * bool(sent) for value, sent in zip(*rows, strict=True)]
                for rows in zip(MAP, _gradient(_largest), strict=True)
            ],
            "Right places, but you wrote down the winners themselves. The gradient arrives there.",
        ),
        Mistake(
            [[float(bool(value)) for value in row] for row in _gradient(_largest)],
            "Right places. Now write down the gradient that each of them gets, not 1.",
        ),
    ),
    hint="In each window, find the winner; it gets everything, the others 0.",
    solution="The winners are 8, 6, 4 and 9. They get 1, 2, 3 and 4; the other inputs 0.",
)


# Strided convolution and aliasing ----------------------------------------------------------------


def _macs(stride: int) -> int:
    size = conv_output_size(64, 3, padding=1, stride=stride)
    return conv_macs(32, 32, 3, size)


STRIDED_MACS = Number(
    id="pooling/strided-macs",
    title="Convolve every second place",
    level="apply it",
    prompt="A convolution of 3 × 3 with padding 1 reads maps of 64 × 64 and is followed by pooling "
    "with stride 2. Somebody drops the pooling and gives the convolution a stride of 2. By which "
    "factor do the multiplications of the convolution fall?",
    answer=_macs(1) // _macs(2),
    mistakes=(
        Mistake(2, "It skips every second row *and* every second column."),
        Mistake(
            _macs(2) / _macs(1),
            "That is the share that is left. By which factor did the number fall?",
        ),
        Mistake(1, "The weights stay the same, but there are fewer places."),
        Mistake(
            9,
            "The kernel keeps its nine weights. Count the places: 64 × 64 before, how many after?",
        ),
    ),
    hint="Places before: 64 × 64. Places after: ⌊(64 − 3 + 2)/2⌋ + 1 along each axis.",
    solution="⌊(64 − 3 + 2)/2⌋ + 1 = 32, so 32 × 32 places instead of 64 × 64: a quarter. Pooling "
    "throws away places that were computed; the stride does not compute them.",
)


def _period(values: list[int]) -> int:
    return next(
        n
        for n in range(1, len(values))
        if all(a == b for a, b in zip(values, values[n:], strict=False))
    )


_STRIPES = [place % 3 for place in range(60)]
_SEEN = _period(_STRIPES[::2]) * 2

ALIAS = Number(
    id="pooling/alias-period",
    title="Keep every second",
    level="apply it",
    prompt="Stripes repeat every 3 pixels: 0 1 2 0 1 2 0 1 2 0 1 2 … You keep every second pixel. "
    "After how many *pixels of the original* does what is left repeat?",
    answer=_SEEN,
    unit="pixels",
    mistakes=(
        Mistake(
            _period(_STRIPES[::2]),
            "It repeats after 3 *kept* numbers. How many pixels of the original are these?",
        ),
        Mistake(2, "That is the distance of the kept pixels. Write them down: 0 2 1 0 2 1 …"),
        Mistake(
            12,
            "Too far: write down the kept numbers, 0 2 1 0 2 1 …, and look for the first repeat.",
        ),
        Mistake(
            1.5, "The stripes would have to become finer. Write down every second number and look."
        ),
    ),
    hint="Write down the numbers that are kept: 0 2 1 0 …",
    solution="What is left is 0 2 1 0 2 1 …, which repeats after 3 kept numbers: 6 pixels. "
    "Stripes of 3 pixels look like stripes of 6: half as fine, and running backward.",
)
