"""course_lib.layers.upsampling and the transposed convolution in loops, against torch."""

import itertools
import re

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.arithmetic import conv_output_size, cross_correlate2d, transposed_convolve2d
from course_lib.layers import BilinearUpsample, bed_of_nails, bilinear_kernel
from course_lib.plotting.upsampling import show_sampling

CONV_TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
MODE = ("linear", "bilinear", "trilinear")


def few(max_examples):
    return settings(max_examples=max_examples, deadline=None, derandomize=True)


def seeded(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


# Bed of nails -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(5,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_bed_of_nails_is_a_transposed_convolution_with_one_weight(sizes, stride):
    x = seeded(2, 3, *sizes)
    upsample = CONV_TRANSPOSE[len(sizes) - 1]
    one = torch.zeros(3, 1, *[stride] * len(sizes), dtype=x.dtype)
    one[(slice(None), 0, *[0] * len(sizes))] = 1

    assert torch.equal(bed_of_nails(x, stride), upsample(x, one, stride=stride, groups=3))


@pytest.mark.parametrize(
    ("sizes", "stride"), [((4,), (3,)), ((2, 3), (2, 3)), ((2, 1, 3), (1, 4, 2))]
)
def test_bed_of_nails_by_walking_over_the_cells(sizes, stride):
    x = seeded(2, 1, *sizes)
    nails = bed_of_nails(x, stride)
    larger = [size * step for size, step in zip(sizes, stride, strict=True)]
    assert nails.shape == (2, 1, *larger)
    for n in range(2):
        for place in itertools.product(*map(range, larger)):
            hit = all(at % step == 0 for at, step in zip(place, stride, strict=True))
            source = tuple(at // step for at, step in zip(place, stride, strict=True))
            assert nails[(n, 0, *place)] == (x[(n, 0, *source)] if hit else 0)


def test_bed_of_nails_is_max_unpooling_with_indices_of_upper_left_corners():
    x = seeded(2, 3, 4, 5)
    indices = torch.arange(8 * 10).reshape(8, 10)[::2, ::2].expand(2, 3, 4, 5)

    assert torch.equal(bed_of_nails(x, 2), F.max_unpool2d(x, indices.contiguous(), 2))


def test_the_grid_of_the_slide_is_8_by_8():
    x = torch.tensor([[[[5.0, 3, 1], [0, 2, 4], [4, 3, 5]]]])
    grid = F.pad(bed_of_nails(x, 2), (1, 1, 1, 1))[0, 0]
    assert grid.shape == (8, 8)
    assert torch.equal(grid[1:6:2, 1:6:2], x[0, 0])
    assert grid.count_nonzero() == x.count_nonzero()
    assert conv_output_size(8, 3) == 6


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int64, torch.bool])
def test_bed_of_nails_keeps_the_dtype(dtype):
    x = torch.ones(1, 2, 3, dtype=dtype)
    assert bed_of_nails(x, 2).dtype == dtype
    assert bed_of_nails(x, 2).sum() == 6
    assert bed_of_nails(x.to("meta"), 2).device.type == "meta"


def test_bed_of_nails_has_gradients():
    x = seeded(1, 2, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: bed_of_nails(t, (2, 3)), x)


def test_bed_of_nails_takes_maps_without_pixels_or_images():
    assert bed_of_nails(torch.zeros(0, 3, 4), 2).shape == (0, 3, 8)


@given(data=st.data())
@few(60)
def test_bed_of_nails_is_the_adjoint_of_taking_every_sth(data):
    """Dropping pixels and spreading them are each other's transpose."""
    axes = data.draw(st.integers(1, 3))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=axes, max_size=axes))
    stride = data.draw(st.integers(1, 4))
    x = seeded(1, 2, *sizes, seed=1)
    y = seeded(1, 2, *[size * stride for size in sizes], seed=2)
    kept = y[(..., *[slice(None, None, stride)] * axes)]

    torch.testing.assert_close((bed_of_nails(x, stride) * y).sum(), (x * kept).sum())


# The kernel ---------------------------------------------------------------------------------------


