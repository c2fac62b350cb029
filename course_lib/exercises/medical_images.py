"""The exercises of the chapter What we ask of medical images, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# The tasks ---------------------------------------------------------------------------------------

_QUESTIONS = (
    ("Is this an MR or a CT?", "classification", "The answer is one of a list of modalities."),
    ("How old is the patient?", "regression", "The answer is a number: that is regression."),
    ("Is the image good enough to report on?", "classification", "Pass or fail: two classes."),
    ("Where is the liver?", "region", "The answer is a place: that is region classification."),
    ("Is there a pneumonia?", "classification", "Yes or no for the whole image: two classes."),
    (
        "How good is the image, from 0 to 1?",
        "regression",
        "A score between 0 and 1 is a number: that is regression.",
    ),
)

WHICH_TASK = SeveralChoices(
    id="medical_images/which-task",
    title="Which task is it?",
    level="read it off",
    prompt="Tick every question that asks for the *classification* of a whole image.",
    options=tuple(Option(text, feedback) for text, _, feedback in _QUESTIONS),
    answers=tuple(i for i, (_, task, _) in enumerate(_QUESTIONS) if task == "classification"),
    solution="Modality, pass or fail, and pneumonia yes or no: each answer is one of a list. Age "
    "and score are numbers (regression). Where the liver is, is a question about regions.",
)

_TRUE_AGES, _SAID_AGES = (7, 41, 60), (10, 40, 52)
_ERRORS = [said - true for said, true in zip(_SAID_AGES, _TRUE_AGES, strict=True)]

AGE_ERROR = Number(
    id="medical_images/age-error",
    title="How far off?",
    level="apply it",
    prompt="Three patients are 7, 41 and 60 years old. A program says 10, 40 and 52. What is its "
    "mean absolute error?",
    unit="years",
    answer=sum(map(abs, _ERRORS)) / len(_ERRORS),
    tolerance=0.05,
    mistakes=(
        Mistake(
            sum(_ERRORS) / len(_ERRORS),
            "You let errors of different sign cancel. That mean is the bias. Drop the signs first.",
        ),
        Mistake(sum(map(abs, _ERRORS)), "That is the sum. Divide by the number of patients."),
        Mistake(
            round(math.sqrt(sum(e**2 for e in _ERRORS) / len(_ERRORS)), 6),
            "That is the root of the mean *squared* error. Take the mean of the absolute values.",
        ),
        Mistake(sum(e**2 for e in _ERRORS) / len(_ERRORS), "That is the mean squared error."),
    ),
    hint="Three errors, without their signs; then their mean.",
    solution="The errors are 3, −1 and −8 years. Without signs they add up to 12, and 12/3 = 4 "
    "years.",
)


# DICOM -------------------------------------------------------------------------------------------

_STORED, _SLOPE, _INTERCEPT = 600, 2, -1024

HU_FROM_STORED = Number(
    id="medical_images/hu-from-stored",
    title="From the stored number to HU",
    level="apply it",
    prompt=f"A CT file stores {_STORED} for a pixel. Its header says RescaleSlope {_SLOPE} and "
    f"RescaleIntercept −{-_INTERCEPT}. How many Hounsfield units is that?",
    unit="HU",
    answer=_STORED * _SLOPE + _INTERCEPT,
    mistakes=(
        Mistake(_STORED * _SLOPE, "You forgot the intercept. Add it after multiplying."),
        Mistake(_STORED + _INTERCEPT, "You forgot the slope. Multiply by it first."),
        Mistake(
            _STORED * _INTERCEPT + _SLOPE,
            "Slope and intercept are swapped: the slope multiplies, the intercept is added.",
        ),
        Mistake(
            (_STORED + _INTERCEPT) * _SLOPE,
            "You added first. The slope multiplies the stored number alone.",
        ),
        Mistake(_STORED * _SLOPE - _INTERCEPT, "The intercept is negative: adding it takes away."),
        Mistake(_STORED, "That is the stored number. The header says how to turn it into HU."),
    ),
    hint="Stored number times slope, plus intercept.",
    solution=f"{_STORED} · {_SLOPE} + (−1024) = 1200 − 1024 = 176 HU.",
)

_CENTER, _WIDTH = 40, 400

WHITE_FROM = Number(
    id="medical_images/white-from",
    title="Where white begins",
    level="apply it",
    prompt=f"A window has center {_CENTER} HU and width {_WIDTH} HU. From which value on is "
    "everything white?",
    unit="HU",
    answer=_CENTER + _WIDTH // 2,
    mistakes=(
        Mistake(_CENTER - _WIDTH // 2, "That is where black ends. White is at the other end."),
        Mistake(_CENTER + _WIDTH, "Half of the width lies on each side of the center."),
        Mistake(_WIDTH, "That is the width, the distance from black to white."),
        Mistake(_CENTER, "The center is middle gray."),
        Mistake(_WIDTH // 2, "Half the width, counted from 0. Count it from the center."),
    ),
    hint="Center plus half of the width.",
    solution="40 + 400/2 = 240 HU. Everything from 240 HU up looks the same: dense contrast agent, "
    "bone and metal.",
)

_WINDOW_LINES = (
    "def my_window(values, center, width):",
    "    shown = []",
    "    for value in values:",
    "        place = (value - center) / width + 0.5",
    "        shown.append(min(max(place, 0), 1))",
    "    return shown",
)


def _draw_window(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    center, width = rng.randint(-600, 300), rng.choice((80, 150, 400, 1500))
    spread = range(-width, width + 1)
    return ([center + rng.choice(spread) for _ in range(5)], center, width), {}


def _window(values: Sequence[float], center: float, width: float) -> list[float]:
    return [min(max((value - center) / width + 0.5, 0.0), 1.0) for value in values]


def _window_unclipped(values: Sequence[float], center: float, width: float) -> list[float]:
    return [(value - center) / width + 0.5 for value in values]


def _window_no_half(values: Sequence[float], center: float, width: float) -> list[float]:
    return [min(max((value - center) / width, 0.0), 1.0) for value in values]


def _window_from_zero(values: Sequence[float], center: float, width: float) -> list[float]:
    return [min(max(value / width + 0.5, 0.0), 1.0) for value in values]


def _window_double(values: Sequence[float], center: float, width: float) -> list[float]:
    return [min(max((value - center) / (2 * width) + 0.5, 0.0), 1.0) for value in values]


def _window_turned(values: Sequence[float], center: float, width: float) -> list[float]:
    return [1 - shown for shown in _window(values, center, width)]


def _window_stretched(values: Sequence[float], center: float, width: float) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / ((high - low) or 1) for value in values]


CODE_WINDOW = Code(
    id="medical_images/code-window",
    title="Write the window",
    level="build it",
    prompt="Write `my_window`. It gets a list of values, the center and the width of a window, and "
    "returns a list: 0 for black, 1 for white, a straight line in between, nothing outside.",
    function="my_window",
    stub="def my_window(values, center, width):\n    raise NotImplementedError",
    reference=_window,
    draw=_draw_window,
    mistakes=(
        Mistake(_window_unclipped, "Some of your numbers leave [0, 1]. Clip them."),
        Mistake(_window_no_half, "Your center is black. It must become 0.5."),
        Mistake(_window_from_zero, "The center changes nothing in your function."),
        Mistake(_window_double, "Your window is twice as wide: the width is the whole of it."),
        Mistake(_window_turned, "Black and white are swapped. Large values are bright here."),
        Mistake(
            _window_stretched,
            "You stretched the values that came. The window alone decides, so that the same HU "
            "looks the same in every image.",
        ),
    ),
    hint="The center becomes 0.5, and half a width more becomes 1.",
    lines=_WINDOW_LINES,
    solution="\n".join(("```", *_WINDOW_LINES, "```")),
)

MONOCHROME1 = OneChoice(
    id="medical_images/monochrome1",
    title="A film with the wrong sign",
    level="apply it",
    prompt="You train a network on radiographs of two hospitals. One writes MONOCHROME2 (large "
    "values bright), the other MONOCHROME1 (large values dark). You feed the stored numbers as "
    "they are. What can go wrong?",
    options=(
        Option(
            "Nothing: a network learns from any numbers.",
            "It does learn, and that is the trouble: it can learn which hospital it was.",
        ),
        Option(
            "Bone is bright in one half and dark in the other, and the network can tell the "
            "hospitals apart.",
            "Yes. If one hospital has more sick patients, brightness now predicts sickness.",
        ),
        Option(
            "The file cannot be read.",
            "It can. Nothing warns you, and the numbers look plausible.",
        ),
        Option(
            "The images are upside down.",
            "Rows and columns stay. Only the meaning of dark and bright is turned over.",
        ),
    ),
    answer=1,
    solution="Turn one of the two over before you mix them. Otherwise the same bone has two looks, "
    "and the hospital is written into every pixel.",
)

_ROWS_MM, _COLUMNS_MM, _PIXELS = 0.5, 0.8, 100

WIDTH_IN_MM = Number(
    id="medical_images/width-in-mm",
    title="Millimeters across",
    level="apply it",
    prompt=f"A header says PixelSpacing [{_ROWS_MM}, {_COLUMNS_MM}]. The first number is the "
    "distance between rows, the second the distance between columns. A vessel reaches over "
    f"{_PIXELS} columns and 1 row. How long is it?",
    unit="mm",
    answer=_PIXELS * _COLUMNS_MM,
    tolerance=0.01,
    mistakes=(
        Mistake(
            _PIXELS * _ROWS_MM,
            "You took the distance between rows. Going across, you step from column to column.",
        ),
        Mistake(_PIXELS, "Those are pixels. Multiply by the size of one."),
        Mistake(_PIXELS / _COLUMNS_MM, "Multiply by the distance; you divided."),
        Mistake(
            _PIXELS * _ROWS_MM * _COLUMNS_MM, "That is an area. A length needs one of the two."
        ),
    ),
    hint="Going across means going from column to column.",
    solution="100 · 0.8 = 80 mm. The same number of pixels downward is only 50 mm.",
)


# The pipelines -----------------------------------------------------------------------------------

HOG_BLIND = OneChoice(
    id="medical_images/hog-blind",
    title="What will fail?",
    level="apply it",
    prompt="The histograms count the *directions* of edges, and each block is then brought to the "
    "same contrast. Which of these questions do you expect them to answer worst?",
    options=(
        Option("Hand or chest?", "Fingers and ribs run in different directions: histograms shine."),
        Option(
            "Sharp or blurred?",
            "Blur weakens edges and hardly turns them; what it weakens is scaled back.",
        ),
        Option("Do the stripes run up or across?", "Direction is just what they count."),
    ),
    answer=1,
    solution="Blur lowers the strength of the edges and keeps most directions. Strength is what "
    "bringing each block to the same contrast throws away.",
)

_SPLITS = (
    ("Patches of all images, shuffled, half to each side.", True, "A patch and its neighbor may "
     "lie on different sides, and so do patches of one patient."),
    ("All images of some patients for training, of other patients for the test.", False,
     "No patient is on both sides: this one does not leak."),
    ("Two visits of each patient: the first for training, the second for the test.", True,
     "The same patient is on both sides: the network can recognize the person."),
    ("Patients split; then mean and spread of the features computed from all images.", True,
     "The test images shaped the scaling: small, but a leak."),
    ("Training images from one hospital, test images from another.", False,
     "No patient is on both sides. It is the harder and more honest test."),
)  # fmt: skip

WHICH_LEAKS = SeveralChoices(
    id="medical_images/which-leaks",
    title="Which split leaks?",
    level="apply it",
    prompt="Tick every way to split that lets the test images, or their patients, into training.",
    options=tuple(Option(text, feedback) for text, _, feedback in _SPLITS),
    answers=tuple(i for i, (_, leaks, _) in enumerate(_SPLITS) if leaks),
    solution="Shuffled patches, two visits of one patient, and scaling with the test images leak. "
    "Other patients or another hospital do not.",
)


def wilson(right: int, tested: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95% interval of Wilson for a share, written from its formula."""
    share = right / tested
    middle = share + z**2 / (2 * tested)
    half = z * math.sqrt(share * (1 - share) / tested + z**2 / (4 * tested**2))
    scale = 1 + z**2 / tested
    return (middle - half) / scale, (middle + half) / scale


