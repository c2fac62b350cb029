"""What each operation of torch does to the windows that the positions of a feature map see.

A rule takes the state of the first argument, the arguments by their names in the schema of the
operation, and the shape of what comes out. What joins several tensors is in `_follow.py`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from torch import Tensor

from course_lib._meta import spread
from course_lib.arithmetic._axis import Axis
from course_lib.arithmetic._state import Factor, Group, State, length

Rule = Callable[[State, dict[str, Any], tuple[int, ...]], State]


def _slide(
    state: State, shape: tuple[int, ...], axes: int, move: Callable[[Axis, int], Axis]
) -> State:
    """Return the state after a layer with windows over the last `axes` dimensions."""
    if axes == len(state.axes) and not any(a is not None for g in state.dims[-axes:] for _, a in g):
        for axis in range(axes):  # a vector made into a map: each of its places knows all of it
            state = state.put(axis - axes, ((shape[axis - axes], axis),))
            state = state.change(axis, replace(state.axes[axis], move=0))
    for place in range(axes):
        on = state.on(place - axes)
        if on is not None:
            state = state.change(on, move(state.axes[on], place))
        state = state.put(place - axes, ((shape[place - axes], on),))
    if len(state.dims) > axes:  # the channels
        state = state.put(-axes - 1, ((shape[-axes - 1], None),))
    return state


def _convolution(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    kernel = given["weight"].shape[2:]
    n = len(kernel)
    stride, padding, dilation = (spread(given[k], n) for k in ("stride", "padding", "dilation"))

    def move(axis: Axis, place: int) -> Axis:
        how = (kernel[place], stride[place], padding[place], dilation[place])
        return axis.slide_back(*how) if given["transposed"] else axis.slide(*how)

    return _slide(state.mix(-n - 1), shape, n, move)


def _pool(n: int) -> Rule:
    def rule(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
        kernel = spread(given["kernel_size"], n)
        stride = spread(given["stride"], n) if given.get("stride") else kernel
        padding = spread(given["padding"], n)
        dilation = spread(given.get("dilation", 1), n)
        return _slide(
            state,
            shape,
            n,
            lambda axis, i: axis.slide(kernel[i], stride[i], padding[i], dilation[i]),
        )

    return rule


def _adaptive(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    n = len(given["output_size"])
    before = [length(group) for group in state.dims[-n:]]
    return _slide(state, shape, n, lambda axis, i: axis.adapt(before[i], shape[i - n]))


def _upsample(mode: str) -> Rule:
    def rule(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
        n = len(shape) - 2
        sizes = [length(group) for group in state.dims[-n:]]
        corners = bool(given.get("align_corners"))
        names = ["scales"] if n == 1 else ["scales_d", "scales_h", "scales_w"][3 - n :]

        def move(axis: Axis, i: int) -> Axis:
            before, after = sizes[i], shape[i - n]
            if before == 1:
                return axis.everywhere(1)
            if corners:
                scale = Fraction(before - 1, max(after - 1, 1))
            elif given.get(names[i]):
                scale = Fraction(1 / given[names[i]]).limit_denominator(4096)
            else:
                scale = Fraction(before, after)
            return axis.resample(mode, scale, corners)

        return _slide(state, shape, n, move)

    return rule


def _shuffle(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    scale = Fraction(1, given["upscale_factor"])
    return _slide(state, shape, 2, lambda axis, i: axis.resample("nearest", scale))


def _unshuffle(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    factor = given["downscale_factor"]
    return _slide(state, shape, 2, lambda axis, i: axis.slide(factor, factor))


def _pad(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    for back, before in enumerate((given["pad"] if "pad" in given else given["padding"])[::2], 1):
        axis = state.on(-back)
        if axis is not None:
            state = state.change(axis, state.axes[axis].slide(1, padding=before))
        state = state.put(-back, ((shape[-back], axis),))
    return state


def _reduce(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    dims = given.get("dim")
    dims = range(len(state.dims)) if dims is None or dims == [] else dims
    dims = [dims] if isinstance(dims, int) else dims
    for dim in sorted({d % len(state.dims) for d in dims}, reverse=True):
        state = state.look_over(dim)
        if len(state.dims) != len(shape):
            state = state.drop(dim)
    return state


def _slice(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    dim, size = given["dim"], shape[given["dim"]]
    before = length(state.dims[dim])
    axis = state.on(dim) if size != before else None
    if size == before:
        return state
    if axis is not None:
        first = slice(given["start"], given["end"]).indices(before)[0]
        step = given["step"]
        taken = state.axes[axis].read(lambda o: [first + o * step], step=step)
        state = state.change(axis, taken)
    return state.put(dim, ((size, axis),))


def _select(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    dim, index = given["dim"], given["index"]
    axis = state.on(dim)
    if axis is not None:
        at = index % state.size(axis)
        state = state.change(axis, state.axes[axis].read(lambda o: [at + o]))
    return state.drop(dim)


def pieces(
    name: str, state: State, given: dict[str, Any], outputs: Sequence[Tensor]
) -> list[State]:
    dim, first, found = given["dim"], 0, []
    for output in outputs:
        shape = tuple(output.shape)
        if name == "unbind":
            found.append(_select(state, {"dim": dim, "index": first}, shape))
            first += 1
            continue
        cut = {"dim": dim, "start": first, "end": first + shape[dim], "step": 1}
        found.append(_slice(state, cut, shape))
        first += shape[dim]
    return found


def _view(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    """Return the state with its factors, in their order, put into the dimensions of `shape`."""
    left: list[Factor] = []
    for size, axis in (factor for group in state.dims for factor in group):
        if axis is None and left and left[-1][1] is None:
            left[-1] = (left[-1][0] * size, None)
        else:
            left.append((size, axis))
    dims: list[Group] = []
    for size in shape:
        group: list[Factor] = []
        missing = size
        while missing > 1 or (not group and left and left[0][0] == 1):
            number, axis = left.pop(0)
            if missing % number:
                common = math.gcd(missing, number)
                if axis is not None or common == 1:
                    raise ValueError("cuts an axis of the image into pieces")
                left.insert(0, (number // common, None))
                number = common
            group.append((number, axis))
            missing //= number
        dims.append(tuple(group))
    if dims:
        dims[-1] = (*dims[-1], *left)
    return replace(state, dims=tuple(dims))


def _expand(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    new = len(shape) - len(state.dims)
    dims = [((n, None),) for n in shape[:new]]
    state = replace(state, dims=(*dims, *state.dims))
    for dim in range(new, len(shape)):
        before = length(state.dims[dim])
        if before != shape[dim]:
            axis = state.on(dim)
            if axis is not None:
                if before != 1:
                    raise ValueError("repeats a feature map side by side")
                state = state.change(axis, state.axes[axis].everywhere(1))
            state = state.put(dim, ((shape[dim], axis),))
    return state


def _permute(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    order = list(range(len(state.dims)))
    if "dims" in given:
        order = [dim % len(order) for dim in given["dims"]]
    else:
        a, b = given.get("dim0", 0), given.get("dim1", len(order) - 1)
        order[a], order[b] = order[b], order[a]
    return replace(state, dims=tuple(state.dims[dim] for dim in order))


def _flip(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    for dim in given["dims"]:
        axis = state.on(dim)
        if axis is not None:
            last = shape[dim] - 1
            turned = state.axes[axis].read(lambda o, last=last: [last - o], step=-1)  # type: ignore[misc]
            state = state.change(axis, turned)
    return state


def _along(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    return state.mix(given["dim"])


def _halve(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    if state.on(given["dim"]) is not None:
        raise ValueError("splits a feature map side by side, not along its channels")
    return state.put(given["dim"], ((shape[given["dim"]], None),))


def _restride(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    if tuple(map(length, state.dims)) != shape:
        raise ValueError("calls `as_strided`, whose receptive field is not known here")
    return state  # only another order in memory


def _same(state: State, given: dict[str, Any], shape: tuple[int, ...]) -> State:
    return state


RULES: list[tuple[str, Rule]] = [
    ("convolution", _convolution),
    ("max_pool2d_with_indices avg_pool2d", _pool(2)),
    ("max_pool3d_with_indices avg_pool3d", _pool(3)),
    ("adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d", _adaptive),
    ("upsample_nearest1d upsample_nearest2d upsample_nearest3d", _upsample("nearest")),
    (
        "upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d",
        _upsample("nearest-exact"),
    ),
    ("upsample_linear1d upsample_bilinear2d upsample_trilinear3d", _upsample("linear")),
    ("upsample_bicubic2d", _upsample("cubic")),
    ("pixel_shuffle", _shuffle),
    ("pixel_unshuffle", _unshuffle),
    (
        "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d "
        "replication_pad1d replication_pad2d replication_pad3d",
        _pad,
    ),
    (
        "mean sum amax amin max min median logsumexp std var prod argmax argmin any all "
        "linalg_vector_norm norm var_mean std_mean",
        _reduce,
    ),
    ("slice", _slice),
    ("select", _select),
    ("view unsafe_view reshape reshape_alias squeeze unsqueeze", _view),
    ("expand repeat", _expand),
    ("permute transpose t", _permute),
    ("flip", _flip),
    ("softmax safe_softmax log_softmax cumsum cumprod", _along),
    ("glu", _halve),
    ("as_strided", _restride),
    ("clone alias detach lift_fresh to_copy native_dropout native_channel_shuffle", _same),
]
