"""The chapter Neural networks in one sitting: its table, its exercises, its figures."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer

from course_lib.data.tables import breast_cancer
from course_lib.exercises import find
from course_lib.plotting import history, learning

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# Data ---------------------------------------------------------------------------------------------


def test_malignant_is_one():
    features, malignant, names = breast_cancer()
    table = load_breast_cancer()
    assert (features.dtype, malignant.dtype) == (torch.float32, torch.float32)
    assert names == tuple(table.feature_names)
    assert features.numpy() == pytest.approx(table.data)
    for label, target in zip(malignant.tolist(), table.target, strict=True):
        assert table.target_names[target] == ("malignant" if label else "benign")


def test_malignant_nuclei_are_larger():
    features, malignant, names = breast_cancer()
    radius = features[:, names.index("mean radius")]
    assert radius[malignant == 1].mean() > 1.3 * radius[malignant == 0].mean()


# Answers that torch confirms ----------------------------------------------------------------------


def answer(name):
    return find(f"neural_networks/{name}").answer


def test_torch_agrees_with_the_numbers():
    x = torch.tensor([1.0, 2.0])
    assert answer("one-neuron") == torch.relu(x @ torch.tensor([0.5, -1.5]) + 1)
    x, y = torch.tensor([1.0, 2, 3]), torch.tensor([2.0, 4, 5])
    assert answer("mse") == F.mse_loss(x, y)
    inputs = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    first, second = torch.relu(inputs.sum(1)), torch.relu(inputs.sum(1) - 1)
    assert answer("xor-by-hand") == torch.stack([first, second, first - 2 * second], 1).tolist()


def test_autograd_agrees_with_the_hidden_delta():
    net = torch.tensor(2.0 * 0.5, requires_grad=True)  # the hidden unit's weighted sum
    (0.5 * (5 - 3 * torch.relu(net)) ** 2).backward()
    assert answer("hidden-delta") == -net.grad


def descend(rate, plus=False):
    theta = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=rate, maximize=plus)
    for _ in range(200):
        optimizer.zero_grad()
        (3 * theta**2).backward()
        optimizer.step()
    return abs(theta.item())


def test_the_largest_rate_is_a_limit():
    assert descend(0.99 * answer("largest-rate")) < 0.05
    assert descend(1.01 * answer("largest-rate")) > 20


def test_maximizing_is_the_plus_sign():
    theta = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=1.0, maximize=True)
    for _ in range(2):
        optimizer.zero_grad()
        (theta**2).backward()
        optimizer.step()
    assert answer("plus-sign") == theta.item()


def test_the_pooled_cell_forgives_what_the_answer_says():
    width, middle = 31, 15
    for shift in range(8):
        cells = torch.zeros(1, 1, width)
        cells[0, 0, middle + shift] = 1
        pooled = F.max_pool1d(cells, 7, stride=1, padding=3)[0, 0, middle]
        assert bool(pooled) == (shift <= answer("c-cell"))


def test_the_perceptron_step_learns_and():
    step = find("neural_networks/code-perceptron-step").reference
    weights = [0.0, 0.0, 0.0]
    cases = [((0, 0, 1), 0), ((0, 1, 1), 0), ((1, 0, 1), 0), ((1, 1, 1), 1)]
    for _ in range(10):
        for x, target in cases:
            weights = step(weights, x, target, 1)
    for x, target in cases:
        assert (sum(w * v for w, v in zip(weights, x, strict=True)) > 0) == target


# Figures ------------------------------------------------------------------------------------------


def test_the_timeline_is_in_order_and_agrees_with_the_bibliography():
    years = {event.name: event.year for event in history.EVENTS}
    assert list(years.values()) == sorted(years.values())
    entries = (ROOT / "book/references.bib").read_text()

    def year_of(key):
        return int(re.search(rf"@\w+\{{{key},.*?year\s*=\s*\{{(\d+)\}}", entries, re.DOTALL)[1])

    same = {
        "Perceptron": "rosenblatt1958",
        "XOR": "minsky1969",
        "Neocognitron": "fukushima1980",
        "Back-propagation": "rumelhart1985",
        "LeNet": "lecun1989",
        "AlexNet": "krizhevsky2012",
    }
    assert {name: years[name] for name in same} == {k: year_of(v) for k, v in same.items()}
    assert years["GoogLeNet"] == year_of("szegedy2015") - 1  # the competition came first
    assert years["ResNet"] == year_of("he2016") - 1
    assert year_of("rumelhart1986") == years["Back-propagation"] + 1


def test_the_timeline_keeps_its_texts_apart():
    figure = history.show_timeline()
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text() != "+"]
    for i, box in enumerate(boxes):
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_the_minimum_is_marked_where_it_is():
    thetas = torch.linspace(-1, 3, 401)
    figure = learning.show_minimum(thetas, 2 * (thetas - 1.5) ** 2 + 0.25)
    assert [text.get_text() for text in figure.axes[0].texts] == ["min L = 0.25", "argmin L = 1.50"]


def test_the_plane_is_shaded_where_the_score_is_positive():
    points, classes = torch.tensor([[0.0, 0], [2, 2]]), torch.tensor([0.0, 1])
    figure = learning.show_planes([points], [classes], [lambda p: p[:, 0] - 1], ["half"])
    (shade, line) = figure.axes[0].collections
    across = [vertices[:, 0] for path in shade.get_paths() for vertices in [path.vertices]]
    assert min(x.min() for x in across) == pytest.approx(1, abs=0.01)
    assert all(abs(x - 1) < 0.01 for path in line.get_paths() for x in path.vertices[:, 0])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: learning.show_losses({}), "`curves` must be 1 to 4 curves, got 0"),
        (lambda: learning.show_activations(torch.zeros(1), {}), "`curves` must be 1 to 4"),
        (lambda: learning.show_descents(abs, [], []), "`paths` must be"),
        (lambda: learning.show_descents(abs, [[1.0]], []), "`labels` must have one label for each"),
        (lambda: learning.show_planes([], [], [], []), "`points` must be"),
        (
            lambda: learning.show_planes([torch.zeros(2, 2)], [], [None], ["a"]),
            "`targets` must have one tensor for each of the 1 panels, got 0",
        ),
    ],
)
def test_what_a_figure_cannot_draw_is_named(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()


def test_each_way_down_runs_over_the_curve_from_its_square():
    figure = learning.show_descents(lambda theta: theta**2, [[1, -2, 3], [1, 0.5]], ["a", "b"])
    _, way, steps, start = figure.axes[0].lines
    assert way.get_xydata().tolist() == [[1, 1], [-2, 4], [3, 9]]
    assert steps.get_xydata().tolist() == [[-2, 4], [3, 9]]
    assert (start.get_marker(), start.get_xydata().tolist()) == ("s", [[1, 1]])


def test_derivatives_are_drawn_below_their_functions():
    z = torch.linspace(-1, 1, 5)
    above, below = learning.show_activations(z, {"square": (z**2, 2 * z)}).axes
    assert above.lines[0].get_ydata() == pytest.approx((z**2).numpy())
    assert below.lines[0].get_ydata() == pytest.approx((2 * z).numpy())


def test_filled_dots_are_class_one():
    points, classes = torch.tensor([[0.0, 0], [2, 2]]), torch.tensor([0.0, 1])
    rings, filled = learning.show_planes([points], [classes], [None], ["none"]).axes[0].lines
    assert (rings.get_markerfacecolor(), rings.get_xydata().tolist()) == ("none", [[0, 0]])
    assert filled.get_markerfacecolor() != "none"
    assert filled.get_xydata().tolist() == [[2, 2]]


def test_losses_fall_on_a_logarithmic_scale():
    (ax,) = learning.show_losses({"fast": [1, 0.1], "slow": [1, 0.9]}).axes
    assert ax.get_yscale() == "log"
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1, 0.1], [1, 0.9]]
