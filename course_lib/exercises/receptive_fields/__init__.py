"""The exercises of the chapter Receptive fields and fully convolutional networks, in order."""

from course_lib.exercises.kinds import Exercise
from course_lib.exercises.receptive_fields.fields import (
    CODE_RECEPTIVE_FIELD,
    LENET_TABLE,
    START,
    THREE_NEIGHBORS,
)
from course_lib.exercises.receptive_fields.networks import (
    BREAKS_EQUALITY,
    CODE_KERNEL,
    DILATED_STACK,
    FC_AS_CONVOLUTION,
    FOUR_TIMES_DEEPER,
    MAP_SIZE,
    OUTSIDE,
    SAME_FIELD,
)

EXERCISES: tuple[Exercise, ...] = (
    THREE_NEIGHBORS,
    LENET_TABLE,
    START,
    CODE_RECEPTIVE_FIELD,
    DILATED_STACK,
    OUTSIDE,
    FOUR_TIMES_DEEPER,
    FC_AS_CONVOLUTION,
    CODE_KERNEL,
    MAP_SIZE,
    SAME_FIELD,
    BREAKS_EQUALITY,
)
