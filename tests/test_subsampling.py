"""LeNet's trainable subsampling and the blur pool, against torch, loops and frequencies."""

import itertools
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from course_lib.arithmetic import conv_output_size
from course_lib.layers import (
    BlurPool1d,
    BlurPool2d,
    BlurPool3d,
    Subsampling1d,
    Subsampling2d,
    Subsampling3d,
)

SUBSAMPLING = {1: Subsampling1d, 2: Subsampling2d, 3: Subsampling3d}
BLUR_POOL = {1: BlurPool1d, 2: BlurPool2d, 3: BlurPool3d}
MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def random_maps(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def learned(layer: Any) -> Any:
    """The layer in float64, with other parameters than at the start."""
    layer = layer.double()
    with torch.no_grad():
        layer.weight.copy_(random_maps(layer.channels, seed=1))
        layer.bias.copy_(random_maps(layer.channels, seed=2))
    return layer


@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 4)
)
@settings(deadline=None, max_examples=60)
def test_subsampling_is_scaled_mean_pooling(
    axes: int, channels: int, kernel: int, stride: int, more: int
) -> None:
    x = random_maps(2, channels, *[kernel + more] * axes)
    layer = learned(SUBSAMPLING[axes](channels, kernel, stride))
    shape = (channels, *[1] * axes)
    mean = MEAN[axes](x, kernel, stride)
    wanted = mean * kernel**axes * layer.weight.view(shape) + layer.bias.view(shape)
    assert layer(x).shape[2:] == (conv_output_size(kernel + more, kernel, stride=stride),) * axes
    torch.testing.assert_close(layer(x), wanted)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_subsampling_adds_up_each_window(axes: int) -> None:
    """Written from the sentence of the paper, window by window."""
    x = random_maps(2, 3, *(7, 6, 5)[:axes])
    layer = learned(SUBSAMPLING[axes](3, 3, 2))
    y, weight, bias = layer(x).detach(), layer.weight.tolist(), layer.bias.tolist()
    for n, c in itertools.product(range(2), range(3)):
        for place in itertools.product(*map(range, y.shape[2:])):
            window = x[(n, c, *(slice(2 * i, 2 * i + 3) for i in place))]
            assert window.numel() == 3**axes
            wanted = float(window.sum()) * weight[c] + bias[c]
            assert float(y[(n, c, *place)]) == pytest.approx(wanted, abs=1e-12)


def test_subsampling_agrees_with_unfold_and_with_a_convolution() -> None:
    x = random_maps(2, 4, 8, 9)
    layer = learned(Subsampling2d(4, 3, 2))
    windows = F.unfold(x, 3, stride=2).view(2, 4, 9, 3, 4)
    wanted = windows.sum(dim=2) * layer.weight.view(4, 1, 1) + layer.bias.view(4, 1, 1)
    torch.testing.assert_close(layer(x), wanted)
    kernel = layer.weight.view(4, 1, 1, 1).expand(4, 1, 3, 3)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.bias, stride=2, groups=4))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_subsampling_starts_as_mean_pooling(axes: int) -> None:
    x = random_maps(1, 2, *[6] * axes).float()
    torch.testing.assert_close(SUBSAMPLING[axes](2)(x), MEAN[axes](x, 2))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_gradients_are_right(axes: int) -> None:
    x = random_maps(2, 2, *[4] * axes).requires_grad_()
    layer = learned(SUBSAMPLING[axes](2))

    def run(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))

    parameters = [p.detach().clone().requires_grad_() for p in layer.parameters()]
    assert torch.autograd.gradcheck(run, (x, *parameters))
    assert torch.autograd.gradcheck(BLUR_POOL[axes]().double(), (x,))


def test_the_counts_of_lenet() -> None:
    """S2 pools 6 maps and has 12 parameters, S4 pools 16 and has 32 (LeCun et al. 1998)."""
    for maps, wanted in ((6, 12), (16, 32)):
        for layer in (Subsampling1d(maps), Subsampling2d(maps), Subsampling3d(maps)):
            assert sum(p.numel() for p in layer.parameters()) == wanted
    assert list(Subsampling2d(6).state_dict()) == ["weight", "bias"]


