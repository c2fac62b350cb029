"""The network chart lab: accuracy against cost as a ball chart, and a timeline of networks."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import traitlets

from course_lib._checks import one_of, true_or_false
from course_lib.networks import FAMILIES, NETWORKS, Network, accuracy_of, undominated
from course_lib.widgets.base import CourseWidget, mount_html

__all__ = ["MEASURES", "Axis", "Ball", "NetworkChartLab", "layout", "make_axis"]

VIEWS = ("balls", "timeline")
MEASURES = ("operations", "parameters", "depth")
WEIGHTS = ("V1", "best")
ALL = "all"


class Axis(NamedTuple):
    """From where to where an axis goes, whether by factors, and where it has ticks."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Return where a value lies: 0 at the low end, 1 at the high one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


class Ball(NamedTuple):
    """A network in the chart: name, place from 0 to 1, and radius as a part of the largest."""

    name: str
    x: float
    y: float
    r: float


ACCURACY = Axis(55, 85, False, tuple(range(55, 86, 5)))
YEARS = Axis(1996, 2020, False, tuple(range(1996, 2021, 4)))


def make_axis(values: Sequence[float], log: bool) -> Axis:
    """Make an axis of round numbers around positive values.

    Example:
        >>> make_axis([0.3, 19.6], True).ticks
        (0.2, 0.5, 1, 2, 5, 10, 20)
        >>> make_axis([0.3, 19.6], False).ticks
        (0, 5, 10, 15, 20)
    """
    if log:
        first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        powers = [(n, e) for e in range(first, last + 1) for n in (1, 2, 5)]
        steps = [n * 10**e if e >= 0 else n / 10**-e for n, e in powers]
        low = max(step for step in steps if step <= min(values))
        high = min(step for step in steps if step >= max(values))
        return Axis(low, high, True, tuple(step for step in steps if low <= step <= high))
    most = max(values)
    size = 10 ** math.floor(math.log10(most / 5))
    step = next(n * size for n in (1, 2, 5, 10) if n * size >= most / 5)
    count = math.ceil(most / step)
    return Axis(0, count * step, False, tuple(n * step for n in range(count + 1)))


def measure(network: Network, by: str) -> float:
    """Return billions of multiply-accumulates, millions of parameters, or layers."""
    if by == "operations":
        return network.macs / 1e9
    return network.parameters / 1e6 if by == "parameters" else network.depth


def candidates(view: str, weights: str) -> list[Network]:
    """Return the networks that a view can show."""
    if view == "timeline":
        return [n for n in NETWORKS if n.name != "AlexNet 2014"]  # the paper's is there
    return [n for n in NETWORKS if accuracy_of(n, weights) is not None]


def layout(
    view: str, by: str, log: bool, family: str, weights: str
) -> tuple[Axis, Axis, list[Ball], list[str]]:
    """Return both axes, the balls, and the names that no shown network beats."""
    able = candidates(view, weights)
    costs = make_axis([measure(network, by) for network in able], log)
    largest = max(network.parameters for network in NETWORKS)
    balls = []
    shown = [network for network in able if family in (ALL, network.family)]
    for network in shown:
        cost = costs.place(measure(network, by))
        right = accuracy_of(network, weights)
        x, y = (
            (YEARS.place(network.year), cost)
            if view == "timeline" or right is None
            else (cost, ACCURACY.place(right))
        )
        balls.append(Ball(network.name, x, y, math.sqrt(network.parameters / largest)))
    if view == "timeline":
        return YEARS, costs, balls, []
    front = undominated([ball.x for ball in balls], [ball.y for ball in balls])
    return costs, ACCURACY, balls, [balls[n].name for n in front]


def amount(number: int) -> str:
    """Write a count in words: three digits and a unit, or all digits of a small one.

    Example:
        >>> amount(4_089_184_256), amount(25_557_032), amount(61_706)
        ('4.09 billion', '25.6 million', '61,706')
    """
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return f"{number / size:.3g} {word}"
    return f"{number:,}"


