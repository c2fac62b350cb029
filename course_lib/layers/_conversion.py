"""A traced network, written anew node by node, so that it slides over larger images."""

import copy
import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, fx, nn
from torch.utils._pytree import tree_leaves

from course_lib._meta import meta_copy, pixels, reason, spread, without_numbers
from course_lib.layers._sliding import (
    ADAPTIVE_AVG,
    ADAPTIVE_MAX,
    AVG_POOL,
    CONV,
    F_ADAPTIVE_AVG,
    F_ADAPTIVE_MAX,
    F_AVG,
    F_MAX,
    MAX_POOL,
    NORM,
    POINTWISE,
    POINTWISE_LAYERS,
    PRODUCTS,
    RESHAPES,
    SLIDING,
    SLIDING_LAYERS,
    Form,
)


class _Shapes(fx.Interpreter):
    """A run on the meta device that keeps what each node returns."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced, garbage_collect_values=False)
        self.current = ""

    def run_node(self, node: fx.Node) -> Any:
        self.current = str(node.target if node.op == "call_module" else node.name)
        return super().run_node(node)


class Conversion:
    """Writes the graph of a traced network anew."""

    def __init__(self, traced: fx.GraphModule, image: Tensor) -> None:
        self.root, self.image, self.axes = traced, image, image.dim() - 2
        self.layers = dict(traced.named_modules(remove_duplicate=False))
        shapes = _Shapes(meta_copy(traced))  # type: ignore[arg-type]
        try:
            with without_numbers():
                shapes.run(image)
        except Exception as error:
            raise ValueError(
                f"`model` must take {pixels(image)}, but its layer `{shapes.current}` fails: "
                f"{reason(error)}"
            ) from error
        by_name = {node.name: value for node, value in shapes.env.items()}
        self.value: dict[fx.Node, Any] = {
            node: by_name.get(node.name) for node in traced.graph.nodes
        }
        self.graph = fx.Graph()
        self.new: dict[fx.Node, Any] = {}
        self.form: dict[fx.Node, Form] = {}
        self.kernels: dict[str, tuple[int, ...]] = {}
        self.made: dict[str, nn.Module] = {}

    def run(self) -> nn.Module:
        """Convert each node and return the new network."""
        for node in self.root.graph.nodes:
            self._convert(node)
        converted = fx.GraphModule(self.root, self.graph, "FullyConvolutional")
        converted.graph.eliminate_dead_code()
        converted.graph.lint()
        converted.delete_all_unused_submodules()
        converted.recompile()
        larger = self.image.new_empty(*self.image.shape[:2], *(2 * n for n in self.image.shape[2:]))
        try:
            with without_numbers():
                meta_copy(converted)(larger)
        except Exception as error:
            raise ValueError(
                "`model` must be a network that can slide, but converted, it does not take "
                f"{pixels(larger)}: {reason(error)}"
            ) from error
        return converted.eval()

    def _convert(self, node: fx.Node) -> None:
        forms = [self.form[n] for n in node.all_input_nodes if n in self.form]
        value = self.value[node]
        if node.op == "placeholder" and isinstance(value, Tensor):
            self._keep(node, Form("map", tuple(value.shape[2:])))
        elif node.op in ("placeholder", "get_attr", "output") or not forms:
            self._keep(node, None)
        elif not isinstance(value, Tensor):
            if any(isinstance(leaf, Tensor) for leaf in tree_leaves(value)):
                raise self._refuse(node, "returns several tensors, which can't be converted")
            self._keep(node, None)  # a size, or a number
        elif node.op == "call_module":
            self._layer(node, self.layers[str(node.target)], forms[0])
        else:
            name = node.target if node.op == "call_method" else getattr(node.target, "__name__", "")
            self._function(node, str(name), forms)

    def _keep(self, node: fx.Node, form: Form | None) -> None:
        """Copy `node` as it is."""
        self.new[node] = self.graph.node_copy(node, lambda n: self.new[n])
        if form is not None:
            self.form[node] = form

    def _skip(self, node: fx.Node, form: Form) -> None:
        """Leave `node` out: in the new network, its input serves as its output."""
        self.new[node] = self.new[node.all_input_nodes[0]]
        self.form[node] = form

    def _put(self, node: fx.Node, module: nn.Module, form: Form) -> None:
        """Put `module` in the place of the layer of `node`."""
        target = str(node.target)
        while target in self.made and repr(self.made[target]) != repr(module):
            target += "_again"  # the layer was called before, on a map of another size
        if target not in self.made:
            self.made[target] = module.eval()
            parent, _, name = target.rpartition(".")
            setattr(self.root.get_submodule(parent), name, module)
        self._keep(node, form)
        self.new[node].target = target

    def _refuse(self, node: fx.Node, why: str) -> ValueError:
        if node.op == "call_module":
            kind = type(self.layers[str(node.target)]).__name__
            what = f"its layer `{node.target}` ({kind})"
        else:
            what = f"its call of `{getattr(node.target, '__name__', node.target)}` ({node.name})"
        return ValueError(f"`model` must be a network that can slide, but {what} {why}")

    def _layer(self, node: fx.Node, layer: nn.Module, form: Form) -> None:
        after = self._size_after(node)
        if isinstance(layer, nn.Linear):
            self._linear(node, layer, form)
        elif isinstance(layer, nn.BatchNorm1d) and form.kind == "flat":
            if math.prod(form.size) > 1:
                raise self._refuse(node, "has another mean for each position of the map")
            self._put(node, _same_norm(layer, NORM[self.axes - 1]), form)
        elif isinstance(layer, POINTWISE_LAYERS) or (
            isinstance(layer, nn.PReLU) and (layer.num_parameters == 1 or math.prod(form.size) == 1)
        ):
            self._keep(node, form)
        elif isinstance(layer, nn.Softmax | nn.LogSoftmax):
            dim = self._channels(node, layer.dim, form)
            self._put(node, type(layer)(dim=dim), form)
        elif isinstance(layer, nn.Flatten | nn.Unflatten):
            self._reshape(node, form)
        elif form.kind != "map":
            raise self._refuse(node, "needs a vector, and the converted network has a map there")
        elif isinstance(layer, ADAPTIVE_AVG + ADAPTIVE_MAX):
            window = self._window(node, form)
            if window is None:
                self._skip(node, form)
            else:
                kinds = AVG_POOL if isinstance(layer, ADAPTIVE_AVG) else MAX_POOL
                self._put(node, kinds[self.axes - 1](*window), Form("map", after))
        elif isinstance(layer, AVG_POOL) and _covers(layer, form.size, self.axes):
            pool = copy.copy(layer)
            pool.stride = (1,) * self.axes  # type: ignore[assignment]
            self._put(node, pool, Form("map", after))
        elif isinstance(layer, SLIDING_LAYERS):
            self._keep(node, Form("map", after))
        else:
            raise self._refuse(node, "can't be converted")

    def _function(self, node: fx.Node, name: str, forms: list[Form]) -> None:
        form, after, axis = forms[0], self._size_after(node), self.axes - 1
        if POINTWISE.fullmatch(name):
            self._pointwise(node, forms)
        elif name in ("softmax", "log_softmax"):
            self._keep(node, form)
            made = self.new[node]
            dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
            made.args, made.kwargs = made.args[:1], {"dim": self._channels(node, dim, form)}
        elif name in RESHAPES:
            self._reshape(node, form)
        elif name in PRODUCTS:
            raise self._refuse(node, "is no layer `nn.Linear`: write it as one")
        elif name == "cat":
            self._cat(node, forms)
        elif name == "getitem" and form.kind == "map" and len(self.value[node].shape) > axis + 1:
            cut = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
            if after != form.size or isinstance(cut[0], int) or Ellipsis in cut[:2]:
                raise self._refuse(node, "cuts the map")
            self._keep(node, Form("map" if self._is_map(node) else "plane", form.size))
        elif form.kind != "map":
            raise self._refuse(node, "needs a vector, and the converted network has a map there")
        elif name in ("mean", "amax"):
            self._global(node, form, F_AVG[axis] if name == "mean" else F_MAX[axis])
        elif name.startswith("adaptive_") or node.target in F_ADAPTIVE_MAX:
            window = self._window(node, form)
            if window is None:
                self._skip(node, form)
            else:
                average = node.target in F_ADAPTIVE_AVG
                self._write(
                    node, F_AVG[axis] if average else F_MAX[axis], window, Form("map", after)
                )
        elif SLIDING.fullmatch(name) or node.target in F_MAX:
            if any(n not in self.form for n in node.all_input_nodes if self._measures(n)):
                if math.prod(after) > 1:  # a window that depends on the size of the image
                    raise self._refuse(node, "has windows that grow with the image")
                average = "avg" in name
                window = (form.size, (1,) * self.axes)
                self._write(
                    node, F_AVG[axis] if average else F_MAX[axis], window, Form("map", after)
                )
            else:
                self._keep(node, Form("map", after))
        else:
            raise self._refuse(node, "can't be converted")

    def _write(self, node: fx.Node, function: Callable[..., Any], rest: Any, form: Form) -> None:
        """Write a call of `function` on the input of `node` in its place."""
        first = self.new[node.all_input_nodes[0]]
        self.new[node] = self.graph.call_function(function, (first, *rest))
        self.form[node] = form

    def _size_after(self, node: fx.Node) -> tuple[int, ...]:
        return tuple(self.value[node].shape[-self.axes :])

    def _is_map(self, node: fx.Node) -> bool:
        return len(self.value[node].shape) == self.axes + 2

    def _measures(self, node: fx.Node) -> bool:
        """Say whether `node` is a size of the image, or comes from one."""
        return not isinstance(self.value[node], Tensor) and node.op not in (
            "get_attr",
            "placeholder",
        )

    def _linear(self, node: fx.Node, layer: nn.Linear, form: Form) -> None:
        if form.kind != "flat":
            raise self._refuse(node, "is applied along an axis of the image, not to a vector")
        target = str(node.target)
        if self.kernels.setdefault(target, form.size) != form.size:
            raise self._refuse(node, "is used on maps of two sizes")
        done = Form("flat", (1,) * self.axes)
        if target in self.made:
            return self._keep(node, done)
        channels = layer.in_features // math.prod(form.size)
        made = CONV[self.axes - 1](
            channels, layer.out_features, form.size, bias=layer.bias is not None, device="meta"
        )
        weight = layer.weight.detach().reshape(layer.out_features, channels, *form.size)
        made.weight = nn.Parameter(weight, requires_grad=layer.weight.requires_grad)
        made.bias = layer.bias
        self._put(node, made, done)

    def _channels(self, node: fx.Node, dim: Any, form: Form) -> int:
        """Return 1, the dimension of the channels, if `dim` means them."""
        rank = 2 if form.kind == "flat" else self.axes + 2
        if form.kind == "flat" and math.prod(form.size) > 1:
            raise self._refuse(node, "mixes all positions of the map")
        if form.kind == "flat" and dim is None:
            dim = 1
        if not isinstance(dim, int) or dim % rank != 1:
            raise self._refuse(node, "is not taken over the channels")
        return 1

    def _reshape(self, node: fx.Node, form: Form) -> None:
        source = node.all_input_nodes[0]
        before, after = tuple(self.value[source].shape), tuple(self.value[node].shape)
        ones = (1,) * self.axes
        if before == after:
            self._skip(node, form)
        elif form.kind == "map" and after == (before[0], math.prod(before[1:])):
            self._skip(node, Form("flat", form.size))
        elif form.size == ones and after == (*before[:2], *(1,) * (len(after) - 2)):
            self._skip(node, Form("map" if self._is_map(node) else "flat", ones))
        elif form.kind == "plane" and after == (before[0], 1, *before[1:]):
            self._keep(node, Form("map", form.size))
        else:
            raise self._refuse(node, f"makes {after[1:]} of {before[1:]}, which does not slide")

    def _cat(self, node: fx.Node, forms: list[Form]) -> None:
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        rank = len(self.value[node].shape)
        if len(set(forms)) > 1 or forms[0].kind == "plane" or not isinstance(dim, int):
            raise self._refuse(node, "joins what has not the same form")
        if dim % rank != 1 or len(node.all_input_nodes) != len(forms):
            raise self._refuse(node, "does not join along the channels")
        self._keep(node, forms[0])
        self.new[node].args, self.new[node].kwargs = (self.new[node].args[0], 1), {}

    def _pointwise(self, node: fx.Node, forms: list[Form]) -> None:
        if len(set(forms)) > 1:
            raise self._refuse(node, "joins a map with one that was looked at as a whole")
        for other in node.all_input_nodes:
            value = self.value[other]
            if other in self.form:
                continue
            if isinstance(value, Tensor) and value.numel() > 1:
                tail = (*(1,) * self.axes, *value.shape)[-self.axes :]
                if forms[0].kind != "map" or value.dim() <= self.axes or math.prod(tail) > 1:
                    raise self._refuse(node, "joins the map with numbers for each position")
            elif self._measures(other):
                raise self._refuse(node, "computes with the size of the image")
        self._keep(node, forms[0])

    def _global(self, node: fx.Node, form: Form, function: Callable[..., Any]) -> None:
        """Convert a mean or a maximum over all positions."""
        dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else ())
        dims = [dims] if isinstance(dims, int) else list(dims)  # type: ignore[arg-type]
        rank = self.axes + 2
        if sorted(d % rank for d in dims) != list(range(2, rank)):  # type: ignore[operator]
            raise self._refuse(node, "does not take all axes of the image and nothing else")
        kind = "map" if self._is_map(node) else "flat"
        window = (form.size, (1,) * self.axes)
        self._write(node, function, window, Form(kind, (1,) * self.axes))

    def _window(self, node: fx.Node, form: Form) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Return window and stride of adaptive pooling at the trained size; None: no change."""
        after = self._size_after(node)
        if after == form.size:
            return None
        for before, size in zip(form.size, after, strict=True):
            if before % size:
                raise self._refuse(
                    node, f"makes {size} positions of {before}, in windows of several sizes"
                )
        window = tuple(b // a for b, a in zip(form.size, after, strict=True))
        stride = tuple(1 if a == 1 else w for w, a in zip(window, after, strict=True))
        return window, stride


def _covers(pool: nn.Module, size: tuple[int, ...], axes: int) -> bool:
    """Say whether `pool` has one window, the whole map."""
    kernel, padding = spread(pool.kernel_size, axes), spread(pool.padding, axes)  # type: ignore[arg-type]
    return tuple(kernel) == size and not any(padding)


def _same_norm(norm: nn.BatchNorm1d, kind: type[nn.Module]) -> nn.Module:
    """Return `norm` as another class of batch normalization, with the same tensors."""
    made = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    for name, tensor in [*norm.named_parameters(), *norm.named_buffers()]:
        setattr(made, name, tensor)
    return made
