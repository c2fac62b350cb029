"""The chapter AlexNet: the slide's table, what it says of its records, and its small functions."""

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from course_lib.arithmetic import count_parameters
from course_lib.data.kernels import first_kernels
from course_lib.data.labeled import read_record
from course_lib.exercises.alexnet.network import my_lrn
from course_lib.exercises.alexnet.overfitting import my_dropout
from course_lib.models import alexnet
from course_lib.plotting import alexnet as drawing

ROOT = Path(__file__).parents[1]


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SLIDE = {  # L032, from the input upward: maps, size, kernel, stride
    "C1": (96, 55, 11, 4),
    "S2": (96, 27, 3, 2),
    "C3": (256, 27, 5, 1),
    "S4": (256, 13, 3, 2),
    "C5": (384, 13, 3, 1),
    "C6": (384, 13, 3, 1),
    "C7": (256, 13, 3, 1),
}


def test_the_table_of_the_slide():
    """Every row, at 227 pixels; then the pooling that the slide leaves out (E09)."""
    with torch.device("meta"):
        net, maps = alexnet(variant="paper"), torch.zeros(1, 3, 227, 227)
        rows = []
        for part in net.features:
            maps = part(maps)
            if isinstance(part, nn.Conv2d | nn.MaxPool2d):
                kernel, stride = (
                    n[0] if isinstance(n, tuple) else n for n in (part.kernel_size, part.stride)
                )
                rows.append((maps.shape[1], maps.shape[2], kernel, stride))
    assert rows == [*SLIDE.values(), (256, 6, 3, 2)]
    assert [m.out_features for m in net.classifier if isinstance(m, nn.Linear)] == [
        4096,
        4096,
        1000,
    ]


def test_errata_by_hand():
    """The numbers of E09 and E10 from the table alone, without our network."""
    read = {"C1": 3, "C3": 48, "C5": 256, "C6": 192, "C7": 192}
    convolutions = sum(
        SLIDE[name][0] * (SLIDE[name][2] ** 2 * maps + 1) for name, maps in read.items()
    )
    rest = 4096 * 4097 + 1000 * 4097
    assert convolutions + 4096 * (256 * 36 + 1) + rest == 60_965_224
    assert convolutions + 4096 * (256 * 169 + 1) + rest == 200_425_832
    assert sum(SLIDE[name][0] * SLIDE[name][1] ** 2 for name in read) + 2 * 4096 + 1000 == 659_272
    with torch.device("meta"):
        assert count_parameters(alexnet(variant="paper")) == 60_965_224


def test_exercises_agree_with_torch():
    maps = torch.rand(7, generator=torch.Generator().manual_seed(0)) * 300
    wanted = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)(maps[None, :, None])[0, :, 0]
    torch.testing.assert_close(torch.tensor(my_lrn(maps.tolist())), wanted)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        out = nn.Dropout(0.25)(torch.arange(1.0, 41.0))
    mine = my_dropout(list(range(1, 41)), (out > 0).tolist(), 0.25)
    torch.testing.assert_close(torch.tensor(mine), out)


def test_tanh_was_faster_in_each_recorded_pair():
    record = read_record("alexnet_activations")
    for name in record["goal"]:
        best = {}
        for run in record["runs"]:
            if run["images"] == name:
                steps = [n or 200 for n in run["steps"]]
                best[run["activation"]] = min(best.get(run["activation"], steps), steps, key=sum)
        assert len(best["relu"]) == 5
        assert all(t < r for t, r in zip(best["tanh"], best["relu"], strict=True))


def test_a_run_of_each_script_comes_out_as_recorded():
    runs = read_record("alexnet_activations")["runs"]
    recorded = next(
        r["steps"][0]
        for r in runs
        if (r["images"], r["activation"], r["rate"]) == ("digits", "tanh", 0.1)
    )
    parts = read_record("alexnet_parts")
    pooled = next(r["right"] for r in parts["pooling"]["runs"] if r["kernel"] == 3)
    with torch.random.fork_rng():
        steps = script("compare_activations").steps_to_goal("digits", "tanh", 0.1, 0)
        again = script("compare_dropout")
        dropped = again.dropout_run(100, 0.5, 0)
        right = again.pooling_run(3, 0)["right"]
    assert abs(steps - recorded) <= 10
    was = next(r for r in parts["dropout"]["runs"] if r["share"] == 0.5)
    assert dropped["test_loss"] == pytest.approx(was["test_loss"], rel=0.2)
    assert dropped["train_right"] == 100
    assert abs(right - pooled) < 10


def test_first_kernels_are_of_this_training():
    record = read_record("alexnet_kernels")
    with torch.random.fork_rng():
        _, losses, _ = script("train_first_kernels").train(steps=3)
    assert losses == pytest.approx(record["first_losses"][:3], rel=1e-3)
    kernels = first_kernels()
    assert kernels.abs().amax(dim=(1, 2, 3)).tolist() == [1.0] * 32


def test_kernels_are_laid_out_in_rows():
    kernels = torch.zeros(3, 3, 2, 2)
    kernels[2, 0, 1, 0] = -5
    page = drawing.kernel_pictures(kernels, columns=2)
    assert page.shape == (3, 7, 7)
    assert page[:, 5, 1].tolist() == [0.0, 0.5, 0.5]  # the third one stands below the first
    assert page[:, 0].unique().tolist() == [1.0]


def test_arrows_cross_only_where_towers_meet():
    stages = [("C1", "48", False), ("C3", "128", False), ("C5", "192", True)]
    figure = drawing.show_towers(stages)
    dashed = [t for t in figure.axes[0].texts if getattr(t, "arrow_patch", None)]
    assert sum(t.arrow_patch.get_linestyle() == "--" for t in dashed) == 2
    assert len(dashed) == 6
    plt.close(figure)
