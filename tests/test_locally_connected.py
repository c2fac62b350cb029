"""Locally connected layers against loops in float64, and against convolutions."""

import itertools
import math

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data.patterns import pattern_images, ring_and_cross
from course_lib.layers import (
    LocallyConnected1d,
    LocallyConnected2d,
    LocallyConnected3d,
    locally_connected,
)
from course_lib.plotting import weight_sharing as figures

CONV = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
LOCAL = {1: LocallyConnected1d, 2: LocallyConnected2d, 3: LocallyConnected3d}
AXES = pytest.mark.parametrize("axes", [1, 2, 3])


def by_loops(x, weight, bias, stride, padding, dilation):
    """The sum over channels and cells at each place, one number after the other."""
    axes = x.dim() - 2
    places, (out, channels), kernel = (
        weight.shape[:axes],
        weight.shape[axes : axes + 2],
        weight.shape[axes + 2 :],
    )
    maps = torch.zeros(x.shape[0], out, *places, dtype=torch.float64)
    for n, d in itertools.product(range(x.shape[0]), range(out)):
        for place in itertools.product(*map(range, places)):
            total = float(bias[(*place, d)])
            for c, *cell in itertools.product(range(channels), *map(range, kernel)):
                at = [place[a] * stride - padding + cell[a] * dilation for a in range(axes)]
                if all(0 <= at[a] < x.shape[2 + a] for a in range(axes)):
                    total += float(x[(n, c, *at)] * weight[(*place, d, c, *cell)])
            maps[(n, d, *place)] = total
    return maps


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    axes=st.integers(1, 3),
    size=st.integers(3, 5),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    seed=st.integers(0, 9),
)
def test_against_loops(axes, size, kernel, stride, padding, dilation, seed):
    if dilation * (kernel - 1) + 1 > size + 2 * padding:
        return
    draw = torch.Generator().manual_seed(seed)
    layer = LOCAL[axes](
        2,
        2,
        size,
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        generator=draw,
        dtype=torch.float64,
    )
    x = torch.randn(2, 2, *[size] * axes, generator=draw, dtype=torch.float64)
    weight, bias = layer.weight.detach(), layer.bias.detach()
    expected = by_loops(x, weight, bias, stride, padding, dilation)
    assert layer(x).shape == (2, 2, *layer.output_size)
    assert torch.allclose(layer(x), expected, atol=1e-12)


@AXES
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_equal_weights_make_a_convolution(axes, bias, stride, padding, dilation):
    sizes = (6, 7, 5)[:axes]
    conv = CONV[axes](3, 4, 3, stride, padding, dilation, bias=bias).double()
    layer = LOCAL[axes].from_conv(conv, sizes)
    x = torch.randn(2, 3, *sizes, dtype=torch.float64)
    assert layer.weight.dtype == torch.float64
    assert torch.allclose(layer(x), conv(x), atol=1e-12)
    # The gradient of a shared weight is the sum of the gradients of its copies.
    for module in (layer, conv):
        module(x).square().sum().backward()
    summed = layer.weight.grad.sum(dim=tuple(range(axes)))
    assert torch.allclose(summed, conv.weight.grad, atol=1e-10)
    count = sum(p.numel() for p in conv.parameters())
    assert sum(p.numel() for p in layer.parameters()) == count * math.prod(layer.output_size)


def test_each_axis_has_its_own_stride_padding_and_dilation():
    conv = torch.nn.Conv2d(2, 3, (2, 3), (1, 2), (0, 2), (3, 1)).double()
    x = torch.randn(2, 2, 7, 6, dtype=torch.float64)
    assert torch.allclose(LocallyConnected2d.from_conv(conv, (7, 6))(x), conv(x), atol=1e-12)


def test_one_place_has_no_say_in_the_others():
    layer = LocallyConnected2d(1, 1, 6, 3)
    x = torch.randn(1, 1, 6, 6)
    before = layer(x)
    with torch.no_grad():
        layer.weight[1, 2] += 1
    changed = (layer(x) != before).nonzero().tolist()
    assert changed == [[0, 0, 1, 2]]


@AXES
def test_gradients(axes):
    x = torch.randn(1, 2, *[4] * axes, dtype=torch.float64, requires_grad=True)
    layer = LOCAL[axes](2, 1, 4, 2, stride=2, padding=1, dtype=torch.float64)
    weight, bias = layer.weight, layer.bias
    assert torch.autograd.gradcheck(
        lambda *args: locally_connected(*args, stride=2, padding=1), (x, weight, bias)
    )


