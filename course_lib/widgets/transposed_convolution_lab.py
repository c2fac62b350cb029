"""The transposed convolution lab: the same numbers by stamping and by gathering, step by step."""

import traitlets

from course_lib._checks import whole_number_from
from course_lib.arithmetic import (
    conv_output_size,
    conv_transpose_output_size,
    transposed_convolve2d,
)
from course_lib.widgets.base import CourseWidget, mount_html
from course_lib.widgets.markup import table_html, table_text

__all__ = ["TransposedConvolutionLab", "make_numbers"]

# Lecture, "Transposed convolutional layers": the map that is made larger.
SLIDE_INPUT = ((5, 3, 1), (0, 2, 4), (4, 3, 5))

LIMITS = {
    "input_size": (1, 6),
    "kernel_size": (1, 5),
    "stride": (1, 4),
    "padding": (0, 4),
    "output_padding": (0, 3),
}
NUMBERS = ("interpolation", "numbered", "ones")
VIEWS = ("scatter", "gather")

Rows = list[list[float]]


def make_numbers(numbers: str, input_size: int, kernel_size: int) -> tuple[Rows, Rows]:
    """Make the lab's input and kernel.

    The input is the lecture's, cropped or continued with numbers from 0 to 5, or ones; the kernel
    interpolates, counts from 1, or is made of ones.

    Example:
        >>> make_numbers("interpolation", 1, 3)
        ([[5]], [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]])
        >>> make_numbers("numbered", 2, 2)
        ([[5, 3], [0, 2]], [[1, 2], [3, 4]])
    """
    size, k = range(input_size), range(kernel_size)
    if numbers == "ones":
        return [[1 for _ in size] for _ in size], [[1 for _ in k] for _ in k]
    known = len(SLIDE_INPUT)
    rows: Rows = [
        [SLIDE_INPUT[r][c] if max(r, c) < known else (2 * r + c * c) % 6 for c in size]
        for r in size
    ]
    if numbers == "numbered":
        return rows, [[r * kernel_size + c + 1 for c in k] for r in k]
    reach = (kernel_size + 1) // 2  # a tent: 1 in the middle, 0 this far from it
    tent = [1 - abs(c - (kernel_size - 1) / 2) / reach for c in k]
    return rows, [[a * b for b in tent] for a in tent]


class TransposedConvolutionLab(CourseWidget):
    """Explore what a transposed convolution does, from the input's side and from the output's.

    The traits have the names of the arguments and follow what the reader chooses.

    Args:
        input_size: Rows and columns of the input, 1 to 6.
        kernel_size: Rows and columns of the kernel, 1 to 5.
        stride: Cells of the output between the stamps of two neighbors, 1 to 4.
        padding: Cells that are cut off on each side of the output, 0 to 4.
        output_padding: Cells that are added at its lower and right end, 0 to `stride` - 1.
        numbers: "interpolation" (the lecture's input, and a kernel that interpolates), "numbered"
            (the same input, and a kernel that counts from 1) or "ones" (in both: the output
            counts how many stamps fall on each cell).
        view: "scatter" (step over the input, stamp the kernel) or "gather" (step over the output,
            read a window of the input with zeros between its cells).

    Raises:
        ValueError: If a value is out of range, or the padding leaves no output.

    Example:
        >>> TransposedConvolutionLab().output()[0]
        [5.0, 4.0, 3.0, 2.0, 1.0, 0.5]
        >>> TransposedConvolutionLab(stride=1)
        Traceback (most recent call last):
        ValueError: `output_padding` must be smaller than `stride` 1 or `dilation` 1, got 1
    """

    _module = "transposed_convolution_lab"

    input_size = traitlets.Int(3).tag(sync=True)
    kernel_size = traitlets.Int(3).tag(sync=True)
    stride = traitlets.Int(2).tag(sync=True)
    padding = traitlets.Int(1).tag(sync=True)
    output_padding = traitlets.Int(1).tag(sync=True)
    numbers = traitlets.Unicode("interpolation").tag(sync=True)
    view = traitlets.Unicode("scatter").tag(sync=True)

    def __init__(
        self,
        input_size: int = 3,
        kernel_size: int = 3,
        stride: int = 2,
        padding: int = 1,
        output_padding: int = 1,
        *,
        numbers: str = "interpolation",
        view: str = "scatter",
    ) -> None:
        """Check the setting, so that the lab starts with one that works."""
        sizes = {
            "input_size": input_size,
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "output_padding": output_padding,
        }
        for name, (low, high) in LIMITS.items():
            sizes[name] = whole_number_from(low, high, name, sizes[name])
        for name, value, known in (("numbers", numbers, NUMBERS), ("view", view, VIEWS)):
            if value not in known:
                raise ValueError(f"`{name}` must be one of {known}, got {value!r}")
        conv_transpose_output_size(
            sizes["input_size"],
            sizes["kernel_size"],
            padding=sizes["padding"],
            stride=sizes["stride"],
            output_padding=sizes["output_padding"],
        )
        super().__init__(**sizes, numbers=numbers, view=view)

    def output(self) -> list[list[float]]:
        """Compute what the lab shows as its output."""
        image, kernel = make_numbers(self.numbers, self.input_size, self.kernel_size)
        return transposed_convolve2d(
            image,
            kernel,
            padding=self.padding,
            stride=self.stride,
            output_padding=self.output_padding,
        )

    def taken_back(self) -> list[int]:
        """List the sizes that a convolution with this setting takes to `input_size`.

        Example:
            >>> TransposedConvolutionLab().taken_back()
            [5, 6]
        """
        k, p, s = self.kernel_size, self.padding, self.stride
        largest = (self.input_size - 1) * s + k + s
        fitting = [size for size in range(1, largest + 1) if size + 2 * p >= k]
        return [
            size
            for size in fitting
            if conv_output_size(size, k, padding=p, stride=s) == self.input_size
        ]

    def _tables(self) -> list[tuple[str, Rows]]:
        image, kernel = make_numbers(self.numbers, self.input_size, self.kernel_size)
        output = self.output()
        return [
            (f"Input {len(image)} × {len(image)}", _rounded(image)),
            (f"Kernel {len(kernel)} × {len(kernel)}", _rounded(kernel)),
            (f"Output {len(output)} × {len(output)}", _rounded(output)),
        ]

    def _sentence(self) -> str:
        return (
            "Each cell of the input stamps the kernel, times its value, into the output: with "
            f"stride {self.stride}, padding {self.padding} and output padding "
            f"{self.output_padding}."
        )

    def _static_mount(self) -> str:
        tables = "".join(table_html(name, rows) for name, rows in self._tables())
        html = (
            '<div class="cw-card"><p class="cw-kicker">Transposed convolution lab</p>'
            f'<p>{self._sentence()}</p><div class="cw-given">{tables}</div>'
            '<p class="cw-note">To change the sizes and to step through the stamps, run this '
            "cell (notebook) or turn on JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module,
            self._static_state(),
            html,
            title="Transposed convolution lab",
            height="67.5rem",
        )

    def _static_text(self) -> str:
        tables = [table_text(name, rows) for name, rows in self._tables()]
        return "\n\n".join(["Transposed convolution lab", self._sentence(), *tables])


def _rounded(rows: Rows) -> Rows:
    """Round to two decimals; whole numbers lose their point."""
    return [[int(x) if x == int(x) else round(x, 2) for x in row] for row in rows]