def _percent(low: float, high: float) -> str:
    return f"{100 * low:.0f}% to {100 * high:.0f}%"


_RIGHT, _TESTED = 19, 20
_SHARE = _RIGHT / _TESTED
_WALD = 1.96 * math.sqrt(_SHARE * (1 - _SHARE) / _TESTED)

HOW_SURE = OneChoice(
    id="medical_images/how-sure",
    title="Nineteen of twenty",
    level="read it off",
    prompt=f"A program is right on {_RIGHT} of {_TESTED} test images: 95%. Which interval for its "
    "accuracy do you believe (95% confidence)?",
    options=(
        Option(
            _percent(_SHARE - 0.01, _SHARE + 0.01),
            "Twenty images cannot say it to one percent: a single image is 5%.",
        ),
        Option(
            _percent(_SHARE - _WALD, _SHARE + _WALD),
            "That is share ± 1.96 standard errors. It goes beyond 100%, which cannot be.",
        ),
        Option(
            _percent(*wilson(_RIGHT, _TESTED)),
            "Yes, Wilson's interval. It is wide, and longer toward the side where there is room.",
        ),
        Option(
            _percent(*wilson(190, 200)),
            "That would be the interval for 190 of 200 images.",
        ),
    ),
    answer=2,
    solution="Wilson's interval for 19 of 20 reaches from "
    + _percent(*wilson(_RIGHT, _TESTED))
    + ". A program that is right four times in five could well have been this lucky.",
)

EXERCISES: tuple[Exercise, ...] = (
    WHICH_TASK,
    AGE_ERROR,
    HU_FROM_STORED,
    WHITE_FROM,
    CODE_WINDOW,
    MONOCHROME1,
    WIDTH_IN_MM,
    WHICH_LEAKS,
    HOG_BLIND,
    HOW_SURE,
)
