"""The exercises of the chapter Pooling and downsampling, in reading order."""

from course_lib.exercises.kinds import Exercise
from course_lib.exercises.pooling.effects import (
    ALIAS,
    EXACT,
    MAX_GRADIENT,
    MEMORY,
    SHIFT,
    STRIDED_MACS,
)
from course_lib.exercises.pooling.loops import CODE_MAX_POOL
from course_lib.exercises.pooling.sizes import (
    ADAPTIVE,
    CEIL_SIZE,
    CORNER_MEAN,
    LAST_WINDOW,
    MEAN_MAP,
)

EXERCISES: tuple[Exercise, ...] = (
    LAST_WINDOW,
    MEAN_MAP,
    CEIL_SIZE,
    CORNER_MEAN,
    ADAPTIVE,
    CODE_MAX_POOL,
    MEMORY,
    SHIFT,
    EXACT,
    MAX_GRADIENT,
    STRIDED_MACS,
    ALIAS,
)
