"""What each operation of torch does to the windows that the positions of a feature map see.

`Follow` watches a model run on the meta device and keeps, for each tensor, a `State`: which of its
dimensions are axes of the image, and the `Axis` of each of them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_lib._meta import spread
from course_lib.arithmetic._axis import Axis, join

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


class Follow(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is active, keep the `State` of each tensor that the image has an influence on."""

    def __init__(self, image_size: tuple[int, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.image_size = image_size
        self._known: dict[int, tuple[Tensor, State]] = {}  # a tensor held keeps its id

    def state(self, value: object) -> State | None:
        """Return the state of the first tensor in `value` that has one."""
        for leaf in tree_leaves(value):
            if id(leaf) in self._known:
                return self._known[id(leaf)][1]
        return None

    def note(self, tensor: Tensor, state: State) -> None:
        """Keep `state` for `tensor`."""
        self._known[id(tensor)] = (tensor, state)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run the operation, and work out the state of what it returns."""
        result = func(*args, **(kwargs or {}))
        arguments = func._schema.arguments
        given = {a.name: v for a, v in zip(arguments, args, strict=False)}
        given.update(kwargs or {})
        for argument in arguments:
            given.setdefault(argument.name, argument.default_value)
        if self.state(list(given.values())) is not None:
            outputs = [r for r in tree_leaves(result) if isinstance(r, Tensor)]
            for output, state in zip(outputs, self._after(func, given, outputs), strict=False):
                self.note(output, state)
        return result

    def _after(self, func: Any, given: dict[str, Any], outputs: list[Tensor]) -> list[State]:
        name = func.overloadpacket.__name__.strip("_")
        if name.endswith("_like") or name.startswith("new_"):
            return []
        if name in JOINS or torch.Tag.pointwise in func.tags:
            return [self._joined(list(given.values()), tuple(outputs[0].shape))] * len(outputs)
        if name in PRODUCTS:
            return [self._product(name, given)]
        if "scaled_dot_product" in name:
            return [self._attention(given, outputs[0])]
        if name in ("cat", "stack"):
            return [self._side_by_side(name, given, tuple(outputs[0].shape))]
        state = self.state(next(iter(given.values())))
        if state is not None:
            if any(word in name for word in NORMS):
                return [state]
            if name in ("split", "split_with_sizes", "unbind"):
                return _pieces(name, state, given, outputs)
            rule = next((rule for names, rule in RULES if name in names.split()), None)
            if rule:
                return [rule(state, given, tuple(outputs[0].shape))] * len(outputs)
        raise ValueError(f"calls `{name}`, whose receptive field is not known here")

    def _joined(self, values: Sequence[Any], shape: tuple[int, ...]) -> State:
        """Return the state of an operation that takes the same position of each tensor."""
        states = [s for v in tree_leaves(list(values)) if (s := self.state(v)) is not None]
        dims: list[Group] = []
        for back in range(len(shape), 0, -1):
            size = shape[-back]
            best: Group = ((size, None),)
            for state in states:
                group = state.dims[-back] if back <= len(state.dims) else ()
                if group and length(group) == size:
                    if best[0][1] is None and len(best) == 1:
                        best = group
                    elif _places(group) and _places(group) != _places(best):
                        raise ValueError("joins axes of the image that are not the same")
            dims.append(best)
        joined = State(tuple(dims), states[0].axes)
        for axis in range(len(joined.axes)):
            size = joined.size(axis)
            one = [
                s.axes[axis] if s.size(axis) == size else s.axes[axis].everywhere(1) for s in states
            ]
            joined = joined.change(axis, join(one, size, self.image_size[axis]))
        return joined

    def _product(self, name: str, given: dict[str, Any]) -> State:
        """Return the state of a matrix product, which looks over the dimension that it sums."""
        left, right = (given[argument] for argument in PRODUCTS[name])
        a, b = self.state(left), self.state(right)
        if a is not None and b is not None:
            a, b = a.look_over(-1), b.look_over(-2)
            last = b.dims[-1] if not _places(a.dims[-2]) else ((right.shape[-1], None),)
            return self._everything(replace(a, dims=(*a.dims[:-1], last)), b)
        if a is not None:
            a = a.look_over(-1)
            if right.dim() == 1:
                return a.drop(-1)
            width = right.shape[0] if name == "linear" else right.shape[-1]
            return a.put(-1, ((width, None),))
        assert b is not None
        b = b.look_over(-2)
        return b.put(-2, ((left.shape[-2], None),))

    def _everything(self, state: State, *others: State) -> State:
        """Return `state` where each position reads all positions, of it and of the `others`."""
        for axis in range(len(state.axes)):
            wide = [s.axes[axis].everywhere(s.size(axis)) for s in (state, *others)]
            state = state.change(axis, join(wide, state.size(axis), self.image_size[axis]))
        return state

    def _attention(self, given: dict[str, Any], output: Tensor) -> State:
        states = [s for v in given.values() if (s := self.state(v)) is not None]
        query = states[0].look_over(-1).put(-1, ((output.shape[-1], None),))
        return self._everything(query, *states)

    def _side_by_side(self, name: str, given: dict[str, Any], shape: tuple[int, ...]) -> State:
        """Return the state of `cat` or `stack`: along the channels, the places are joined."""
        dim = given["dim"] % len(shape)
        tensors = given["tensors"]
        states = [s for t in tensors if (s := self.state(t)) is not None]
        if name == "stack":
            one = ((1, None),)
            states = [replace(s, dims=(*s.dims[:dim], one, *s.dims[dim:])) for s in states]
        merged = []
        for state in states:
            places = [n for n, axis in state.dims[dim] if axis is not None and n > 1]
            if places and len([n for n, _ in state.dims[dim] if n > 1]) == len(places):
                raise ValueError("joins feature maps side by side, not along their channels")
            merged.append(state.mix(dim).put(dim, ((shape[dim], None),)))
        probe = Follow(self.image_size)
        stand_ins = [torch.empty(0, device="meta") for _ in merged]
        for stand_in, state in zip(stand_ins, merged, strict=True):
            probe.note(stand_in, state)
        return probe._joined(stand_ins, shape)


def _places(group: Group) -> list[Factor]:
    return [(n, axis) for n, axis in group if axis is not None and n > 1]


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


def _pool(n: int) -> Callable[[State, dict[str, Any], tuple[int, ...]], State]:
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


def _upsample(mode: str) -> Callable[[State, dict[str, Any], tuple[int, ...]], State]:
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


def _pieces(
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


NORMS = ("batch_norm", "layer_norm", "group_norm")  # their statistics are not followed
PRODUCTS = {
    "mm": ("self", "mat2"),
    "addmm": ("mat1", "mat2"),
    "bmm": ("self", "mat2"),
    "baddbmm": ("batch1", "batch2"),
    "mv": ("self", "vec"),
    "linear": ("input", "weight"),
}
JOINS = ("prelu_kernel", "hardswish", "log_sigmoid_forward", "rrelu_with_noise", "where")
RULES: list[tuple[str, Callable[[State, dict[str, Any], tuple[int, ...]], State]]] = [
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
