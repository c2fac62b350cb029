"""The digit lab: draw a digit, and watch it pass through LeNet-5."""

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import traitlets

from course_lib._checks import whole_number_from
from course_lib.widgets.base import CourseWidget, mount_html

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["EXAMPLES", "PENS", "DigitLab"]

Point = tuple[float, float]

PENS = (8, 20, 36)  # thin, medium, thick, in pixels of a paper of 280 x 280


def _arc(x: float, y: float, across: float, down: float, start: float, end: float) -> list[float]:
    """Walk on an ellipse from one angle to another, in degrees; 0 is right, 90 is down."""
    steps = max(2, round(abs(end - start) / 20))
    points = []
    for step in range(steps + 1):
        angle = math.radians(start + (end - start) * step / steps)
        points += [x + across * math.cos(angle), y + down * math.sin(angle)]
    return [round(2 * value) / 2 for value in points]


# Ours, for each digit: strokes x, y, x, y, ...
EXAMPLES: tuple[tuple[list[float], ...], ...] = (
    (_arc(140, 140, 52, 84, -80, 280),),
    ([106, 92, 148, 56, 148, 224],),
    ([*_arc(140, 100, 50, 44, -160, 30), 92, 220, 196, 218],),
    ([*_arc(134, 98, 46, 40, -150, 80), *_arc(134, 180, 54, 44, -80, 150)],),
    ([150, 56, 84, 164, 204, 160], [162, 110, 158, 228]),
    ([186, 60, 108, 62, 100, 128, *_arc(134, 168, 54, 52, -110, 140)],),
    ([168, 54, 120, 96, *_arc(138, 172, 46, 50, -170, 190)],),
    ([84, 66, 194, 64, 150, 140, 122, 226],),
    ([*_arc(140, 100, 40, 40, 90, -270), *_arc(140, 184, 48, 44, -90, 270)],),
    ([*_arc(136, 106, 46, 46, -10, -370), 180, 130, 164, 226],),
)


class DigitLab(CourseWidget):
    """Draw a digit, and watch it pass through C1, S2, C3, S4, C5 and F6 of LeNet-5.

    The network is that of `drawn_digits_lenet5()`. The traits follow what the reader draws.

    Args:
        strokes: For each stroke x, y, x, y, ... on a paper of 280 x 280 pixels; None for a 3.
        pen: Width of the pen in pixels, 1 to 60.

    Raises:
        ValueError: If a stroke is none, or the pen is out of range.

    Example:
        >>> lab = DigitLab()
        >>> lab.distances().argmin().item()
        3
        >>> lab.maps()["c3"].shape
        torch.Size([16, 10, 10])
        >>> DigitLab([[1.0]])
        Traceback (most recent call last):
        ValueError: `strokes` must be lists of x, y, x, y, ... in finite numbers, got [[1.0]]
    """

    _module = "digit_lab"

    network: "traitlets.Dict[str, Any]" = traitlets.Dict().tag(sync=True)
    examples: traitlets.List[Any] = traitlets.List().tag(sync=True)
    far = traitlets.Float(0.0).tag(sync=True)
    strokes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    pen = traitlets.Int(20).tag(sync=True)

    def __init__(self, strokes: Sequence[Sequence[float]] | None = None, pen: int = 20) -> None:
        """Check the drawing, and put the network where the page finds it."""
        from course_lib.models.drawn_digits import digit_record
        from course_lib.models.lenet import C3_INPUTS, digit_codes

        record = digit_record()
        codes = ["".join(".#"[pixel > 0] for pixel in code) for code in digit_codes().flatten(1)]
        super().__init__(
            network={
                "layers": record["weights"],
                "inputs": [list(maps) for maps in C3_INPUTS],
                "codes": codes,
            },
            examples=[list(digit) for digit in EXAMPLES],
            far=record["far"],
            strokes=list(EXAMPLES[3]) if strokes is None else _checked(strokes),
            pen=whole_number_from(1, 60, "pen", pen),
        )

    def digit(self) -> "Tensor":
        """Prepare the drawing: bytes (32, 32), what the network gets."""
        from course_lib.data.drawing import draw_strokes, prepare_digit

        return prepare_digit(draw_strokes(self.strokes, self.pen))

    def maps(self) -> "dict[str, Tensor]":
        """Compute what each layer says of the drawing, squashed, by the layer's name."""
        import torch

        from course_lib.data.drawing import network_input
        from course_lib.models.drawn_digits import drawn_digits_lenet5

        found, x, name = {}, network_input(self.digit()[None]), "input"
        with torch.no_grad():
            for key, layer in drawn_digits_lenet5().named_children():
                x = layer(x)
                name = name if key.startswith(("squash", "flatten")) else key
                found[name] = x[0]
        return found

    def distances(self) -> "Tensor":
        """Compute the squared distance of F6 to the code of each digit, (10,)."""
        return -self.maps()["output"]

    def _lines(self) -> list[list[str]]:
        distances = self.distances()
        shares = (-distances).softmax(dim=0)
        return [
            [str(digit), f"{round(100 * share)}%", f"{distance:.1f}"]
            for digit, (share, distance) in enumerate(
                zip(shares.tolist(), distances.tolist(), strict=True)
            )
        ]

    def _sentence(self) -> str:
        if not self.digit().any():  # strokes may lie beside the paper
            return "The paper is empty."
        best = int(self.distances().argmin())
        return f"LeNet-5 reads this drawing as {best}: there, F6 is nearest to the digit's code."

    def _static_mount(self) -> str:
        lines = "".join(
            f'<polyline points="{escape(_points(stroke))}" fill="none" stroke="#000" '
            f'stroke-width="{self.pen}" stroke-linecap="round" stroke-linejoin="round"/>'
            for stroke in self.strokes
        )
        paper = (
            '<svg class="cw-drawn" viewBox="0 0 280 280" role="img" aria-label="The drawing">'
            f"{lines}</svg>"
        )
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
        body = "".join(
            f'<tr><th scope="row">{line[0]}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in line[1:])
            + "</tr>"
            for line in self._lines()
        )
        html = (
            '<div class="cw-card"><p class="cw-kicker">Digit lab</p>'
            f'<p>{escape(self._sentence())}</p><div class="cw-given">{paper}'
            f'<table class="cw-layers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            '</div><p class="cw-note">To draw a digit of your own and to see the maps, run this '
            "cell (notebook) or turn on JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Digit lab", height="85rem"
        )

    def _static_text(self) -> str:
        digit = self.digit()[2:-2, 2:-2].tolist()
        drawn = (
            "".join(" .:+*#"[(5 * byte + 254) // 255] for byte in row).rstrip() for row in digit
        )
        lines = [list(HEAD), *self._lines()]
        rows = ("".join(cell.rjust(10) for cell in line) for line in lines)
        return "\n\n".join(["Digit lab", "\n".join(drawn), self._sentence(), "\n".join(rows)])


HEAD = ("Digit", "Share", "Distance²")


def _points(stroke: Sequence[float]) -> str:
    path = list(stroke) * (2 if len(stroke) == 2 else 1)  # a line of no length is a dot
    return " ".join(f"{x:g},{y:g}" for x, y in zip(path[::2], path[1::2], strict=True))


def _checked(strokes: Any) -> list[list[float]]:
    try:
        listed = [[float(value) for value in stroke] for stroke in strokes]
    except (TypeError, ValueError):
        listed = [[]]
    if any(not s or len(s) % 2 or not all(map(math.isfinite, s)) for s in listed):
        expected = "lists of x, y, x, y, ... in finite numbers"
        raise ValueError(f"`strokes` must be {expected}, got {strokes!r}")
    return listed
