"""Checks that every part of the package shares: whole numbers, sizes by axis, matrices.

Each raises `ValueError` with the argument's name, what was expected and what came.
"""

import operator
import reprlib
from collections.abc import Callable, Collection, Sequence
from numbers import Number
from typing import Any, Protocol

SizeLike = int | Sequence[int]


class Matrix(Protocol):
    """Anything with rows: a list of lists, a NumPy array, a torch tensor."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


_MAY_BE_ZERO = {"padding", "output_padding"}
_INSTEAD_OF_A_WORD = {
    "valid": "; pass 0 for no padding",
    "same": "; pass dilation * (kernel_size - 1) // 2, which keeps the size of the input "
    "at stride 1 if the kernel is odd",
}


def whole_number(name: str, value: object) -> int:
    """Return `value` as an int that is large enough for the argument `name`."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]  # refuses what is no integer
    except TypeError:
        raise ValueError(f"`{name}` must be an int, got {reprlib.repr(value)}") from None
    smallest = 0 if name in _MAY_BE_ZERO else 1
    if number < smallest:
        raise ValueError(f"`{name}` must be at least {smallest}, got {number}")
    return number


def whole_number_from(low: int, high: int, name: str, value: object) -> int:
    """Return `value` as an int from `low` to `high`."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]  # refuses what is no integer
        if low <= number <= high:
            return number
    except TypeError:
        pass
    expected = f"a whole number from {low} to {high}"
    raise ValueError(f"`{name}` must be {expected}, got {reprlib.repr(value)}")


def true_or_false(name: str, value: object) -> bool:
    """Return `value` if it is a bool."""
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be True or False, got {reprlib.repr(value)}")
    return value


def one_of(name: str, value: object, allowed: Collection[object]) -> None:
    """Refuse `value` if it is none of those `allowed`."""
    if value not in allowed:
        words = " or ".join(repr(choice) for choice in allowed)
        raise ValueError(f"`{name}` must be {words}, got {reprlib.repr(value)}")


def _axes(name: str, value: object) -> int | None:
    """Return for how many axes `value` speaks; None if one integer speaks for all of them."""
    if isinstance(value, (str, bytes)):
        instead = _INSTEAD_OF_A_WORD.get(str(value), "") if name == "padding" else ""
        raise ValueError(f"`{name}` must be an int or a tuple of ints, got {value!r}{instead}")
    if isinstance(value, Sequence):
        if not len(value):
            raise ValueError(f"`{name}` must have at least one value, got {value!r}")
        return len(value)
    if not hasattr(value, "__index__") or getattr(value, "shape", ()) != ():
        raise ValueError(f"`{name}` must be an int or a tuple of ints, got {reprlib.repr(value)}")
    return None


def each_axis(formula: Callable[..., int], **sizes: SizeLike) -> int | tuple[int, ...]:
    """Apply `formula` to the checked `sizes` of each axis; an int speaks for every axis.

    All ints give an int; any sequence gives a tuple with one value an axis.
    """
    lengths = {name: length for name, value in sizes.items() if (length := _axes(name, value))}
    if not lengths:
        return formula(**{name: whole_number(name, value) for name, value in sizes.items()})
    leader, axes = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != axes:
            values = f"{axes} value{'s' if axes > 1 else ''}, as `{leader}` has"
            raise ValueError(f"`{name}` must have {values}, got {reprlib.repr(sizes[name])}")
    results = []
    for axis in range(axes):
        here = {n: v[axis] if isinstance(v, Sequence) else v for n, v in sizes.items()}
        try:
            results.append(formula(**{name: whole_number(name, v) for name, v in here.items()}))
        except ValueError as error:
            raise ValueError(f"{error} along axis {axis}") from None
    return tuple(results)


def matrix(name: str, values: Matrix) -> list[list[float]]:
    """Return the rows of `values` as lists of Python numbers, which do not overflow as uint8 do."""
    plain: Any = values.tolist() if hasattr(values, "tolist") else values
    try:
        rows = [list(row) for row in plain]
    except TypeError:
        raise ValueError(f"`{name}` must be rows of numbers, got {reprlib.repr(plain)}") from None
    rows = [[x.item() if hasattr(x, "item") else x for x in row] for row in rows]
    for x in (x for row in rows for x in row):
        if not isinstance(x, Number):
            raise ValueError(f"`{name}` must be rows of numbers, got {reprlib.repr(x)} in a row")
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise ValueError(f"`{name}` must have rows of one length, got lengths {widths}")
    if not widths or not widths[0]:
        raise ValueError(f"`{name}` must have at least one row and one column, got {rows}")
    return rows


def pair(name: str, sizes: SizeLike) -> tuple[int, int]:
    """Return the checked size along the rows' axis and along the columns' axis."""
    if _axes(name, sizes) not in (None, 2):
        raise ValueError(f"`{name}` must be an int or have 2 values, got {reprlib.repr(sizes)}")
    down, right = sizes if isinstance(sizes, Sequence) else (sizes, sizes)
    return whole_number(name, down), whole_number(name, right)