def test_blur_pools_learn_and_store_nothing() -> None:
    assert list(BlurPool2d().parameters()) == []
    assert BlurPool2d().state_dict() == {}


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 4), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_blur_pool_is_pascals_triangle_by_hand(
    axes: int, kernel: int, stride: int, more: int
) -> None:
    """One axis after the other, index by index, with the border reflected by hand."""
    size = kernel // 2 + 1 + more
    x = random_maps(1, 2, *[size] * axes)
    wanted = x
    row = [math.comb(kernel - 1, i) / 2 ** (kernel - 1) for i in range(kernel)]
    for axis in range(2, axes + 2):
        places = []
        for start in range(0, size, stride):
            total = torch.zeros_like(wanted.select(axis, 0))
            for i, weight in enumerate(row):
                at = abs(start + i - (kernel - 1) // 2)
                total += weight * wanted.select(axis, min(at, 2 * (size - 1) - at))
            places.append(total)
        wanted = torch.stack(places, dim=axis)
    got = BLUR_POOL[axes](kernel, stride).double()(x)
    assert got.shape[2:] == (math.ceil(size / stride),) * axes
    torch.testing.assert_close(got, wanted)


@pytest.mark.parametrize("kernel", range(1, 8))
def test_blur_pool_keeps_a_constant(kernel: int) -> None:
    x = torch.full((1, 3, 9, 8), 7.0)
    assert BlurPool2d(kernel)(x).sub(7).abs().max() < 1e-5


@pytest.mark.parametrize("kernel", range(2, 8))
def test_blur_pool_silences_the_fastest_stripes(kernel: int) -> None:
    stripes = torch.tensor([1.0, -1.0]).repeat(8).expand(1, 1, 16, 16)
    inside = BlurPool2d(kernel, 1)(stripes)[..., 4:-4]
    assert inside.abs().max() < 1e-6
    assert BlurPool2d(1)(stripes).min() == 1  # without a blur they come out as a constant


@pytest.mark.parametrize("make", [Subsampling2d, lambda channels: BlurPool2d()])
def test_maps_and_images_do_not_mix(make: Any) -> None:
    layer: nn.Module = make(3)
    x = random_maps(4, 3, 6, 6).float()
    whole = layer(x)
    torch.testing.assert_close(whole[1:3], layer(x[1:3]))
    changed = x.clone()
    changed[:, 1] += 1
    assert torch.equal(layer(changed)[:, [0, 2]], whole[:, [0, 2]])
    assert not torch.equal(layer(changed)[:, 1], whole[:, 1])


def test_layers_follow_the_type_of_their_input() -> None:
    assert BlurPool2d()(torch.ones(1, 1, 4, 4, dtype=torch.float64)).dtype == torch.float64
    assert Subsampling2d(1).double()(torch.ones(1, 1, 4, 4).double()).dtype == torch.float64


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Subsampling2d(0), "`channels` must be at least 1, got 0"),
        (lambda: Subsampling2d(2.0), "`channels` must be an int, got 2.0"),  # type: ignore[arg-type]
        (lambda: Subsampling2d(2, 0), "`kernel_size` must be at least 1, got 0"),
        (lambda: Subsampling2d(2, 2, True), "`stride` must be an int, got True"),
        (lambda: BlurPool2d(0), "`kernel_size` must be at least 1"),
        (lambda: BlurPool2d(3, 0), "`stride` must be at least 1"),
    ],
)
def test_bad_arguments_are_named(make: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "part"),
    [
        (Subsampling2d(2), (2, 4, 4), r"`x` must have shape \(N, C, H, W\), got \(2, 4, 4\)"),
        (Subsampling1d(2), (2, 4), r"`x` must have shape \(N, C, L\)"),
        (Subsampling3d(2), (1, 2, 4, 4), r"`x` must have shape \(N, C, D, H, W\)"),
        (Subsampling2d(2), (1, 3, 4, 4), r"`x` must have 2 maps, got shape \(1, 3, 4, 4\)"),
        (Subsampling2d(2, 3), (1, 2, 2, 9), "at least `kernel_size` 3 along each axis"),
        (BlurPool2d(), (3, 4, 4), r"`x` must have shape \(N, C, H, W\)"),
        (BlurPool2d(5), (1, 1, 2, 9), "more than 2 pixels along each axis to be reflected"),
    ],
)
def test_bad_inputs_are_named(layer: nn.Module, shape: tuple[int, ...], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        layer(torch.zeros(shape))
