"""Which dimensions of a tensor are axes of the image, and what its positions see along them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course_lib.arithmetic._axis import Axis

Factor = tuple[int, int | None]  # a size, and which axis of the image it is (None: channels, batch)
Group = tuple[Factor, ...]  # one dimension of a tensor; several factors after flattening


@dataclass(frozen=True)
class State:
    """The factors of each dimension of a tensor, and the axes of the image."""

    dims: tuple[Group, ...]
    axes: tuple[Axis, ...]

    def size(self, axis: int) -> int:
        """Return how many positions are left along `axis`; one if it was looked at whole."""
        return next((n for group in self.dims for n, a in group if a == axis), 1)

    def on(self, dim: int) -> int | None:
        """Return which axis of the image dimension `dim` is, None if it has nothing of it."""
        group = [factor for factor in self.dims[dim] if factor[0] > 1 or factor[1] is not None]
        axes = [axis for _, axis in group if axis is not None]
        if axes and len(group) > 1:
            raise ValueError("reads channels and places mixed into one axis")
        return axes[0] if axes else None

    def put(self, dim: int, group: Group) -> "State":
        """Return the state with another `group` at `dim`."""
        at = dim % len(self.dims)
        return replace(self, dims=(*self.dims[:at], group, *self.dims[at + 1 :]))

    def drop(self, dim: int) -> "State":
        """Return the state without dimension `dim`."""
        at = dim % len(self.dims)
        return replace(self, dims=self.dims[:at] + self.dims[at + 1 :])

    def change(self, axis: int, new: Axis) -> "State":
        """Return the state with another `axis`."""
        return replace(self, axes=(*self.axes[:axis], new, *self.axes[axis + 1 :]))

    def look_over(self, dim: int) -> "State":
        """Return the state after a layer that makes one position of dimension `dim`."""
        state = self
        for size, axis in self.dims[dim]:
            if axis is not None:
                state = state.change(axis, state.axes[axis].whole(size))
        return state.put(dim, tuple((1, axis) for _, axis in self.dims[dim] if axis is not None))

    def mix(self, dim: int) -> "State":
        """Return the state after a layer whose every position reads all of dimension `dim`."""
        state = self
        for size, axis in self.dims[dim]:
            if axis is not None and size > 1:
                state = state.change(axis, state.axes[axis].everywhere(size))
        return state


def length(group: Group) -> int:
    """Return the size of a dimension."""
    return math.prod(size for size, _ in group)


def whole_image(shape: Sequence[int], axes: int) -> State:
    """Return the state of the image itself, whose last `axes` dimensions are its axes."""
    first = len(shape) - axes
    dims = tuple(((n, d - first if d >= first else None),) for d, n in enumerate(shape))
    return State(dims, (Axis(),) * axes)


def places(group: Group) -> list[Factor]:
    """Return the factors of a dimension that are axes of the image."""
    return [(n, axis) for n, axis in group if axis is not None and n > 1]
