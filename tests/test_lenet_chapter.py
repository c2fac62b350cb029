"""The chapter LeNet-5: its figures, its exercises against the network, and its recorded runs."""

import importlib.util
from collections import Counter
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.arithmetic import count_parameters
from course_lib.data.digits import digits
from course_lib.data.labeled import read_record
from course_lib.exercises import find
from course_lib.models import lenet5, lenet5_connections
from course_lib.models.lenet import C3_INPUTS, digit_codes
from course_lib.plotting import lenet as drawing

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[1] / "benchmarks" / "compare_lenet.py"
    spec = importlib.util.spec_from_file_location("compare_lenet", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_answers_are_those_of_the_network():
    net = lenet5()
    for name in ("c1", "s2", "c3"):
        assert find(f"lenet/{name}").answer == count_parameters(getattr(net, name))
    assert find("lenet/connections").answer == lenet5_connections(net)["c1"]
    assert find("lenet/kernels").answer == len(net.c3.weight)
    upto = [name for name, _ in net.named_children()].index("c5") + 1
    with torch.no_grad():
        assert net[:upto](torch.zeros(1, 1, 48, 48)).shape[2] == find("lenet/c5-size").answer
    assert [m.answer for m in find("lenet/c3").mistakes][:3] == [2416, 1500, 1560]


def test_a_shift_of_four_pixels_is_one_place_of_s4():
    """What the exercise "Four pixels to the right" says; away from the border it is exact."""
    net, image = lenet5(), torch.zeros(1, 1, 32, 32)
    image[..., 8:20, 12:16] = torch.rand(12, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        here, there = (net[:8](x) for x in (image, image.roll(4, dims=3)))
    torch.testing.assert_close(here[..., :-1], there[..., 1:])
    assert not torch.allclose(here, there)


def test_pictures_stand_in_blocks():
    image, code = torch.rand(7, 4, 4), torch.ones(7, 3, 2) * -1
    figure = drawing.show_rows(
        {"image": image, "code": code}, columns=3, titles=[str(n) for n in range(7)]
    )
    grid = np.array(figure.axes).reshape(6, 3)
    assert [ax.get_title() for ax in grid[::2].flat] == [*"0123456", "", ""]
    assert [ax.get_ylabel() for ax in grid[:, 0]] == ["image", "code"] * 3
    assert np.array_equal(grid[2, 1].images[0].get_array(), image[4].numpy())
    assert not grid[5, 1].images
    assert grid[0, 0].images[0].get_clim() == (0, 1)
    assert grid[1, 0].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("rows", "titles", "message"),
    [
        ({}, None, "`rows` must have one number of pictures, at least 1"),
        ({"a": torch.zeros(2, 3, 3), "b": torch.zeros(3, 3, 3)}, None, "`rows` must have one"),
        ({"a": torch.zeros(0, 3, 3)}, None, "`rows` must have one number"),
        ({"a": torch.zeros(2, 3, 3)}, ["x"], "`titles` must be 2, one for each column, got 1"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(rows, titles, message):
    with pytest.raises(ValueError, match=message):
        drawing.show_rows(rows, titles=titles)


def test_the_table_is_drawn_and_counted():
    squares = drawing.show_table(C3_INPUTS).axes[0].patches
    middles = {(round(s.get_x() + 0.44), round(s.get_y() + 0.44)) for s in squares}
    assert middles == {(c, r) for c, maps in enumerate(C3_INPUTS) for r in maps}
    assert sorted(Counter(s.get_facecolor() for s in squares).values()) == [6, 12, 18, 24]
    texts = [t.get_text() for t in drawing.show_table(C3_INPUTS, counts=True).axes[0].texts]
    assert texts == ["3"] * 6 + ["4"] * 9 + ["6"] + ["10"] * 6 + ["60"]


def test_curves_show_what_they_are_given():
    squash = drawing.show_squashing().axes[0].lines[0]
    assert np.interp(1, *squash.get_data()) == pytest.approx(1, abs=0.01)
    ax = drawing.show_shifts([-1, 1], {"a": [[0.5, 0.7], [0.7, 0.9]], "b": [[0.1, 0.2]]}).axes[0]
    assert [line.get_ydata().tolist() for line in ax.lines] == [
        pytest.approx([60, 80]), pytest.approx([10, 20]),
    ]  # fmt: skip
    ax = drawing.show_runs({"a": [4, 5], "b": [6]}, 9).axes[0]
    assert [list(line.get_xdata()) for line in ax.lines] == [[4, 5], [6]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_first_layer_has_one_scale_a_row():
    rows = [torch.randn(6, n, n, generator=torch.Generator().manual_seed(n)) for n in (5, 28, 14)]
    figure = drawing.show_first_layer(*rows)
    for row, pictures in zip(np.array(figure.axes).reshape(3, 6), rows, strict=True):
        high = pictures.abs().max().item()
        for ax in row:
            assert ax.images[0].get_clim() == pytest.approx((-high, high))


def test_the_record_holds_what_the_chapter_says(script):
    record = read_record("lenet")
    by_network = {name: [] for name in script.NETWORKS}
    for run in record["runs"]:
        assert run["moved"][record["shifts"].index(0)] == run["right"]
        by_network[run["network"]].append(run)
    for name, (make, _) in script.NETWORKS.items():
        assert [run["seed"] for run in by_network[name]] == list(range(5))
        assert count_parameters(make()) == record["parameters"][name]
        counts = {rate: sum(c) for rate, c in record["validation"]["right"][name].items()}
        assert counts[str(record["rates"][name])] == max(counts.values())
        assert all(run["sure"] / 405 > run["right"] / 450 + 0.015 for run in by_network[name])


def test_a_part_of_the_record_is_made_again(script):
    record = read_record("lenet")
    wanted = next(run for run in record["runs"] if run["network"] == "no kernels")
    with torch.random.fork_rng():
        again = script.run("no kernels", wanted["seed"], record["rates"]["no kernels"])
    for key in ("right", "sure"):
        assert abs(again[key] - wanted[key]) < 8
    assert max(abs(a - b) for a, b in zip(again["moved"], wanted["moved"], strict=True)) < 25


def test_moving_and_being_sure_are_counted_right(script):
    """Against a loop over pixels, and a sorted list."""
    data = digits(8)
    images, labels = data.test_images[:40], data.test_labels[:40]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    for shift in (-2, 0, 3):
        right = 0
        for image, label in zip(images[:, 0], labels, strict=True):
            moved = torch.zeros(8, 8)
            for column in range(8):
                if 0 <= column - shift < 8:
                    moved[:, column] = image[:, column - shift]
            right += int(net(moved[None]).argmax() == label)
        assert script.count_right(net, images, labels, shift) == right
    scores = net(images).softmax(1).tolist()
    order = sorted(range(40), key=lambda n: -max(scores[n]))[:36]
    wanted = sum(scores[n].index(max(scores[n])) == labels[n] for n in order)
    assert script.count_sure("today", net, images, labels) == wanted


def test_codes_differ_by_seven_pixels_at_least():
    codes = digit_codes().flatten(1)
    differ = [(a != b).sum().item() for n, a in enumerate(codes) for b in codes[:n]]
    assert min(differ) >= 7