def test_the_kernel_of_the_slide():
    wanted = [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]
    assert bilinear_kernel(2, align_corners=True).tolist() == wanted


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("factor", range(1, 9))
def test_the_kernel_written_out(factor, align_corners):
    """As the weights of FCN are written: a tent around the middle, as wide as the factor."""
    if align_corners:
        size, center = 2 * factor - 1, factor - 1
    else:
        size = 2 * factor - factor % 2
        center = factor - 1 if size % 2 else factor - 0.5
    tent = [1 - abs(j - center) / factor for j in range(size)]
    kernel = bilinear_kernel(factor, align_corners=align_corners, dtype=torch.float64)
    assert kernel.shape == (size, size)
    for i, j in itertools.product(range(size), repeat=2):
        assert kernel[i, j].item() == pytest.approx(tent[i] * tent[j])
    assert kernel.min() > 0  # no cell is wasted


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("align_corners", [True, False])
def test_every_output_gets_weights_that_add_up_to_1(axes, factor, align_corners):
    kernel = bilinear_kernel(factor, axes, align_corners=align_corners, dtype=torch.float64)
    for phase in itertools.product(range(factor), repeat=axes):
        part = kernel[tuple(slice(start, None, factor) for start in phase)]
        assert part.sum().item() == pytest.approx(1)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
def test_with_aligned_corners_it_is_interpolate_everywhere(axes, factor):
    x = seeded(2, 1, *(4, 3, 5)[:axes])
    kernel = bilinear_kernel(factor, axes, align_corners=True, dtype=x.dtype)[None, None]
    ours = CONV_TRANSPOSE[axes - 1](x, kernel, stride=factor, padding=factor - 1)
    sizes = [(size - 1) * factor + 1 for size in x.shape[2:]]
    theirs = F.interpolate(x, size=sizes, mode=MODE[axes - 1], align_corners=True)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
def test_without_it_is_interpolate_in_the_interior(axes, factor):
    x = seeded(2, 3, *(4, 5, 6)[:axes])
    ours = BilinearUpsample(factor, padding_mode="zeros")(x)
    theirs = F.interpolate(x, scale_factor=factor, mode=MODE[axes - 1], align_corners=False)
    edge = factor // 2
    inside = (..., *[slice(edge, size * factor - edge) for size in x.shape[2:]])
    torch.testing.assert_close(ours[inside], theirs[inside])
    if factor > 1:
        assert not torch.allclose(ours, theirs)


# The layer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sizes", [(1,), (6,), (1, 4), (4, 3), (2, 1, 3)])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
def test_the_layer_is_interpolate_up_to_the_border(sizes, factor, dtype):
    x = seeded(2, 3, *sizes, dtype=dtype)
    mode = MODE[len(sizes) - 1]
    wanted = F.interpolate(x, scale_factor=factor, mode=mode, align_corners=False)
    got = BilinearUpsample(factor)(x)
    torch.testing.assert_close(got, wanted, check_device=True)


def test_the_layer_has_no_parameters_and_says_what_it_is():
    layer = BilinearUpsample(3, padding_mode="zeros")
    assert layer.state_dict() == {}
    assert repr(layer) == "BilinearUpsample(factor=3, padding_mode='zeros')"