def describe(network: Network, weights: str) -> str:
    """Say all numbers of a network in one sentence."""
    right = accuracy_of(network, weights)
    chosen = "V2" if weights == "best" and "V2" in network.top1 else "V1"
    told = (
        f"{right:.1f}% of the test images right (weights {chosen})"
        if right is not None
        else "no accuracy on ImageNet from torchvision"
    )
    return (
        f"{network.name} ({network.year}): {told}, {amount(network.macs)} multiply-accumulates for "
        f"an image of {network.size} × {network.size}, {amount(network.parameters)} parameters "
        f"({network.parameters * 4 / 1e6:.3g} MB), {network.depth} layers with weights."
    )


class NetworkChartLab(CourseWidget):
    """Compare the networks of the course: accuracy against cost, or cost over the years.

    The traits follow what the reader chooses.

    Args:
        view: "balls" (accuracy against a cost) or "timeline" (a cost over the years).
        by: The cost: "operations", "parameters" or "depth".
        by_factors: Whether its axis is logarithmic.
        family: One of `course_lib.networks.FAMILIES`, or "all".
        weights: "V1", torchvision's first weights, or "best", its best ones.
        chosen: The name of the network whose numbers are told.

    Raises:
        ValueError: If an argument is none of these.

    Example:
        >>> NetworkChartLab().describe()[:59]
        'ResNet-50 (2015): 76.1% of the test images right (weights V'
        >>> NetworkChartLab(view="table")
        Traceback (most recent call last):
        ValueError: `view` must be 'balls' or 'timeline', got 'table'
    """

    _module = "network_chart_lab"

    networks: traitlets.List[Any] = traitlets.List().tag(sync=True)
    view = traitlets.Unicode("balls").tag(sync=True)
    by = traitlets.Unicode("operations").tag(sync=True)
    by_factors = traitlets.Bool(True).tag(sync=True)
    family = traitlets.Unicode(ALL).tag(sync=True)
    weights = traitlets.Unicode("V1").tag(sync=True)
    chosen = traitlets.Unicode("ResNet-50").tag(sync=True)

    def __init__(
        self,
        view: str = "balls",
        by: str = "operations",
        *,
        by_factors: bool = True,
        family: str = ALL,
        weights: str = "V1",
        chosen: str = "ResNet-50",
    ) -> None:
        """Check the setting, so that the lab starts with one that works."""
        one_of("view", view, VIEWS)
        one_of("by", by, MEASURES)
        one_of("family", family, (ALL, *FAMILIES))
        one_of("weights", weights, WEIGHTS)
        one_of("chosen", chosen, tuple(network.name for network in NETWORKS))
        super().__init__(
            networks=[_row(network) for network in NETWORKS],
            view=view,
            by=by,
            by_factors=true_or_false("by_factors", by_factors),
            family=family,
            weights=weights,
            chosen=chosen,
        )

    def describe(self) -> str:
        """Say all numbers of the chosen network in one sentence."""
        network = next(network for network in NETWORKS if network.name == self.chosen)
        return describe(network, self.weights)

    def _static_mount(self) -> str:
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
        body = "".join(
            f'<tr><th scope="row">{escape(cells[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
            + "</tr>"
            for cells in _lines()
        )
        html = (
            '<div class="cw-card"><p class="cw-kicker">Network chart lab</p>'
            f'<div class="cw-scroll"><table class="cw-layers"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
            '<p class="cw-note">To see them as a chart, run this cell (notebook) or turn on '
            "JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Network chart lab", height="63rem"
        )

    def _static_text(self) -> str:
        lines = [list(HEAD), *_lines()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n\n".join(["Network chart lab", "\n".join(rows), self.describe()])


HEAD = ("Network", "Year", "Layers", "Parameters", "MACs", "Right, V1", "Right, best")


def _row(network: Network) -> list[Any]:
    return [
        *(network.name, network.family, network.year, network.size, network.depth),
        *(network.parameters, network.macs),
        *(accuracy_of(network, weights) for weights in WEIGHTS),
    ]


def _lines() -> list[list[str]]:
    def percent(value: float | None) -> str:
        return "" if value is None else f"{value:.1f}%"

    return [
        [
            network.name,
            str(network.year),
            str(network.depth),
            amount(network.parameters),
            amount(network.macs),
            *(percent(accuracy_of(network, weights)) for weights in WEIGHTS),
        ]
        for network in NETWORKS
    ]
