"""The functions that draw figures refuse what they cannot draw, in words about the argument."""

import re
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib import plotting

matplotlib.use("Agg")

TWO = [torch.eye(4), torch.eye(4)]
GRID = [[1, 2], [3, 4]]


@pytest.fixture(autouse=True)
def _no_figure_is_left_open() -> Iterator[None]:
    yield
    left = plt.get_fignums()
    plt.close("all")
    assert left == []


def refused(message: str) -> Any:
    return pytest.raises(ValueError, match="^" + re.escape(message))


@pytest.mark.parametrize(
    ("images", "fields", "message"),
    [
        ([], {"labels": []}, "`images` must be a list with at least one, got []"),
        (5, {}, "`images` must be a list with at least one, got 5"),
        (torch.tensor(5), {}, "`images` must be a list with at least one, got tensor(5)"),
        ([torch.ones(4)], {}, "`images` must be (H, W), (1, H, W) or (3, H, W), got (4,)"),
        ([np.ones((4, 4, 3))], {}, "`images` must be (H, W), (1, H, W) or (3, H, W), got (4, 4,"),
        ([torch.ones(0, 4)], {}, "`images` must be (H, W), (1, H, W) or (3, H, W), got (0, 4)"),
        (["ct"], {}, "`images` must be tensors or arrays of numbers, got 'ct'"),
        ([[[1], [1, 2]]], {}, "`images` must be tensors or arrays of numbers, got [[1], [1, 2]]"),
        (TWO, {"labels": list("abc")}, "`labels` must have one label for each of the 2 images, g"),
        (TWO, {"labels": ["a"]}, "`labels` must have one label for each of the 2 images, got 1"),
        (TWO, {"labels": "ab"}, "`labels` must be a list, got 'ab'"),
        (TWO, {"labels": None}, "`labels` must be a list, got None"),
        (TWO, {"signed": [True]}, "`signed` must have one entry for each of the 2 images, got 1"),
        (TWO, {"signed": True}, "`signed` must be a list, got True"),
        (TWO, {"columns": 0}, "`columns` must be at least 1, got 0"),
        (TWO, {"columns": 1.5}, "`columns` must be an int, got 1.5"),
        (TWO, {"ranges": [None, (5, 1)]}, "`ranges` must be (low, high) with low below high, or"),
        (TWO, {"ranges": [None, (1, 1)]}, "`ranges` must be (low, high) with low below high, or"),
        (TWO, {"ranges": [None, 5]}, "`ranges` must be (low, high) with low below high, or None,"),
        (TWO, {"ranges": [None, (0, np.nan)]}, "`ranges` must be (low, high) with low below high"),
        (
            TWO,
            {"ranges": [None, (-100, 5)], "signed": [False, True]},
            "`ranges` must be (-high, high) for an image that is signed, got (-100, 5)",
        ),
        (TWO, {"spacing_mm": [None, (0, 1)]}, "`spacing_mm` must be (row, column) in millimeters"),
        (TWO, {"spacing_mm": [None, (1, -1)]}, "`spacing_mm` must be (row, column) in millimeter"),
        (TWO, {"spacing_mm": [None, 1.0]}, "`spacing_mm` must be (row, column) in millimeters, b"),
    ],
)
def test_images_that_cannot_be_shown(images: Any, fields: dict[str, Any], message: str) -> None:
    count = len(images) if isinstance(images, list) else 1
    with refused(message):
        plotting.show_images(images, **{"labels": ["a"] * count} | fields)


def test_images_of_numpy_look_like_those_of_torch() -> None:
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    turned = gray[::-1]  # a negative stride, which torch refuses
    turned.flags.writeable = False
    images = [gray, turned, np.ones((1, 3, 4)), np.ones((3, 3, 4)), gray.astype(">u2")]
    figure = plotting.show_images(images, ["a"] * 5, spacing_mm=[None] * 5)
    shown = [ax.images[0].get_array() for ax in figure.axes[:5]]
    plt.close(figure)

    assert [each.shape for each in shown if each is not None] == [(3, 4)] * 3 + [
        (3, 4, 3),
        (3, 4),
    ]
    assert np.array_equal(shown[1], turned)
    assert np.array_equal(shown[4], gray)


