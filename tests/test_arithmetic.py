"""course_lib.arithmetic against torch, scipy, and counting from the definition."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import scipy.signal
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from course_lib.arithmetic import (
    conv_macs,
    conv_output_size,
    conv_parameters,
    conv_transpose_output_size,
    convolve2d,
    cross_correlate2d,
    pool_output_size,
)

CONV = (F.conv1d, F.conv2d, F.conv3d)
CONV_TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
MAX_POOL = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
AVG_POOL = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
LAYER = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)

LECTURE_IMAGE = [
    [3, 3, 2, 1, 0],
    [0, 0, 1, 3, 1],
    [3, 1, 2, 2, 3],
    [2, 0, 0, 2, 2],
    [2, 0, 0, 0, 1],
]
LECTURE_KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]

RANGES = {
    "input_size": (1, 6),
    "kernel_size": (1, 4),
    "padding": (0, 2),
    "stride": (1, 3),
    "dilation": (1, 3),
    "output_padding": (0, 2),
}


def few(max_examples):
    return settings(max_examples=max_examples, deadline=None, derandomize=True)


def sizes(names, axes):
    """Settings for `axes` axes, mostly legal: an int or a tuple each; sometimes one is spoiled."""

    @st.composite
    def build(draw):
        chosen = {}
        for name in names.split():
            value = st.integers(*RANGES[name])
            chosen[name] = draw(value | st.tuples(*[value] * axes))
        if draw(st.integers(0, 3)) == 0:
            name = draw(st.sampled_from(sorted(chosen)))
            wrong = draw(st.integers(-2, 6))
            if isinstance(chosen[name], int):
                chosen[name] = wrong
            else:
                where = draw(st.integers(0, axes - 1))
                chosen[name] = (*chosen[name][:where], wrong, *chosen[name][where + 1 :])
        return chosen

    return build()


def per_axis(value, axes):
    return (value,) * axes if isinstance(value, int) else value


def answer(function, axes, *args, **kwargs):
    """Return the size along each axis, or None if `function` refuses the setting."""
    try:
        result = function(*args, **kwargs)
    except (RuntimeError, ValueError):
        return None
    return tuple(result.shape[2:]) if isinstance(result, torch.Tensor) else per_axis(result, axes)


def blank(size, axes):
    # float64: in float32, conv_transpose2d of torch lets an output of size 0 pass on one axis
    return torch.zeros(1, 1, *per_axis(size, axes), dtype=torch.float64)


AXES = pytest.mark.parametrize("axes", [1, 2, 3])


# Sizes: the lecture, torch, and counting


@pytest.mark.parametrize(
    ("input_size", "kernel_size", "padding", "stride", "expected"),
    [(5, 3, 0, 1, 3), (5, 4, 2, 1, 6), (5, 3, 1, 2, 3)],
)
def test_the_lectures_sizes(input_size, kernel_size, padding, stride, expected):
    assert conv_output_size(input_size, kernel_size, padding=padding, stride=stride) == expected


@AXES
@few(200)
@given(data=st.data())
def test_conv_output_size_accepts_and_answers_as_torch(axes, data):
    setting = data.draw(sizes("input_size kernel_size padding stride dilation", axes))
    ours = answer(conv_output_size, axes, **setting)

    def by_torch(input_size, kernel_size, **kwargs):
        return CONV[axes - 1](blank(input_size, axes), blank(kernel_size, axes), **kwargs)

    assert ours == answer(by_torch, axes, **setting)


@AXES
@few(250)
@given(data=st.data(), default_stride=st.booleans(), ceil_mode=st.booleans())
def test_pool_output_size_accepts_and_answers_as_torch(axes, data, default_stride, ceil_mode):
    setting = data.draw(sizes("input_size kernel_size padding stride dilation", axes))
    setting["ceil_mode"] = ceil_mode
    if default_stride:
        del setting["stride"]
    ours = answer(pool_output_size, axes, **setting)

    def by_torch(input_size, kernel_size, **kwargs):
        return MAX_POOL[axes - 1](blank(input_size, axes), kernel_size, **kwargs)

    assert ours == answer(by_torch, axes, **setting)


@AXES
@few(100)
@given(data=st.data(), ceil_mode=st.booleans())
def test_pool_output_size_answers_as_average_pooling(axes, data, ceil_mode):
    setting = data.draw(sizes("input_size kernel_size padding stride", axes))
    setting["ceil_mode"] = ceil_mode
    ours = answer(pool_output_size, axes, **setting)

    def by_torch(input_size, kernel_size, **kwargs):
        return AVG_POOL[axes - 1](blank(input_size, axes), kernel_size, **kwargs)

    theirs = answer(by_torch, axes, **setting)
    if axes == 3 and theirs is None and ours is not None:  # the exception that the docstring names
        image, kernel = per_axis(setting["input_size"], 3), per_axis(setting["kernel_size"], 3)
        assert any(k > i for i, k in zip(image, kernel, strict=True))
    else:
        assert ours == theirs


@AXES
@few(200)
@given(data=st.data())
def test_conv_transpose_output_size_accepts_and_answers_as_torch(axes, data):
    names = "input_size kernel_size padding stride dilation output_padding"
    setting = data.draw(sizes(names, axes))
    ours = answer(conv_transpose_output_size, axes, **setting)

    def by_torch(input_size, kernel_size, **kwargs):
        weight = blank(kernel_size, axes)
        return CONV_TRANSPOSE[axes - 1](blank(input_size, axes), weight, **kwargs)

    assert ours == answer(by_torch, axes, **setting)


one_axis = {name: st.integers(*limits) for name, limits in RANGES.items()}


@few(300)
@given(
    st.integers(1, 12), st.integers(1, 6), st.integers(0, 5), st.integers(1, 5), st.integers(1, 3)
)
def test_conv_output_size_counts_the_windows_that_fit(i, k, p, s, d):
    count, start = 0, -p
    while max(start + d * tap for tap in range(k)) < i + p:
        count, start = count + 1, start + s
    if count:
        assert conv_output_size(i, k, padding=p, stride=s, dilation=d) == count
    else:
        with pytest.raises(ValueError, match="`kernel_size` must be at most the padded input size"):
            conv_output_size(i, k, padding=p, stride=s, dilation=d)


@few(300)
@given(st.data(), st.integers(1, 12), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3))
def test_pool_output_size_in_ceil_mode_counts_windows_until_the_end_is_reached(data, i, k, s, d):
    p = data.draw(st.integers(0, k // 2))
    starts, reached = [], -p
    while reached < i + p and (not starts or starts[-1] + s < i):
        starts.append(starts[-1] + s if starts else -p)
        reached = starts[-1] + d * (k - 1) + 1
    if reached - (i + p) < s or len(starts) > 1:  # one window may hang over by less than a stride
        ours = pool_output_size(i, k, padding=p, stride=s, dilation=d, ceil_mode=True)
        assert ours == len(starts)
    else:
        with pytest.raises(ValueError, match="in `ceil_mode`"):
            pool_output_size(i, k, padding=p, stride=s, dilation=d, ceil_mode=True)


@few(200)
@given(**one_axis)
def test_conv_transpose_output_size_counts_the_pixels_between_first_and_last(
    input_size, kernel_size, padding, stride, dilation, output_padding
):
    touched = [x * stride + tap * dilation for x in range(input_size) for tap in range(kernel_size)]
    pixels = range(min(touched) + padding, max(touched) + 1 + output_padding - padding)
    setting = {"padding": padding, "stride": stride, "dilation": dilation}
    ours = answer(
        conv_transpose_output_size,
        1,
        input_size,
        kernel_size,
        output_padding=output_padding,
        **setting,
    )
    legal = len(pixels) > 0 and output_padding < max(stride, dilation)
    assert ours == ((len(pixels),) if legal else None)
    if legal and output_padding < stride:
        assert conv_output_size(len(pixels), kernel_size, **setting) == input_size


@few(100)
@given(data=st.data())
def test_an_int_stands_for_every_axis_and_axes_do_not_mix(data):
    setting = data.draw(sizes("input_size kernel_size padding stride dilation", 3))
    together = answer(conv_output_size, 3, **setting)
    spread = {name: per_axis(value, 3) for name, value in setting.items()}
    alone = [
        answer(conv_output_size, 1, **{name: value[axis] for name, value in spread.items()})
        for axis in range(3)
    ]
    assert together == (None if None in alone else tuple(size for (size,) in alone))
    assert together == answer(conv_output_size, 3, **spread)


@few(100)
@given(data=st.data(), **{name: one_axis[name] for name in list(RANGES)[:5]})
def test_conv_output_size_grows_with_the_input_and_shrinks_with_the_kernel(data, **setting):
    setting["input_size"] += 20
    size = conv_output_size(**setting)

    def one_more(name):
        return conv_output_size(**{**setting, name: setting[name] + 1})

    assert size <= one_more("input_size") <= size + 1
    assert size <= one_more("padding")
    assert all(one_more(name) <= size for name in ("kernel_size", "stride", "dilation"))


def test_int_in_int_out_and_any_sequence_gives_a_tuple():
    assert conv_output_size(5, 3) == 3
    assert conv_output_size(5, 3, stride=(1, 2)) == (3, 2)
    assert conv_output_size(5, (3,)) == (3,)
    assert conv_output_size([5, 6], 3) == (3, 4)
    assert pool_output_size(5, (2, 3)) == (2, 1)
    assert conv_transpose_output_size((1, 2, 3), 2, stride=2) == (2, 4, 6)
    assert conv_output_size((9,) * 5, 3) == (7,) * 5


def test_integers_of_numpy_and_torch_count_as_integers():
    for five, three in [(np.int64(5), np.uint8(3)), (torch.tensor(5), np.array(3))]:
        size = conv_output_size(five, three)
        assert size == 3
        assert type(size) is int
    assert conv_output_size(torch.zeros(5, 6).shape, 3) == (3, 4)
    assert type(conv_parameters(np.int32(3), np.int32(4), 5)) is int


# Parameters and multiply-accumulates


def test_the_lectures_layer():
    assert conv_parameters(3, 4, 5, bias=False) == 300
    assert conv_parameters(3, 4, 5) == 304


layers = st.tuples(
    st.integers(1, 3),  # groups
    st.integers(1, 2),  # channels of the input in a group
    st.integers(1, 2),  # channels of the output in a group
)


@AXES
@few(40)
@given(data=st.data(), layer=layers, bias=st.booleans())
def test_conv_parameters_counts_what_torch_learns(axes, data, layer, bias):
    groups, inputs, outputs = layer[0], layer[0] * layer[1], layer[0] * layer[2]
    kernel = data.draw(st.tuples(*[st.integers(1, 4)] * axes))
    ours = conv_parameters(inputs, outputs, kernel, groups=groups, bias=bias)
    with torch.device("meta"):
        theirs = LAYER[axes - 1](inputs, outputs, kernel, groups=groups, bias=bias)
    assert ours == sum(parameter.numel() for parameter in theirs.parameters())

    counted = 0
    for to in range(outputs):
        counted += bias
        for start in range(inputs):
            if start // layer[1] == to // layer[2]:  # in the same group
                counted += len(list(np.ndindex(kernel)))
    assert ours == counted


@AXES
@few(40)
@given(data=st.data(), layer=layers)
def test_conv_macs_counts_the_products(axes, data, layer):
    groups, inputs, outputs = layer[0], layer[0] * layer[1], layer[0] * layer[2]
    kernel = data.draw(st.tuples(*[st.integers(1, 3)] * axes))
    image = tuple(k + data.draw(st.integers(0, 3)) for k in kernel)
    ours = conv_macs(inputs, outputs, kernel, conv_output_size(image, kernel), groups=groups)
    ones = torch.ones(1, inputs, *image)
    weight = torch.ones(outputs, inputs // groups, *kernel)
    with FlopCounterMode(display=False) as counter:
        products = CONV[axes - 1](ones, weight, groups=groups)
    assert ours == products.sum().item()  # each product is 1
    assert 2 * ours == counter.get_total_flops()


def test_an_int_kernel_is_two_dimensional_unless_the_output_says_otherwise():
    assert conv_parameters(3, 4, 5) == conv_parameters(3, 4, (5, 5))
    assert conv_macs(3, 4, 5, 7) == conv_macs(3, 4, (5, 5), (7, 7))
    assert conv_macs(3, 4, 5, (7,)) == conv_macs(3, 4, (5,), (7,)) == 3 * 4 * 5 * 7
    assert conv_macs(3, 4, (5, 5, 5), 7) == 3 * 4 * 35**3


def count(convolutions, linear):
    """Sum parameters and MACs over (in, out, kernel, output size, groups) and (in, out)."""
    parameters = sum(conv_parameters(i, o, k, groups=g) for i, o, k, _, g in convolutions)
    macs = sum(conv_macs(i, o, k, size, groups=g) for i, o, k, size, g in convolutions)
    parameters += sum(conv_parameters(i, o, 1) for i, o in linear)
    return parameters, macs + sum(conv_macs(i, o, 1, 1) for i, o in linear)


def test_published_counts():
    lenet = count([(1, 6, 5, 28, 1), (6, 16, 5, 10, 1)], [(400, 120), (120, 84), (84, 10)])
    assert lenet == (61_706, 416_520)
    towers = [(3, 96, 11, 55, 1), (96, 256, 5, 27, 2), (256, 384, 3, 13, 1)]
    towers += [(384, 384, 3, 13, 2), (384, 256, 3, 13, 2)]
    alexnet = count(towers, [(9216, 4096), (4096, 4096), (4096, 1000)])
    assert alexnet == (60_965_224, 724_406_816)
    assert conv_parameters(3, 64, 3) + conv_parameters(64, 64, 3) == 38_720  # VGG, first stage
    rows, channels = [], 3
    for stage, (width, depth) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]):
        for _ in range(depth):
            rows.append((channels, width, 3, 224 // 2**stage, 1))
            channels = width
    vgg16 = count(rows, [(25088, 4096), (4096, 4096), (4096, 1000)])
    assert vgg16 == (138_357_544, 15_470_264_320)


# The loops

numbers = st.integers(-9, 9)


def matrices(largest):
    shapes = st.tuples(st.integers(1, largest), st.integers(1, largest))
    return shapes.flatmap(
        lambda s: st.lists(
            st.lists(numbers, min_size=s[1], max_size=s[1]), min_size=s[0], max_size=s[0]
        )
    )


def test_the_lectures_example_is_a_cross_correlation():
    printed = [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    assert cross_correlate2d(LECTURE_IMAGE, LECTURE_KERNEL) == printed
    flipped = [[18, 20, 19], [10, 9, 17], [11, 8, 14]]
    assert convolve2d(LECTURE_IMAGE, LECTURE_KERNEL) == flipped


@few(150)
@given(
    image=matrices(6),
    kernel=matrices(3),
    padding=st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
    stride=st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_the_loops_equal_torch_and_scipy(image, kernel, padding, stride):
    x = torch.tensor(image, dtype=torch.float64)[None, None]
    w = torch.tensor(kernel, dtype=torch.float64)[None, None]
    try:
        theirs = F.conv2d(x, w, padding=padding, stride=stride)[0, 0].tolist()
    except RuntimeError:
        with pytest.raises(ValueError, match="`kernel` must be at most as large as the padded"):
            cross_correlate2d(image, kernel, padding=padding, stride=stride)
        return
    ours = cross_correlate2d(image, kernel, padding=padding, stride=stride)
    assert ours == theirs
    assert all(type(value) is int for row in ours for value in row)
    size = conv_output_size(
        (len(image), len(image[0])), (len(kernel), len(kernel[0])), padding=padding, stride=stride
    )
    assert (len(ours), len(ours[0])) == size

    by_torch = F.conv2d(x, w.flip(2, 3), padding=padding, stride=stride)[0, 0].tolist()
    rows, columns = per_axis(padding, 2)
    down, right = per_axis(stride, 2)
    padded = np.pad(np.array(image), ((rows, rows), (columns, columns)))
    by_scipy = scipy.signal.convolve2d(padded, np.array(kernel), mode="full")
    above, left = len(kernel) - 1, len(kernel[0]) - 1
    inside = by_scipy[above : by_scipy.shape[0] - above, left : by_scipy.shape[1] - left]
    assert convolve2d(image, kernel, padding=padding, stride=stride) == by_torch
    assert by_torch == inside[::down, ::right].tolist()


@few(60)
@given(matrices(5), st.sampled_from([1, 3, 5]), st.data())
def test_convolve2d_equals_the_lectures_formula(image, n, data):
    row = st.lists(numbers, min_size=n, max_size=n)
    kernel = data.draw(st.lists(row, min_size=n, max_size=n))
    pixel = {(x, y): value for x, line in enumerate(image) for y, value in enumerate(line)}
    expected = [
        [
            sum(
                pixel.get((x - i + n // 2, y - j + n // 2), 0) * kernel[i][j]
                for i in range(n)
                for j in range(n)
            )
            for y in range(len(image[0]))
        ]
        for x in range(len(image))
    ]
    assert convolve2d(image, kernel, padding=n // 2) == expected


@few(60)
@given(matrices(4), matrices(4))
def test_full_convolution_commutes_and_correlation_is_it_with_a_flip(first, second):
    def full(image, kernel):
        return convolve2d(image, kernel, padding=(len(kernel) - 1, len(kernel[0]) - 1))

    assert full(first, second) == full(second, first)
    flipped = [row[::-1] for row in second[::-1]]
    around = (len(second) - 1, len(second[0]) - 1)
    assert full(first, second) == cross_correlate2d(first, flipped, padding=around)
    assert full(first, second) == scipy.signal.convolve2d(first, second).tolist()


def test_the_loops_take_what_has_rows_and_leave_it_as_it_was():
    image = [[250, 251, 252], [253, 254, 255]]
    expected = [[250 * 255 + 254 * 255, 251 * 255 + 255 * 255]]
    kernel = [[255, 0], [0, 255]]
    before = copy.deepcopy((image, kernel))
    for make in (
        lambda rows: rows,
        lambda rows: tuple(map(tuple, rows)),
        lambda rows: np.array(rows, dtype=np.uint8),  # 255 * 255 does not fit into uint8
        lambda rows: [np.array(row, dtype=np.uint8) for row in rows],
        lambda rows: torch.tensor(rows, dtype=torch.uint8),
        lambda rows: list(torch.tensor(rows)),
    ):
        assert cross_correlate2d(make(image), make(kernel)) == expected
        assert convolve2d(make(image), make(kernel)) == expected  # the kernel is symmetric
    weight = torch.tensor(kernel, dtype=torch.float64, requires_grad=True)
    assert cross_correlate2d(image, weight) == expected
    assert (image, kernel) == before
    surrounded = [[0, 0, 0], [0, 0.25, 0], [0, 0, 0]]
    assert cross_correlate2d([[0.5]], [[0.5]], padding=np.int64(1)) == surrounded


# Errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: conv_output_size(5, 7),
            "`kernel_size` must be at most the padded input size 5, got 7",
        ),
        (
            lambda: conv_output_size((9, 5), 7, padding=(0, 0)),
            "`kernel_size` must be at most the padded input size 5, got 7 along axis 1",
        ),
        (
            lambda: conv_output_size(5, 3, dilation=4),
            "`kernel_size` must be at most the padded input size 5, got 3, "
            "which spans 9 at `dilation` 4",
        ),
        (lambda: conv_output_size(0, 1, padding=3), "`input_size` must be at least 1, got 0"),
        (lambda: conv_output_size(5, 3, stride=0), "`stride` must be at least 1, got 0"),
        (lambda: conv_output_size(5, 3, padding=-1), "`padding` must be at least 0, got -1"),
        (lambda: conv_output_size(True, 1), "`input_size` must be an int, got True"),
        (
            lambda: conv_output_size(5.0, 3),
            "`input_size` must be an int or a tuple of ints, got 5.0",
        ),
        (
            lambda: conv_output_size("5", 3),
            "`input_size` must be an int or a tuple of ints, got '5'",
        ),
        (
            lambda: conv_output_size((5, 2.5), 3),
            "`input_size` must be an int, got 2.5 along axis 1",
        ),
        (
            lambda: conv_output_size(np.array([5, 5]), 3),
            "`input_size` must be an int or a tuple of ints, got array([5, 5])",
        ),
        (lambda: conv_output_size(5, ()), "`kernel_size` must have at least one value, got ()"),
        (
            lambda: conv_output_size((5, 5), 3, stride=(1, 1, 1)),
            "`stride` must have 2 values, as `input_size` has, got (1, 1, 1)",
        ),
        (
            lambda: conv_output_size(5, 3, padding="same"),
            "`padding` must be an int or a tuple of ints, got 'same'; pass dilation * "
            "(kernel_size - 1) // 2, which keeps the size of the input at stride 1 if the kernel "
            "is odd",
        ),
        (
            lambda: conv_output_size(5, 3, padding="valid"),
            "`padding` must be an int or a tuple of ints, got 'valid'; pass 0 for no padding",
        ),
        (
            lambda: pool_output_size(5, 2, padding=2),
            "`padding` must be at most half of `kernel_size` 2, rounded down: 1, got 2",
        ),
        (
            lambda: pool_output_size(5, 7, stride=2, ceil_mode=True),
            "`kernel_size` must be at most 6 (the padded input size 5 + `stride` 2 - 1, "
            "in `ceil_mode`), got 7",
        ),
        (
            lambda: pool_output_size(5, 2, ceil_mode=1),
            "`ceil_mode` must be True or False, got 1",
        ),
        (
            lambda: conv_transpose_output_size(2, 2, output_padding=1),
            "`output_padding` must be smaller than `stride` 1 or `dilation` 1, got 1",
        ),
        (
            lambda: conv_transpose_output_size(1, 3, padding=2),
            "`padding` must be at most 1 to leave a pixel of the output size 3, got 2",
        ),
        (lambda: conv_parameters(3, 4, 5, groups=2), "`groups` must divide `in_channels` 3, got 2"),
        (
            lambda: conv_parameters(4, 3, 5, groups=2),
            "`groups` must divide `out_channels` 3, got 2",
        ),
        (lambda: conv_parameters(0, 4, 5), "`in_channels` must be at least 1, got 0"),
        (lambda: conv_parameters(3, 4, 5, bias=1), "`bias` must be True or False, got 1"),
        (
            lambda: conv_macs(3, 4, (5,), (2, 2)),
            "`output_size` must have 1 value, as `kernel_size` has, got (2, 2)",
        ),
        (
            lambda: cross_correlate2d([[1, 2], [3]], [[1]]),
            "`image` must have rows of one length, got lengths [1, 2]",
        ),
        (
            lambda: convolve2d([[1]], [[1, 2]]),
            "`kernel` must be at most as large as the padded image (1, 1), got shape (1, 2)",
        ),
        (
            lambda: cross_correlate2d([], [[1]]),
            "`image` must have at least one row and one column, got []",
        ),
        (lambda: cross_correlate2d([1, 2], [[1]]), "`image` must be rows of numbers, got [1, 2]"),
        (lambda: cross_correlate2d(None, [[1]]), "`image` must be rows of numbers, got None"),
        (
            lambda: cross_correlate2d([[1]], [["a"]]),
            "`kernel` must be rows of numbers, got 'a' in a row",
        ),
        (
            lambda: cross_correlate2d(np.zeros((1, 2, 2)), [[1]]),
            "`image` must be rows of numbers, got [0.0, 0.0] in a row",
        ),
        (
            lambda: cross_correlate2d([[1]], [[1]], stride=(1, 1, 1)),
            "`stride` must be an int or have 2 values, got (1, 1, 1)",
        ),
    ],
)
def test_error_messages(call, message):
    with pytest.raises(ValueError, match=r"^`\w+` must ") as error:
        call()
    assert str(error.value) == message


@pytest.mark.parametrize("wrong", [None, True, 2.5, np.float64(2), "a", b"ab", (), (1, 2), {1}, -1])
def test_whatever_comes_only_value_error_is_raised(wrong):
    for name in ("input_size", "kernel_size", "padding", "dilation"):
        setting = {"input_size": (5, 5, 5), "kernel_size": (3, 3, 3), name: wrong}
        for function in (conv_output_size, pool_output_size, conv_transpose_output_size):
            with pytest.raises(ValueError, match=f"^`{name}` must |as `{name}` has"):
                function(**setting)
    with pytest.raises(ValueError, match=r"^`groups` must be"):
        conv_parameters(4, 4, 3, groups=wrong)


def test_importing_it_loads_neither_torch_nor_numpy():
    code = (
        "import sys, course_lib.arithmetic as a; a.convolve2d([[1]], [[1]]); "
        "print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
