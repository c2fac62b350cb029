"""The pooling lab: choose windows, step through them, shift the input and see what stays."""

import traitlets

from course_lib._checks import true_or_false, whole_number_from
from course_lib.arithmetic import pool_output_size
from course_lib.widgets.base import CourseWidget, mount_html
from course_lib.widgets.markup import table_html, table_text

__all__ = ["PoolingLab", "make_input", "pool"]

KINDS = ("max", "mean")
LIMITS = {
    "input_size": (1, 10),
    "kernel_size": (1, 5),
    "stride": (1, 4),
    "padding": (0, 2),
    "shift": (0, 3),
}


def make_input(size: int, shift: int = 0) -> list[list[int]]:
    """Cut the lab's input out of an endless strip of numbers from 0 to 9.

    A shift moves the strip to the right: columns leave on the right and others come in on the left.

    Example:
        >>> make_input(3), make_input(3, shift=1)
        ([[2, 2, 5], [0, 6, 4], [6, 9, 4]], [[0, 2, 2], [2, 0, 6], [0, 6, 9]])
    """
    return [[_number(r, c - shift) for c in range(size)] for r in range(size)]


def _number(row: int, column: int) -> int:
    x = column + 4  # the shift is at most 3
    return (7 * row + 3 * x * x + 5 * row * x + x * x * x + row * row * x) % 11 % 10


def pool(
    rows: list[list[int]],
    kernel_size: int,
    stride: int,
    padding: int = 0,
    *,
    kind: str = "max",
    ceil_mode: bool = False,
) -> list[list[float]]:
    """Pool a square of numbers as torch does, in plain Python.

    Padded cells never win a maximum; a mean counts them as zeros. Cells beyond the padding, which
    a last window reaches in `ceil_mode`, do not exist for either.

    Example:
        >>> pool([[1, 2], [3, 4]], 2, 2), pool([[1, 2], [3, 4]], 2, 2, kind="mean")
        ([[4]], [[2.5]])
        >>> pool([[8]], 2, 2, 1), pool([[8]], 2, 2, 1, kind="mean")
        ([[8]], [[2.0]])
    """
    size = len(rows)
    count = pool_output_size(size, kernel_size, padding=padding, stride=stride, ceil_mode=ceil_mode)
    starts = [place * stride - padding for place in range(count)]
    spans = [(start, min(start + kernel_size, size + padding)) for start in starts]

    def one(top: int, bottom: int, left: int, right: int) -> float:
        inside = [row[max(left, 0) : right] for row in rows[max(top, 0) : bottom]]
        values = [value for row in inside for value in row]
        return max(values) if kind == "max" else sum(values) / ((bottom - top) * (right - left))

    return [[one(*across, *down) for down in spans] for across in spans]


class PoolingLab(CourseWidget):
    """Explore max and mean pooling, the size of the output, and what a shift changes.

    The traits have the names of the arguments and follow what the reader chooses.

    Args:
        input_size: Rows and columns of the input, 1 to 10.
        kind: `"max"` or `"mean"`.
        kernel_size: Rows and columns of a window, 1 to 5.
        stride: Step between two windows, 1 to 4.
        padding: Cells added on each side, 0 to 2, and at most half of the window.
        shift: By how many cells the input is moved to the right, 0 to 3.
        ceil_mode: Whether a last window may reach past the end.

    Raises:
        ValueError: If a value is out of range, or no window fits.

    Example:
        >>> PoolingLab(input_size=4).output()
        [[6, 6], [9, 8]]
        >>> PoolingLab(input_size=2, kernel_size=3)
        Traceback (most recent call last):
        ValueError: `kernel_size` must be at most the padded input size 2, got 3
    """

    _module = "pooling_lab"

    input_size = traitlets.Int(6).tag(sync=True)
    kind = traitlets.Unicode("max").tag(sync=True)
    kernel_size = traitlets.Int(2).tag(sync=True)
    stride = traitlets.Int(2).tag(sync=True)
    padding = traitlets.Int(0).tag(sync=True)
    shift = traitlets.Int(0).tag(sync=True)
    ceil_mode = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        input_size: int = 6,
        kind: str = "max",
        kernel_size: int = 2,
        stride: int = 2,
        padding: int = 0,
        shift: int = 0,
        *,
        ceil_mode: bool = False,
    ) -> None:
        """Check the setting, so that the lab starts with one that works."""
        sizes = {
            "input_size": input_size,
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "shift": shift,
        }
        for name, (low, high) in LIMITS.items():
            sizes[name] = whole_number_from(low, high, name, sizes[name])
        if kind not in KINDS:
            raise ValueError(f'`kind` must be "max" or "mean", got {kind!r}')
        ceil_mode = true_or_false("ceil_mode", ceil_mode)
        window = {name: sizes[name] for name in ("kernel_size", "stride", "padding")}
        pool_output_size(sizes["input_size"], **window, ceil_mode=ceil_mode)
        super().__init__(**sizes, kind=kind, ceil_mode=ceil_mode)

    def output(self) -> list[list[float]]:
        """Compute what the lab shows as its output."""
        return self._pooled(self.shift)

    def kept(self) -> int:
        """Count the outputs that the shift leaves as they are, each compared at its own place."""
        pairs = zip(self._pooled(0), self._pooled(self.shift), strict=True)
        return sum(a == b for rows in pairs for a, b in zip(*rows, strict=True))

    def _pooled(self, shift: int) -> list[list[float]]:
        return pool(
            make_input(self.input_size, shift),
            self.kernel_size,
            self.stride,
            self.padding,
            kind=self.kind,
            ceil_mode=self.ceil_mode,
        )

    def _tables(self) -> list[tuple[str, list[list[int]] | list[list[float]]]]:
        output = [[round(value, 2) for value in row] for row in self.output()]
        numbers = make_input(self.input_size, self.shift)
        return [
            (f"Input {self.input_size} × {self.input_size}", numbers),
            (f"Output {len(output)} × {len(output)}", output),
        ]

    def _sentence(self) -> str:
        rounding = "up" if self.ceil_mode else "down"
        return (
            f"Each output is the {'largest' if self.kind == 'max' else 'mean'} of the numbers in a "
            f"window of {self.kernel_size} × {self.kernel_size}, with stride {self.stride} and "
            f"padding {self.padding}; the size is rounded {rounding}."
        )

    def _static_mount(self) -> str:
        tables = "".join(table_html(name, rows) for name, rows in self._tables())
        html = (
            '<div class="cw-card"><p class="cw-kicker">Pooling lab</p>'
            f'<p>{self._sentence()}</p><div class="cw-given">{tables}</div>'
            '<p class="cw-note">To change the windows and to step through them, run this '
            "cell (notebook) or turn on JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Pooling lab", height="53rem"
        )

    def _static_text(self) -> str:
        tables = [table_text(name, rows) for name, rows in self._tables()]
        return "\n\n".join(["Pooling lab", self._sentence(), *tables])
