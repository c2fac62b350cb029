"""What `course_lib.plotting` accepts: checks that name the argument, what it wants, what came."""

import reprlib
from typing import Any

import numpy as np
import torch
from torch import Tensor


def listed(name: str, values: Any) -> list[Any]:
    try:
        found = [] if isinstance(values, str) else list(values)
    except TypeError:
        found = []
    if not found:
        raise ValueError(f"`{name}` must be a list with at least one, got {reprlib.repr(values)}")
    return found


def one_each(name: str, one: str, values: Any, things: str, count: int) -> list[Any]:
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise ValueError(f"`{name}` must be a list, got {reprlib.repr(values)}")
    if len(values) != count:
        expected = f"one {one} for each of the {count} {things}"
        raise ValueError(f"`{name}` must have {expected}, got {len(values)}")
    return list(values)


def are_numbers(values: Any, count: int) -> bool:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # ragged
        return False
    return array.shape == (count,) and array.dtype.kind in "iuf" and bool(np.isfinite(array).all())


def check_range(limits: Any, signed: bool) -> None:
    if limits is None:
        return
    if not are_numbers(limits, 2) or not limits[0] < limits[1]:
        expected = "(low, high) with low below high, or None"
    elif signed and limits[0] != -limits[1]:
        expected = "(-high, high) for an image that is signed"
    else:
        return
    raise ValueError(f"`ranges` must be {expected}, got {reprlib.repr(limits)}")


def check_window(window: Any, shape: tuple[int, ...]) -> None:
    if window is None:
        return
    if are_numbers(window, 4):
        row, column, height, width = window
        fits = row + height <= shape[0] and column + width <= shape[1]
        if fits and min(row, column) >= 0 and min(height, width) >= 1:
            return
    expected = f"(row, column, height, width) inside its matrix of shape {shape}"
    raise ValueError(f"`windows` must be {expected}, got {reprlib.repr(window)}")


def as_image(image: Any) -> Tensor:
    try:
        if not isinstance(image, Tensor):  # a copy: torch takes no negative strides
            image = torch.as_tensor(np.array(image, dtype=np.float32, order="C"))
    except (TypeError, ValueError):
        expected = "tensors or arrays of numbers"
        raise ValueError(f"`images` must be {expected}, got {reprlib.repr(image)}") from None
    shape = tuple(image.shape)
    if not (len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 3))) or 0 in shape:
        raise ValueError(f"`images` must be (H, W), (1, H, W) or (3, H, W), got {shape}")
    tensor: Tensor = image
    return tensor


def as_matrix(name: str, values: Any, kinds: str) -> np.ndarray[Any, Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError:  # ragged
        expected = "matrices with rows of one length"
        raise ValueError(f"`{name}` must be {expected}, got {reprlib.repr(values)}") from None
    if array.ndim != 2 or not array.size:
        raise ValueError(f"`{name}` must be matrices of shape (rows, columns), got {array.shape}")
    if array.dtype.kind not in kinds:
        expected = "numbers or texts" if "U" in kinds else "numbers"
        raise ValueError(f"`{name}` must be matrices of {expected}, got {reprlib.repr(values)}")
    return array