@pytest.mark.parametrize(
    ("kernels", "fields", "message"),
    [
        ([], {}, "`kernels` must be a list with at least one, got []"),
        ([GRID], {"labels": ["a", "b"]}, "`labels` must have one label for each of the 1 kernels"),
        ([GRID] * 2, {"labels": ["a"]}, "`labels` must have one label for each of the 2 kernels, "),
        ([GRID], {"columns": 0}, "`columns` must be at least 1, got 0"),
        ([[1, 2]], {}, "`kernels` must be matrices of shape (rows, columns), got (2,)"),
        ([[[]]], {}, "`kernels` must be matrices of shape (rows, columns), got (1, 0)"),
        ([[[1], [1, 2]]], {}, "`kernels` must be matrices with rows of one length, got [[1], "),
        ([[["a"]]], {}, "`kernels` must be matrices of numbers, got [['a']]"),
    ],
)
def test_kernels_that_cannot_be_shown(kernels: Any, fields: dict[str, Any], message: str) -> None:
    with refused(message):
        plotting.show_kernels(kernels, **fields)


@pytest.mark.parametrize(
    ("matrices", "fields", "message"),
    [
        ([], {"labels": []}, "`matrices` must be a list with at least one, got []"),
        ([GRID], {"labels": ["a", "b"]}, "`labels` must have one label for each of the 1 matrice"),
        ([GRID], {"labels": []}, "`labels` must have one label for each of the 1 matrices, got 0"),
        ([GRID], {"windows": []}, "`windows` must have one window for each of the 1 matrices, go"),
        ([GRID], {"windows": [(0, 0, 3, 1)]}, "`windows` must be (row, column, height, width) in"),
        ([GRID], {"windows": [(0, -1, 1, 1)]}, "`windows` must be (row, column, height, width) i"),
        ([GRID], {"windows": [(0, 0)]}, "`windows` must be (row, column, height, width) inside i"),
        ([[1, 2]], {}, "`matrices` must be matrices of shape (rows, columns), got (2,)"),
        ([[[None]]], {}, "`matrices` must be matrices of numbers or texts, got [[None]]"),
    ],
)
def test_matrices_that_cannot_be_shown(matrices: Any, fields: dict[str, Any], message: str) -> None:
    with refused(message):
        plotting.show_matrix(matrices, **{"labels": ["a"] * len(matrices)} | fields)


@pytest.mark.parametrize(
    ("sizes", "fields", "message"),
    [
        ((5, 6), {}, "`kernel_size` must"),
        ((5, -1), {}, "`kernel_size` must be at least 1, got -1"),
        ((5, 3), {"padding": -1}, "`padding` must be at least 0, got -1"),
        ((5, 3), {"stride": 0}, "`stride` must be at least 1, got 0"),
        (((5, 5), 3), {}, "`input_size` must be an int, got (5, 5)"),
    ],
)
def test_visits_that_cannot_be_shown(sizes: Any, fields: dict[str, Any], message: str) -> None:
    with refused(message):
        plotting.show_visits(*sizes, **fields)


@pytest.mark.parametrize(
    ("sizes", "padding", "stride"), [((5, 3), 0, 1), ((6, 3), 0, 2), ((7, 2), 1, 4), ((3, 3), 0, 5)]
)
def test_visits_has_a_bar_for_each_place(sizes: Any, padding: int, stride: int) -> None:
    figure = plotting.show_visits(*map(np.int64, sizes), padding=padding, stride=stride)
    bars = len(figure.axes[0].lines)
    plt.close(figure)
    size, kernel = sizes
    assert bars == len(range(0, size + 2 * padding - kernel + 1, stride))


@pytest.mark.parametrize("width", [0, -400, float("nan")])
def test_a_window_has_a_width(width: float) -> None:
    with refused(f"`width` must be above 0, got {width}"):
        plotting.window(40, width)