@AXES
def test_first_weights_are_those_of_a_convolution(axes):
    draw = torch.Generator().manual_seed(0)
    layer = LOCAL[axes](4, 8, 9, 3, generator=draw)
    bound = 1 / math.sqrt(4 * 3**axes)
    conv = CONV[axes](4, 64, 3)
    weight = layer.weight.detach()
    assert bound * 0.95 < float(weight.abs().max()) <= bound
    assert abs(float(weight.std() / conv.weight.detach().std()) - 1) < 0.1
    assert float(layer.bias.detach().abs().max()) <= bound
    again = LOCAL[axes](4, 8, 9, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(layer.weight, again.weight)


def test_the_state_and_the_type_travel():
    layer, other = LocallyConnected2d(1, 2, (4, 5), 3), LocallyConnected2d(1, 2, (4, 5), 3)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(2, 1, 4, 5)
    assert torch.equal(layer(x), other(x))
    assert layer.to(torch.bfloat16)(x.bfloat16()).dtype == torch.bfloat16
    assert LocallyConnected2d(1, 1, 512, 10, device="meta").weight.numel() == 503**2 * 100
    assert "input_size=(4, 5)" in repr(layer)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LocallyConnected2d(1, 1, 5, 6), "`kernel_size` must"),
        (lambda: LocallyConnected2d(0, 1, 5, 3), "`in_channels` must be at least 1, got 0"),
        (lambda: LocallyConnected2d(1, 1, (5,), 3), "`input_size` must be an int or have 2 val"),
        (lambda: LocallyConnected1d(1, 1, 5, 3, padding="same"), "`padding` must be an int"),
        (lambda: LocallyConnected2d(1, 1, 5, 3, bias=1), "`bias` must be True or False, got 1"),
        (
            lambda: LocallyConnected2d(1, 1, 5, 3)(torch.zeros(1, 1, 6, 6)),
            r"`x` must have shape \(N, 1, 5, 5\), as each place .* got \(1, 1, 6, 6\)",
        ),
        (
            lambda: LocallyConnected2d(1, 1, 5, 3)(torch.zeros(1, 5, 5)),
            r"`x` must have shape \(N, 1, 5, 5\)",
        ),
        (
            lambda: LocallyConnected2d.from_conv(torch.nn.Conv1d(1, 1, 3), 5),
            "`conv` must be a convolution of 2 axes",
        ),
        (
            lambda: LocallyConnected2d.from_conv(torch.nn.Conv2d(2, 2, 3, groups=2), 5),
            "`conv` must have groups=1",
        ),
        (
            lambda: locally_connected(torch.zeros(3, 3), torch.zeros(1, 1, 1, 1)),
            r"`x` must have shape \(N, C, \.\.\.\)",
        ),
        (
            lambda: locally_connected(torch.zeros(1, 1, 3), torch.zeros(1, 1, 3)),
            "`weight` must have 4 axes",
        ),
        (
            lambda: locally_connected(torch.zeros(1, 1, 3), torch.zeros(2, 1, 1, 3)),
            r"`weight` must have weights for \(1,\) places, got \(2,\)",
        ),
        (
            lambda: locally_connected(torch.zeros(1, 2, 3), torch.zeros(1, 1, 1, 3)),
            "`weight` must have 2 channels in, got 1",
        ),
        (
            lambda: locally_connected(
                torch.zeros(1, 1, 3), torch.zeros(1, 1, 1, 3), torch.zeros(2, 1)
            ),
            r"`bias` must have shape \(1, 1\), got \(2, 1\)",
        ),
        (
            lambda: pattern_images(1, [(10, 0)], generator=torch.Generator()),
            r"`places` must be \(row, column\) from 0 to 9",
        ),
        (
            lambda: pattern_images(1, [], generator=torch.Generator()),
            r"`places` must be",
        ),
        (
            lambda: pattern_images(1, [(0, 0)], noise=-1, generator=torch.Generator()),
            "`noise` must be at least 0, got -1",
        ),
    ],
)
def test_what_cannot_work_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_phantoms_hold_the_pattern_where_they_say():
    draw = torch.Generator().manual_seed(0)
    images, is_ring, place = pattern_images(40, [(0, 3), (7, 7)], noise=0, generator=draw)
    assert {tuple(p) for p in place.tolist()} == {(0, 3), (7, 7)}
    assert set(is_ring.tolist()) == {0.0, 1.0}
    for image, ring, (row, column) in zip(images, is_ring, place.tolist(), strict=True):
        expected = F.pad(ring_and_cross()[int(ring)], (column, 9 - column, row, 9 - row))
        assert torch.equal(image[0], expected)


def test_the_ring_has_a_hole_and_no_more_energy_than_the_cross():
    cross, ring = ring_and_cross()
    assert ring[1, 1] == 0 < cross[1, 1]
    assert int((ring > 0).sum()) == 8
    assert (cross > 0).tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    assert torch.allclose(cross.square().sum(), ring.square().sum())


def test_phantoms_are_drawn_with_equal_chances_and_the_noise_asked_for():
    draw = torch.Generator().manual_seed(0)
    places = [(0, 0), (0, 9), (9, 0), (9, 9)]
    images, is_ring, place = pattern_images(4000, places, noise=0.5, generator=draw)
    assert abs(float(is_ring.mean()) - 0.5) < 0.03
    for row, column in places:
        here = (place == torch.tensor([row, column])).all(dim=1)
        assert abs(float(here.float().mean()) - 0.25) < 0.03
        assert abs(float(is_ring[here].mean()) - 0.5) < 0.06  # the place does not tell the pattern
    assert abs(float(images[:, :, 4:8, 4:8].std()) - 0.5) < 0.01


def test_the_three_matrices_are_those_of_layers():
    figure = figures.show_three_matrices(6, 3)
    drawn = [
        torch.tensor([int(text.get_text()) for text in ax.texts]).view(4, 6) for ax in figure.axes
    ]
    plt.close(figure)
    x = torch.eye(6)[:, None]
    local = 1 + torch.arange(12.0).view(4, 1, 1, 3)
    shared = torch.arange(1.0, 4.0).view(1, 1, 3)
    assert drawn[0].flatten().tolist() == list(range(1, 25))
    assert torch.equal(drawn[1], locally_connected(x, local)[:, 0].T.long())
    assert torch.equal(drawn[2], F.conv1d(x, shared)[:, 0].T.long())


def test_scores_stand_where_they_belong():
    scores = {"task": {"own": (0.6, 0.5, 0.7), "shared": (0.9, 0.8, 0.95)}}
    figure = figures.show_scores(scores, "accuracy")
    intervals, points = figure.axes[0].lines[0:4:2], figure.axes[0].lines[1:4:2]
    assert [list(line.get_xdata()) for line in intervals] == [[0.5, 0.7], [0.8, 0.95]]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(0.6, 0), (0.9, 1)]
    assert [line.get_marker() for line in points] == ["s", "o"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["own", "shared"]
    plt.close(figure)
