"""Which pixels of the input each position along one axis of a feature map sees. Plain Python."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

Number = int | Fraction
Window = tuple[int, int] | None  # first and last pixel; None: sees nothing


def tidy(number: Number) -> Number:
    """Return an int where `number` is whole."""
    return int(number) if number == int(number) else number


def hull(windows: Iterable[Window]) -> Window:
    """Return the window from the first to the last pixel of all `windows`."""
    seen = [window for window in windows if window]
    return (min(w[0] for w in seen), max(w[1] for w in seen)) if seen else None


@dataclass(frozen=True)
class Axis:
    """The windows of the positions 0, 1, 2, ... along one axis, which repeat, moved along.

    Position i + len(windows) sees what position i sees, `move` pixels further. One window is
    enough for convolution and pooling; upsampling by 2 makes two that take turns. Nothing is cut
    off at the borders of the image: pixel -1 is the first one of the padding.
    """

    windows: tuple[Window, ...] = ((0, 0),)
    move: Number = 1

    def at(self, position: int) -> Window:
        """Return the first and the last pixel that `position` sees; it may be negative."""
        turns, which = divmod(position, len(self.windows))
        window, moved = self.windows[which], turns * self.move
        return window and (math.floor(window[0] + moved), math.ceil(window[1] + moved))

    @property
    def jump(self) -> Number:
        """By how many pixels the window moves from one position to the next, on average."""
        return tidy(Fraction(self.move) / len(self.windows))

    def largest(self, size: int) -> int:
        """Return the pixels in the largest window of the first `size` positions."""
        windows = [w for w in self.windows[:size] if w]
        return max((last - first + 1 for first, last in windows), default=0)

    def read(self, taps: Callable[[int], Iterable[int]], period: int = 1, step: int = 1) -> "Axis":
        """Return the axis of a layer whose position o reads the positions `taps(o)` of this one.

        The taps of position o + `period` are those of position o, moved by `step`.
        """
        turns = len(self.windows) // math.gcd(len(self.windows), step)
        windows = [hull(map(self.at, taps(o))) for o in range(period * turns)]
        return _shortest(windows, Fraction(self.move) * step * turns / len(self.windows))

    def slide(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> "Axis":
        """Return the axis after a convolution or a pooling."""
        return self.read(
            lambda o: range(
                o * stride - padding, o * stride - padding + kernel * dilation, dilation
            ),
            step=stride,
        )

    def slide_back(self, kernel: int, stride: int, padding: int, dilation: int) -> "Axis":
        """Return the axis after a transposed convolution."""

        def taps(o: int) -> list[int]:
            reached = [o + padding - tap * dilation for tap in range(kernel)]
            return [place // stride for place in reached if place % stride == 0]

        return self.read(taps, period=stride)

    def adapt(self, size: int, output_size: int) -> "Axis":
        """Return the axis after adaptive pooling from `size` to `output_size` positions."""
        if output_size == 1:
            return self.whole(size)
        ratio = Fraction(size, output_size)
        return self.read(
            lambda o: range(math.floor(o * ratio), math.ceil((o + 1) * ratio)),
            period=ratio.denominator,
            step=ratio.numerator,
        )

    def resample(self, mode: str, scale: Fraction, align_corners: bool = False) -> "Axis":
        """Return the axis after interpolation; `scale` is input pixels per output pixel."""

        def taps(o: int) -> list[int]:
            if mode == "nearest":
                return [math.floor(o * scale)]
            half = Fraction(1, 2)
            if mode == "nearest-exact":
                return [math.floor((o + half) * scale)]
            place = o * scale if align_corners else (o + half) * scale - half
            below, above = math.floor(place), math.ceil(place)
            if mode == "cubic" and below != above:
                return [below - 1, above + 1]
            return [below, above]

        return self.read(taps, period=scale.denominator, step=scale.numerator)

    def whole(self, size: int) -> "Axis":
        """Return the axis of one position that reads all `size` positions; it keeps the jump."""
        return Axis((hull(map(self.at, range(size))),), self.jump)

    def everywhere(self, size: int) -> "Axis":
        """Return the axis whose every position reads all `size` positions of this one."""
        return Axis((hull(map(self.at, range(size))),), 0)


def join(axes: Sequence[Axis], size: int, image: int) -> Axis:
    """Return the axis of a layer that reads the same position of several: the union.

    Raises:
        ValueError: if the jumps differ, so that the windows drift apart.
    """
    if len(set(axes)) == 1:
        return axes[0]
    if len({axis.jump for axis in axes}) == 1:
        period = math.lcm(*(len(axis.windows) for axis in axes))
        windows = [hull(axis.at(o) for axis in axes) for o in range(period)]
        return _shortest(windows, Fraction(axes[0].jump) * period)
    wide = hull(axis.at(o) for axis in axes for o in range(size))
    if size == 1:
        return Axis((wide,), 0)
    for still in (axis.windows[0] for axis in axes if axis.jump == 0):
        if still and (still == wide or (still[0] <= 0 and still[1] >= image - 1)):
            return Axis((wide,), 0)  # one branch sees all of it from every position
    jumps = " and ".join(str(jump) for jump in sorted({axis.jump for axis in axes}))
    raise ValueError(f"joins branches with the jumps {jumps}")


def _shortest(windows: Sequence[Window], move: Number) -> Axis:
    """Return the axis with as few windows as say the same."""
    count = len(windows)
    for period in (p for p in range(1, count + 1) if count % p == 0):
        step = Fraction(move) * period / count
        axis = Axis(tuple(windows[:period]), tidy(step))
        if step.denominator == 1 and all(axis.at(o) == w for o, w in enumerate(windows)):
            return axis
    return Axis(tuple(windows), tidy(move))
