"""The convolution lab: choose sizes, step through the positions, see every product."""

from collections.abc import Callable

import traitlets

from course_lib._checks import true_or_false, whole_number_from
from course_lib.arithmetic import convolve2d, cross_correlate2d
from course_lib.widgets.base import CourseWidget, mount_html
from course_lib.widgets.markup import table_html, table_text

__all__ = ["ConvolutionLab", "make_input", "make_kernel"]

# Lecture, "Convolutional layers": the worked example.
SLIDE_INPUT = ((3, 3, 2, 1, 0), (0, 0, 1, 3, 1), (3, 1, 2, 2, 3), (2, 0, 0, 2, 2), (2, 0, 0, 0, 1))
SLIDE_KERNEL = ((0, 1, 2), (2, 2, 0), (0, 1, 2))

LIMITS = {
    "input_size": (1, 12),
    "kernel_size": (1, 7),
    "padding": (0, 4),
    "stride": (1, 4),
    "dilation": (1, 3),
}


def make_input(size: int) -> list[list[int]]:
    """Make the lab's input: the lecture's, cropped or continued with numbers from 0 to 3.

    Example:
        >>> make_input(2), make_input(6)[0]
        ([[3, 3], [0, 0]], [3, 3, 2, 1, 0, 3])
    """
    return _extended(SLIDE_INPUT, size, lambda r, c: (r * r + 3 * c + r * c) % 4)


def make_kernel(size: int) -> list[list[int]]:
    """Make the lab's kernel: the lecture's, cropped or continued with numbers from −1 to 2.

    Example:
        >>> make_kernel(1), make_kernel(3)
        ([[2]], [[0, 1, 2], [2, 2, 0], [0, 1, 2]])
    """
    if size == 1:
        return [[2]]
    return _extended(SLIDE_KERNEL, size, lambda r, c: (2 * r + 3 * c + r * c) % 4 - 1)


class ConvolutionLab(CourseWidget):
    """Explore how sizes, padding, stride and dilation act on a small input.

    The traits have the names of the arguments and follow what the reader chooses.

    Args:
        input_size: Rows and columns of the input, 1 to 12.
        kernel_size: Rows and columns of the kernel, 1 to 7.
        padding: Zeros on each side, 0 to 4.
        stride: Step between two positions, 1 to 4.
        dilation: Step between two cells that the kernel looks at, 1 to 3.
        flip: Whether to flip the kernel, which makes it a true convolution.

    Raises:
        ValueError: If a value is out of range, `flip` is no bool, or the kernel does not fit on
            the padded input.

    Example:
        >>> ConvolutionLab().output()
        [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
        >>> ConvolutionLab(input_size=3, kernel_size=4)
        Traceback (most recent call last):
        ValueError: `kernel_size` spans 4 cells, but the padded input has only 3
    """

    _module = "convolution_lab"

    input_size = traitlets.Int(5).tag(sync=True)
    kernel_size = traitlets.Int(3).tag(sync=True)
    padding = traitlets.Int(0).tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    dilation = traitlets.Int(1).tag(sync=True)
    flip = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        input_size: int = 5,
        kernel_size: int = 3,
        padding: int = 0,
        stride: int = 1,
        dilation: int = 1,
        *,
        flip: bool = False,
    ) -> None:
        """Check the setting, so that the lab starts with one that works."""
        sizes = {
            "input_size": input_size,
            "kernel_size": kernel_size,
            "padding": padding,
            "stride": stride,
            "dilation": dilation,
        }
        for name, (low, high) in LIMITS.items():
            sizes[name] = whole_number_from(low, high, name, sizes[name])
        flip = true_or_false("flip", flip)
        span = sizes["dilation"] * (sizes["kernel_size"] - 1) + 1
        room = sizes["input_size"] + 2 * sizes["padding"]
        if span > room:
            raise ValueError(
                f"`kernel_size` spans {span} cells, but the padded input has only {room}"
            )
        super().__init__(**sizes, flip=flip)

    def output(self) -> list[list[float]]:
        """Compute what the lab shows as its output."""
        kernel = _dilated(make_kernel(self.kernel_size), self.dilation)
        slide = convolve2d if self.flip else cross_correlate2d
        return slide(make_input(self.input_size), kernel, padding=self.padding, stride=self.stride)

    def _tables(self) -> list[tuple[str, list[list[int]] | list[list[float]]]]:
        output = self.output()
        return [
            (f"Input {self.input_size} × {self.input_size}", make_input(self.input_size)),
            (f"Kernel {self.kernel_size} × {self.kernel_size}", make_kernel(self.kernel_size)),
            (f"Output {len(output)} × {len(output)}", output),
        ]

    def _sentence(self) -> str:
        sliding = "flipped and slid" if self.flip else "slid"
        return (
            f"The kernel is {sliding} over the input with padding {self.padding}, "
            f"stride {self.stride} and dilation {self.dilation}."
        )

    def _static_mount(self) -> str:
        tables = "".join(table_html(name, rows) for name, rows in self._tables())
        html = (
            '<div class="cw-card"><p class="cw-kicker">Convolution lab</p>'
            f'<p>{self._sentence()}</p><div class="cw-given">{tables}</div>'
            '<p class="cw-note">To change the sizes and to step through the positions, run this '
            "cell (notebook) or turn on JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Convolution lab", height="48rem"
        )

    def _static_text(self) -> str:
        tables = [table_text(name, rows) for name, rows in self._tables()]
        return "\n\n".join(["Convolution lab", self._sentence(), *tables])


def _extended(
    rows: tuple[tuple[int, ...], ...], size: int, rule: Callable[[int, int], int]
) -> list[list[int]]:
    known = len(rows)
    return [
        [rows[r][c] if max(r, c) < known else rule(r, c) for c in range(size)] for r in range(size)
    ]


def _dilated(kernel: list[list[int]], dilation: int) -> list[list[int]]:
    size = dilation * (len(kernel) - 1) + 1
    spread = [[0] * size for _ in range(size)]
    for r, row in enumerate(kernel):
        for c, weight in enumerate(row):
            spread[r * dilation][c * dilation] = weight
    return spread
