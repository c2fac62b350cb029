"""The exercises of the chapter Neural networks in one sitting, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import (
    Before,
    Code,
    Exercise,
    Matrix,
    Mistake,
    Number,
    OneChoice,
    Option,
    Order,
)

Vector = list[float]


def _fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


def _relu(z: float) -> float:
    return max(0.0, z)


def _weighted_sum(inputs: Sequence[float], weights: Sequence[float]) -> float:
    return sum(x * weight for x, weight in zip(inputs, weights, strict=True))


# A neuron ----------------------------------------------------------------------------------------

_INPUTS, _WEIGHTS, _BIAS = (1.0, 2.0), (0.5, -1.5), 1.0
_SUM = _weighted_sum(_INPUTS, _WEIGHTS)

ONE_NEURON = Number(
    id="neural_networks/one-neuron",
    title="What a neuron says",
    level="apply it",
    prompt="A neuron with the activation function ReLU reads x = (1, 2). Its weights are "
    "(0.5, −1.5), its bias is 1. What is its output?",
    answer=_relu(_SUM + _BIAS),
    tolerance=0.001,
    mistakes=(
        Mistake(
            _SUM + _BIAS,
            "That is the weighted sum with its bias. The bend comes last: ReLU turns what is "
            "negative into 0.",
        ),
        Mistake(_SUM, "The bias and the bend are still missing."),
        Mistake(
            abs(_SUM + _BIAS),
            "ReLU does not flip the sign of what is negative. What does it do instead?",
        ),
        Mistake(
            _relu(_SUM) + _BIAS,
            "You bent first and added the bias afterwards. The bias is part of the sum.",
        ),
        Mistake(
            _relu(_weighted_sum(_INPUTS, [abs(weight) for weight in _WEIGHTS]) + _BIAS),
            "The second weight is −1.5: subtract 3.",
        ),
    ),
    hint="Multiply input by weight, add the products and the bias, then bend: max(0, z).",
    solution="z = 1 · 0.5 + 2 · (−1.5) + 1 = 0.5 − 3 + 1 = −1.5. ReLU gives max(0, −1.5) = 0. The "
    "neuron is silent.",
)


def _sigmoid_slope(z: float) -> float:
    value = 1 / (1 + math.exp(-z))
    return value * (1 - value)


_SLOPES, _FAR_OUT = (-1.0, 0.0, 0.25, 1.0), -6

SLOPE = OneChoice(
    id="neural_networks/slope",
    title="The slope far out",
    level="read it off",
    prompt="The weighted sum of a sigmoid neuron is z = −6. About how large is its derivative "
    "there? Read it off the figure.",
    options=(
        Option("−1", "The curve of the sigmoid never falls: its derivative is never negative."),
        Option("0", "Far out the curve is flat. On both sides: the neuron is saturated."),
        Option("0.25", "That is the derivative in the middle, at z = 0, where it is largest."),
        Option("1", "That is the derivative of ReLU where z is positive."),
    ),
    answer=min(range(len(_SLOPES)), key=lambda i: abs(_SLOPES[i] - _sigmoid_slope(_FAR_OUT))),
    solution="S(−6) is about 0.0025, so S(−6) · (1 − S(−6)) is about 0.0025 as well: as good as 0.",
)


# Loss --------------------------------------------------------------------------------------------

_XS, _YS, _THETA = (1, 2, 3), (2, 4, 5), 1
_ERRORS = [y - _THETA * x for x, y in zip(_XS, _YS, strict=True)]

MSE = Number(
    id="neural_networks/mse",
    title="How wrong is it?",
    level="apply it",
    prompt="Three cases: x = 1, 2, 3 with the targets y = 2, 4, 5. The neuron says ŷ = θ · x with "
    "θ = 1. What is its mean squared error?",
    answer=sum(error**2 for error in _ERRORS) / 3,
    tolerance=0.001,
    mistakes=(
        Mistake(
            sum(error**2 for error in _ERRORS),
            "That is the sum of the squares. The mean divides it by the number of cases.",
        ),
        Mistake(
            round(sum(_ERRORS) / 3, 6),
            "That is the mean of the errors. Square each of them first.",
        ),
        Mistake(
            (sum(_ERRORS) / 3) ** 2,
            "You squared the mean. Square each error first, then take the mean.",
        ),
        Mistake(
            sum(error**2 for error in _ERRORS) / 2,
            "You divided by 2. There are three cases.",
        ),
        Mistake(
            round(math.sqrt(sum(error**2 for error in _ERRORS) / 3), 6),
            "That is the root of it. The loss of the slide takes no root.",
        ),
        Mistake(
            round(sum((y - 2 * x) ** 2 for x, y in zip(_XS, _YS, strict=True)) / 3, 6),
            "That is the loss for θ = 2, from the text. Here θ is 1.",
        ),
    ),
    hint="Target minus output for each case, square it, take the mean of the three.",
    solution="The outputs are 1, 2, 3, the errors 2 − 1 = 1, 4 − 2 = 2 and 5 − 3 = 2. Their "
    "squares add up to 1 + 4 + 4 = 9, and 9/3 = 3.",
)


# Downhill ----------------------------------------------------------------------------------------


def _walk(start: float, factor: float, steps: int) -> float:
    """Go `steps` times from theta to theta + factor * (2 theta), the derivative of theta ** 2."""
    for _ in range(steps):
        start += factor * 2 * start
    return start


PLUS_SIGN = Number(
    id="neural_networks/plus-sign",
    title="Follow the formula of the slide",
    level="apply it",
    prompt="The loss is L = θ², so its derivative is 2θ. You start at θ = 1 and replace θ by "
    "θ + 2θ, as the slide writes it, two times. Where are you?",
    answer=_walk(1, 1, 2),
    tolerance=0.001,
    mistakes=(
        Mistake(_walk(1, 1, 1), "That is after one step. Take another, with the derivative there."),
        Mistake(
            1 + 2 * 2,
            "You took the derivative at the start twice. It is 2θ, so it changes when θ does.",
        ),
        Mistake(
            _walk(1, -1, 2),
            "You subtracted, two times. Do what the slide says first, then judge it.",
        ),
        Mistake(
            _walk(1, -1, 1),
            "You subtracted, one time. Do what the slide says first, two times, then judge it.",
        ),
        Mistake(_walk(1, 1, 3), "That is after three steps."),
        Mistake(_walk(1, 1, 2) ** 2, "That is the loss there. Where is θ?"),
    ),
    hint="First step: 1 + 2 · 1. What is the derivative where you are now?",
    solution="1 + 2 · 1 = 3, then 3 + 2 · 3 = 9. The loss went from 1 to 9 to 81: away from the "
    "valley.",
)

_CURVATURE = 2 * 3  # second derivative of 3 theta ** 2

LARGEST_RATE = Number(
    id="neural_networks/largest-rate",
    title="How fast is too fast?",
    level="apply it",
    prompt="Now L = 3θ², so the derivative is 6θ. Below which learning rate η does gradient "
    "descent reach the valley? Two digits are enough.",
    answer=2 / _CURVATURE,
    tolerance=0.004,
    mistakes=(
        Mistake(1, "That is the limit for L = θ². This parabola is three times as steep."),
        Mistake(
            1 / _CURVATURE,
            "With this η you land in the valley in one step. You may go faster and still arrive.",
        ),
        Mistake(3, "The steeper the parabola, the smaller the steps must be."),
        Mistake(2 / 3, "The derivative of 3θ² is 6θ: the 2 comes down from the exponent."),
    ),
    hint="One step takes θ to (1 − 6η) · θ. Which factors shrink a number?",
    solution="One step takes θ to θ − η · 6θ = (1 − 6η) · θ. It shrinks if the factor lies between "
    "−1 and 1: 1 − 6η > −1 gives η < 2/6 ≈ 0.333.",
)

_STEP_LINES = (
    "def my_gradient_step(theta, gradient, rate):",
    "    stepped = []",
    "    for value, slope in zip(theta, gradient):",
    "        value = value - rate * slope",
    "        stepped.append(value)",
    "    return stepped",
)


def _draw_step(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    count = rng.randint(1, 4)
    theta, gradient = ([rng.randint(-9, 9) for _ in range(count)] for _ in range(2))
    return (theta, gradient, rng.choice((0.1, 0.25, 0.5))), {}


def _each(change: Callable[[float, float, float], float]) -> Callable[..., Vector]:
    def step(theta: Sequence[float], gradient: Sequence[float], rate: float) -> Vector:
        return [change(value, slope, rate) for value, slope in zip(theta, gradient, strict=True)]

    return step


CODE_GRADIENT_STEP = Code(
    id="neural_networks/code-gradient-step",
    title="Write a step downhill",
    level="build it",
    prompt="Write `my_gradient_step`. It gets the weights as a list, the derivative of the loss "
    "with respect to each of them as a list of the same length, and the learning rate. It returns "
    "the list of new weights.",
    function="my_gradient_step",
    stub="def my_gradient_step(theta, gradient, rate):\n    raise NotImplementedError",
    reference=_each(lambda value, slope, rate: value - rate * slope),
    draw=_draw_step,
    mistakes=(
        Mistake(
            _each(lambda value, slope, rate: value + rate * slope),
            "Your weights climb. Downhill is minus.",
        ),
        Mistake(
            _each(lambda value, slope, rate: value - slope),
            "The learning rate changes nothing in your function.",
        ),
        Mistake(
            _each(lambda value, slope, rate: -rate * slope),
            "That is the step alone. Add it to where you were.",
        ),
        Mistake(
            _each(lambda value, slope, rate: rate * (value - slope)),
            "You multiplied the weight by the learning rate, too. Only the derivative is scaled.",
        ),
        Mistake(
            _each(lambda value, slope, rate: value - rate * math.copysign(1, slope)),
            "You used the sign of the derivative. Its size counts as well.",
        ),
    ),
    hint="New weight = weight − rate · derivative, for each of them.",
    lines=_STEP_LINES,
    solution=_fence(_STEP_LINES),
)


# The perceptron ----------------------------------------------------------------------------------

_PERCEPTRON_LINES = (
    "def my_perceptron_step(weights, x, target, rate):",
    "    total = 0",
    "    for weight, value in zip(weights, x):",
    "        total = total + weight * value",
    "    output = 1 if total > 0 else 0",
    "    step = rate * (target - output)",
    "    return [weight + step * value for weight, value in zip(weights, x)]",
)


def _draw_perceptron(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    weights = [rng.randint(-3, 3) for _ in range(3)]
    x = [rng.randint(-2, 2), rng.randint(-2, 2), 1]
    return (weights, x, rng.randint(0, 1), rng.choice((0.5, 1))), {}


def _perceptron(
    change: Callable[[float, float, float, float], float] = lambda w, x, error, rate: (
        w + rate * error * x
    ),
    output: Callable[[float], float] = lambda total: float(total > 0),
    summed: slice = slice(None),
) -> Callable[..., Vector]:
    def step(weights: Sequence[float], x: Sequence[float], target: float, rate: float) -> Vector:
        error = target - output(_weighted_sum(weights[summed], x[summed]))
        return [
            change(weight, value, error, rate) for weight, value in zip(weights, x, strict=True)
        ]

    return step


CODE_PERCEPTRON_STEP = Code(
    id="neural_networks/code-perceptron-step",
    title="Write the perceptron's rule",
    level="build it",
    prompt="Write `my_perceptron_step`. It gets the list of weights, one input `x` (its last entry "
    "is always 1, so the last weight is the bias), the target 0 or 1 and the learning rate. It "
    "returns the list of new weights. The output is 1 where the weighted sum is above 0, else 0.",
    function="my_perceptron_step",
    stub="def my_perceptron_step(weights, x, target, rate):\n    raise NotImplementedError",
    reference=_perceptron(),
    draw=_draw_perceptron,
    mistakes=(
        Mistake(
            _perceptron(lambda w, x, error, rate: w - rate * error * x),
            "Your sign is wrong: where the target is 1 and the output 0, the sum must grow.",
        ),
        Mistake(
            _perceptron(lambda w, x, error, rate: w + error * x),
            "The learning rate changes nothing in your function.",
        ),
        Mistake(
            _perceptron(lambda w, x, error, rate: w + rate * error),
            "Every weight changes by the same amount in your function. It must be multiplied by "
            "its own input.",
        ),
        Mistake(
            _perceptron(output=lambda total: float(total >= 0)),
            "Where the sum is exactly 0 the output is 0: use `>`, not `>=`, and add nothing to the "
            "sum. The bias is in it already.",
        ),
        Mistake(
            _perceptron(output=lambda total: 1.0 if total > 0 else -1.0),
            "Where the sum is not above 0 the output is 0 here, not −1.",
        ),
        Mistake(
            _perceptron(summed=slice(-1)),
            "The last weight is missing in your sum. It is the bias, and its input is 1.",
        ),
        Mistake(
            _perceptron(output=lambda total: total),
            "You compared the target with the weighted sum. The step comes between them: the "
            "output is 0 or 1.",
        ),
        Mistake(
            _perceptron(lambda w, x, error, rate: w + rate * abs(error) * x),
            "Your weights only ever grow with the input. If the output is 1 and the target 0, "
            "they must move the other way.",
        ),
    ),
    hint="Compute the output (0 or 1), then weight + rate · (target − output) · input.",
    lines=_PERCEPTRON_LINES,
    precedences=tuple(Before(i, i + 1) for i in range(6)),
    solution=_fence(_PERCEPTRON_LINES)
    + "\n\nWhere the output is right, the step is 0 and nothing changes.",
)


# A hidden layer ----------------------------------------------------------------------------------

_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


def _hidden(x1: float, x2: float, bend: Callable[[float], float] = _relu) -> Vector:
    first, second = bend(x1 + x2), bend(x1 + x2 - 1)
    return [first, second, first - 2 * second]


_BY_HAND = [_hidden(*corner) for corner in _CORNERS]

XOR_BY_HAND = Matrix(
    id="neural_networks/xor-by-hand",
    title="A network for XOR, by hand",
    level="apply it",
    prompt="Two hidden neurons read x₁ and x₂: h₁ = ReLU(x₁ + x₂) and h₂ = ReLU(x₁ + x₂ − 1). The "
    "output is y = h₁ − 2h₂. Fill in one row for each of the inputs (0, 0), (0, 1), (1, 0), "
    "(1, 1), in this order; the columns are h₁, h₂ and y.",
    given={"inputs": [list(corner) for corner in _CORNERS]},
    answer=_BY_HAND,
    mistakes=(
        Mistake(
            [_hidden(*corner, bend=lambda z: z) for corner in _CORNERS],
            "You left out the bend: where x₁ + x₂ − 1 is −1, ReLU makes it 0. Without the bend, y "
            "is a single weighted sum.",
        ),
        Mistake(
            [[h1, h2, h1 - h2] for h1, h2, _ in _BY_HAND],
            "The hidden neurons are right. The output takes h₂ away two times.",
        ),
        Mistake(
            [[h1, h2, h1 + 2 * h2] for h1, h2, _ in _BY_HAND],
            "The hidden neurons are right. The output subtracts 2h₂.",
        ),
        Mistake(
            [_hidden(min(a + b, 1), 0) for a, b in _CORNERS],
            "You read + as *or*. For the input (1, 1) the sum is 2.",
        ),
    ),
    hint="h₁ counts how many inputs are 1. h₂ is above 0 only when both are.",
    solution="h₁ is 0, 1, 1, 2. h₂ is 0, 0, 0, 1. So y = h₁ − 2h₂ is 0, 1, 1, 0: XOR.",
)


# Back-propagation --------------------------------------------------------------------------------

_X, _W, _V, _T = 2.0, 0.5, 3.0, 5.0
_O = _relu(_W * _X)
_OUT_DELTA = _T - _V * _O
_RATE = 0.1

HIDDEN_DELTA = Number(
    id="neural_networks/hidden-delta",
    title="The delta of a hidden unit",
    level="apply it",
    prompt="A chain of two units: the input is 2, the hidden unit has the weight 0.5 and ReLU, the "
    "output unit has the weight 3 and no bend (f′ = 1). There are no biases. The target is 5. What "
    "is the delta of the *hidden* unit?",
    answer=_OUT_DELTA * _V,
    tolerance=0.001,
    mistakes=(
        Mistake(
            _OUT_DELTA,
            "That is the delta of the output unit. It goes back through the weight 3.",
        ),
        Mistake(
            -_OUT_DELTA * _V,
            "The sign is turned: delta is target minus output, not output minus target.",
        ),
        Mistake(
            _OUT_DELTA * _V * _X,
            "That is δ · input, what the weight's step is made of. The delta itself comes before.",
        ),
        Mistake(
            round(_OUT_DELTA * (_V + _RATE * _OUT_DELTA * _O), 6),
            "You changed the output weight first. Both deltas use the weights of the forward pass.",
        ),
        Mistake(
            _OUT_DELTA * _W,
            "You went back through the weight 0.5. It lies below the hidden unit; the delta comes "
            "from above, through the weight 3.",
        ),
        Mistake(
            _T - _O,
            "You compared the hidden unit's output with the target. A hidden unit has no target.",
        ),
    ),
    hint="Forward first: hidden output, then output. Then the output's delta, times the weight "
    "between the two.",
    solution="Forward: the hidden unit gives ReLU(0.5 · 2) = 1, the output unit 3 · 1 = 3. "
    "Backward: δ of the output unit is (5 − 3) · 1 = 2. The hidden unit is on the positive side "
    "of ReLU, so f′ = 1, and its δ is 1 · 2 · 3 = 6.",
)

TRAINING_STEPS = Order(
    id="neural_networks/training-steps",
    title="One round of training",
    level="read it off",
    prompt="Put the steps of one round of back-propagation into an order that works.",
    items=(
        "Compute the outputs of the hidden units.",
        "Compute the outputs of the output units.",
        "Compute the deltas of the output units from the targets.",
        "Send these deltas back through the weights: the deltas of the hidden units.",
        "Change every weight by rate · delta · input.",
    ),
    precedences=(
        Before(0, 1, "The output units read the hidden units: those come first."),
        Before(1, 2, "An output's delta needs the output: target minus output."),
        Before(2, 3, "The hidden deltas are made of the output deltas. That is what goes back."),
        Before(
            3, 4, "Keep the weights until all deltas are known: the deltas travel through them."
        ),
    ),
    solution="Forward through the hidden units and the output units, backward through the deltas, "
    "and only then the step of all weights.",
)


# S and C cells -----------------------------------------------------------------------------------

_FIELD = 7

C_CELL = Number(
    id="neural_networks/c-cell",
    title="How much shift a C cell forgives",
    level="apply it",
    prompt="A C cell reads the 7 × 7 S cells around its place and takes the largest answer. The "
    "pattern lies exactly at its place. How many pixels may the pattern move to the right at most, "
    "so that the C cell still answers?",
    answer=(_FIELD - 1) // 2,
    mistakes=(
        Mistake(
            _FIELD,
            "The 7 columns lie on both sides of its place. How many are on the right of it?",
        ),
        Mistake(_FIELD - 1, "6 columns are left beside the middle one, on two sides."),
        Mistake((_FIELD + 1) // 2, "One too far: the middle column itself is a shift of 0."),
        Mistake(_FIELD / 2, "Pixels are whole. The middle column belongs to neither side."),
        Mistake(0, "That is an S cell: it answers at one place only."),
        Mistake(2, "That is right for 5 × 5 S cells, those of the chapter. Here it is 7 × 7."),
    ),
    hint="Draw seven cells and mark the middle one.",
    solution="Three columns lie to the right of the middle one: (7 − 1)/2 = 3. A shift of 3 still "
    "finds an S cell that answers, a shift of 4 does not.",
)


# Real data ---------------------------------------------------------------------------------------

TRAINING_STATISTICS = OneChoice(
    id="neural_networks/training-statistics",
    title="Whose mean?",
    level="apply it",
    prompt="Each feature is brought to mean 0 and standard deviation 1. Over which cases do you "
    "take this mean and this standard deviation?",
    options=(
        Option(
            "over all cases",
            "Then the test cases have a say in what the network is trained on. The test is meant "
            "to be a stranger.",
        ),
        Option(
            "over the training cases, for both parts",
            "The test cases are treated as a patient of tomorrow: by what is known today.",
        ),
        Option(
            "over each part for itself",
            "Then one and the same case gets other numbers in another company, and for a single "
            "patient there is no standard deviation at all.",
        ),
        Option(
            "over the test cases, for both parts",
            "At training time you do not have them.",
        ),
    ),
    answer=1,
    solution="Mean and standard deviation are learned from data, as weights are. So they come from "
    "the training cases alone, and the test cases are scaled with them.",
)


EXERCISES: tuple[Exercise, ...] = (
    ONE_NEURON,
    SLOPE,
    MSE,
    PLUS_SIGN,
    LARGEST_RATE,
    CODE_GRADIENT_STEP,
    CODE_PERCEPTRON_STEP,
    XOR_BY_HAND,
    HIDDEN_DELTA,
    TRAINING_STEPS,
    C_CELL,
    TRAINING_STATISTICS,
)
