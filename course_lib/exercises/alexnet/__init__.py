"""The exercises of the chapter AlexNet, in reading order."""

from course_lib.exercises.alexnet.network import (
    CODE_LRN,
    FASTER,
    FIRST_SIZE,
    GROUPS,
    THIRD_POOL,
    WHERE,
    WHO_READS,
)
from course_lib.exercises.alexnet.overfitting import (
    CODE_DROPOUT,
    CROPS,
    KEEPS_LABEL,
)
from course_lib.exercises.kinds import Exercise

EXERCISES: tuple[Exercise, ...] = (
    FIRST_SIZE,
    THIRD_POOL,
    WHO_READS,
    GROUPS,
    WHERE,
    FASTER,
    CODE_LRN,
    CODE_DROPOUT,
    CROPS,
    KEEPS_LABEL,
)
