"""Follow a model through the operations of torch that it calls.

`Follow` watches a model run on the meta device and keeps a `State` for each tensor: which of its
dimensions are axes of the image, and what its positions see along each of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_lib.arithmetic._axis import join
from course_lib.arithmetic._rules import RULES, pieces
from course_lib.arithmetic._state import Group, State, length, places

NORMS = ("batch_norm", "layer_norm", "group_norm")  # their statistics are not followed
PRODUCTS = {
    "mm": ("self", "mat2"),
    "addmm": ("mat1", "mat2"),
    "bmm": ("self", "mat2"),
    "baddbmm": ("batch1", "batch2"),
    "mv": ("self", "vec"),
    "linear": ("input", "weight"),
}
JOINS = {
    "hardswish",
    "hardtanh",
    "log_sigmoid_forward",
    "prelu_kernel",
    "rrelu_with_noise",
    "where",
}


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
                return pieces(name, state, given, outputs)
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
                    elif places(group) and places(group) != places(best):
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
            last = b.dims[-1] if not places(a.dims[-2]) else ((right.shape[-1], None),)
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
            along = [n for n, axis in state.dims[dim] if axis is not None and n > 1]
            if along and len([n for n, _ in state.dims[dim] if n > 1]) == len(along):
                raise ValueError("joins feature maps side by side, not along their channels")
            merged.append(state.mix(dim).put(dim, ((shape[dim], None),)))
        probe = Follow(self.image_size)
        stand_ins = [torch.empty(0, device="meta") for _ in merged]
        for stand_in, state in zip(stand_ins, merged, strict=True):
            probe.note(stand_in, state)
        return probe._joined(stand_ins, shape)
