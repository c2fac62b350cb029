"""What the exercises about receptive fields share: layers, and what is carried through them.

Answers and wrong answers are computed; the numbers typed in are those of the questions. A layer is
written (kernel, stride, padding, dilation), and acts alike along rows and columns.
"""

from collections.abc import Sequence

Layer = tuple[int, int, int, int]
Triple = tuple[int, int, int]


def fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


def carry(layers: Sequence[Layer]) -> list[Triple]:
    """Return (field, jump, start) after each layer."""
    field, jump, start, rows = 1, 1, 0, []
    for kernel, stride, padding, dilation in layers:
        field += dilation * (kernel - 1) * jump
        start -= padding * jump
        jump *= stride
        rows.append((field, jump, start))
    return rows
