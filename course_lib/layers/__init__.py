"""Layers that torch does not have, or that are worth reading."""

from course_lib.layers.locally_connected import (
    LocallyConnected1d,
    LocallyConnected2d,
    LocallyConnected3d,
    locally_connected,
)

__all__ = [
    "LocallyConnected1d",
    "LocallyConnected2d",
    "LocallyConnected3d",
    "locally_connected",
]