@pytest.mark.parametrize("padding_mode", ["replicate", "zeros"])
def test_the_layer_has_gradients(padding_mode):
    x = seeded(1, 2, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(BilinearUpsample(2, padding_mode=padding_mode), x)


def test_a_batch_may_be_split():
    x = seeded(3, 2, 4, 4)
    whole = BilinearUpsample(2)(x)
    torch.testing.assert_close(whole[1:2], BilinearUpsample(2)(x[1:2]))
    torch.testing.assert_close(whole[:, 1:], BilinearUpsample(2)(x[:, 1:]))


# The loops ----------------------------------------------------------------------------------------

SETTING = st.fixed_dictionaries(
    {
        "padding": st.tuples(st.integers(0, 2), st.integers(0, 2)),
        "stride": st.tuples(st.integers(1, 3), st.integers(1, 3)),
    }
)


@given(
    setting=SETTING, more=st.tuples(st.integers(0, 2), st.integers(0, 2)), seed=st.integers(0, 9**9)
)
@few(200)
def test_the_loops_are_conv_transpose2d(setting, more, seed):
    rng = torch.Generator().manual_seed(seed)
    height, width, rows, columns = torch.randint(1, 5, (4,), generator=rng).tolist()
    image = torch.randint(-4, 5, (height, width), generator=rng)
    kernel = torch.randint(-4, 5, (rows, columns), generator=rng)
    options = {**setting, "output_padding": more}
    try:
        wanted = F.conv_transpose2d(
            image[None, None].double(), kernel[None, None].double(), **options
        )
    except RuntimeError:
        with pytest.raises(ValueError, match=r"`(output_)?padding` must be"):
            transposed_convolve2d(image, kernel, **options)
    else:
        assert transposed_convolve2d(image, kernel, **options) == wanted[0, 0].tolist()


@given(setting=SETTING, seed=st.integers(0, 9**9))
@few(200)
def test_the_loops_are_the_adjoint_of_cross_correlation(setting, seed):
    """<conv(x), y> = <x, transposed(y)>, exactly, as all numbers are integers."""
    rng = torch.Generator().manual_seed(seed)
    kernel = torch.randint(-4, 5, (2, 3), generator=rng)
    x = torch.randint(-4, 5, torch.randint(3, 8, (2,), generator=rng).tolist(), generator=rng)
    forward = torch.tensor(cross_correlate2d(x, kernel, **setting))
    y = torch.randint(-4, 5, forward.shape, generator=rng)
    lost = [
        (size + 2 * p - k) % s
        for size, k, p, s in zip(
            x.shape, kernel.shape, setting["padding"], setting["stride"], strict=True
        )
    ]
    back = torch.tensor(transposed_convolve2d(y, kernel, output_padding=lost, **setting))
    assert back.shape == x.shape
    assert (forward * y).sum() == (x * back).sum()


# The figure of the chapter ------------------------------------------------------------------------


def test_new_pixels_are_drawn_on_the_line_between_the_old_ones():
    figure = show_sampling([2, 6, 4], 2)
    aligned, areas = ([line.get_xydata().tolist() for line in ax.lines[-2:]] for ax in figure.axes)
    plt.close(figure)
    for old, _ in (aligned, areas):
        assert old == [[0.5, 2], [1.5, 6], [2.5, 4]]
    assert aligned[1][0] == aligned[0][0]  # the corners meet
    assert aligned[1][-1] == pytest.approx(aligned[0][-1])
    assert areas[1][:3] == [[0.25, 2], [0.75, 3], [1.25, 5]]
    for x, y in aligned[1]:
        assert y == pytest.approx(2 + 4 * (x - 0.5) if x < 1.5 else 6 - 2 * (x - 1.5))


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bed_of_nails(torch.zeros(3, 3), 2),
            "`x` must be a tensor of shape (N, C, ...) with",
        ),
        (lambda: bed_of_nails([[1]], 2), "1 to 3 axes, got list"),
        (lambda: bed_of_nails(torch.zeros(1, 1, 3), 0), "`stride` must be at least 1, got 0"),
        (lambda: bed_of_nails(torch.zeros(1, 1, 3), 2.0), "`stride` must be an int or a tuple"),
        (lambda: bed_of_nails(torch.zeros(1, 1, 3), "2"), "`stride` must be an int or a tuple"),
        (
            lambda: bed_of_nails(torch.zeros(1, 1, 3), (2, 2)),
            "`stride` must be an int or have 1 val",
        ),
        (
            lambda: bed_of_nails(torch.zeros(1, 1, 3, 3), (2, 0)),
            "`stride` must be at least 1, got 0",
        ),
        (lambda: bilinear_kernel(0), "`factor` must be at least 1, got 0"),
        (lambda: bilinear_kernel(True), "`factor` must be an int, got True"),
        (lambda: bilinear_kernel(1.5), "`factor` must be an int, got 1.5"),
        (lambda: bilinear_kernel(2, 4), "`ndim` must be a whole number from 1 to 3, got 4"),
        (
            lambda: bilinear_kernel(2, align_corners=1),
            "`align_corners` must be True or False, got 1",
        ),
        (lambda: BilinearUpsample(0), "`factor` must be at least 1, got 0"),
        (
            lambda: BilinearUpsample(2, padding_mode="reflect"),
            "`padding_mode` must be one of ('rep",
        ),
        (
            lambda: BilinearUpsample(2)(torch.zeros(3, 3)),
            "`x` must be a tensor of shape (N, C, ...)",
        ),
        (
            lambda: BilinearUpsample(2)(torch.zeros(1, 1, 3, dtype=torch.int64)),
            "`x` must have a floating-point dtype, got torch.int64",
        ),
        (
            lambda: transposed_convolve2d([[1]], [[1]], padding=1),
            "`padding` must be at most 0 to lea",
        ),
        (
            lambda: transposed_convolve2d([[1]], [[1]], output_padding=1),
            "`output_padding` must be sma",
        ),
        (lambda: transposed_convolve2d([], [[1]]), "`image` must have at least one row"),
        (lambda: transposed_convolve2d([[1]], [["a"]]), "`kernel` must be rows of numbers"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
