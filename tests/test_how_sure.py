"""The chapter How sure are you?: its exercises, its figures, the record of real leaks."""

import importlib.util
import os
from math import comb, sqrt
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.stats import binom, binomtest, norm

from course_lib.data.labeled import read_record
from course_lib.exercises import find
from course_lib.exercises import how_sure as exercises
from course_lib.metrics import Interval, delong_interval, exact_interval, wilson_interval
from course_lib.plotting import how_sure as drawing

matplotlib.use("Agg")

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("COURSE_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


# --- exercises


def test_thirty_of_thirty_is_the_exact_interval():
    low = find("how_sure/all-found").answer
    assert low == pytest.approx(exact_interval(30, 30).low)
    assert low == pytest.approx(binomtest(30, 30).proportion_ci(0.95, "exact").low)
    assert binom.pmf(30, 30, low) == pytest.approx(0.025)


def test_a_third_of_the_width_takes_nine_times_the_patients():
    exercise = find("how_sure/quadruple")
    labels, scores = torch.arange(100) % 2, torch.linspace(0, 3, 100).sin()
    one = delong_interval(labels, scores)
    nine = delong_interval(labels.repeat(9), scores.repeat(9))
    assert (one.high - one.low) / (nine.high - nine.low) == pytest.approx(3, abs=0.05)
    assert exercise.answer == 150 * 9


def test_films_are_worth_what_the_variance_of_their_mean_says():
    covariance = 0.6 * np.ones((5, 5)) + 0.4 * np.eye(5)
    of_a_patient = np.ones(5) @ covariance @ np.ones(5) / 25
    assert find("how_sure/films").answer == pytest.approx(80 / of_a_patient)


def test_fourteen_labels_by_counting():
    none = binom.pmf(0, 14, 0.05)
    assert find("how_sure/at-least-one").answer == pytest.approx(1 - none)


def test_shared_patients_are_those_that_the_library_refuses():
    from course_lib.data.splits import PatientOverlapError, refuse_overlap

    who, train, test = [3, 1, 3, 2, 2, 5], [0, 1, 3], [2, 4, 5]
    with pytest.raises(PatientOverlapError) as caught:
        refuse_overlap(who, {"train": train, "test": test})
    assert exercises.shared_patients(who, train, test) == sorted(caught.value.patients)


# --- what the chapter says


def test_the_plain_recipe_breaks_its_promise_near_one():
    def plain(k, n):
        half = norm.ppf(0.975) * sqrt(k / n * (1 - k / n) / n)
        return k / n - half, k / n + half

    def coverage(recipe, p, n=50):
        hits = (k for k in range(n + 1) if recipe(k, n)[-2] <= p <= recipe(k, n)[-1])
        return sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in hits)

    assert coverage(plain, 0.99) < 0.45
    assert coverage(wilson_interval, 0.99) > 0.9
    assert coverage(exact_interval, 0.99) > 0.95
    assert coverage(wilson_interval, 0.8) == pytest.approx(0.95, abs=0.005)


# --- figures


def test_studies_that_miss_are_counted_and_marked():
    ends = [Interval(0.5, 0.4, 0.6), Interval(0.7, 0.65, 0.8), Interval(0.3, 0.2, 0.4)]
    one = drawing.show_studies({"AUC": ends}, truth=0.55).axes[0]
    assert [text.get_text() for text in one.texts] == ["2 of 3 miss"]
    assert [line.get_marker() for line in one.lines[1:6:2]] == ["o", "s", "s"]
    assert one.lines[2].get_ydata().tolist() == [0.65, 0.8]
    two = drawing.show_studies({"a": ends, "b": ends[:1]}, truth=0.55)
    assert [ax.get_title() for ax in two.axes] == ["a: 2 of 3 miss", "b: 0 of 1 miss"]


def test_coverage_is_drawn_as_given():
    ax = drawing.show_coverage([0.5, 0.9], {"a": [0.9, 0.8], "b": [1, 1]}, promised=0.95).axes[0]
    assert ax.lines[0].get_xydata().tolist() == [[0.5, 0.9], [0.9, 0.8]]
    assert ax.lines[2].get_ydata()[0] == 0.95


def test_a_pair_and_its_difference_share_a_scale():
    models = {"a": Interval(0.8, 0.7, 0.9), "b": Interval(0.7, 0.6, 0.8)}
    left, right = drawing.show_pair(models, Interval(0.1, 0.02, 0.18)).axes
    assert np.diff(left.get_ylim()) == pytest.approx(np.diff(right.get_ylim()))
    ends = left.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert ends.tolist() == pytest.approx([0.7, 0.9])
    assert right.get_ylim()[0] < 0 < right.get_ylim()[1]


def test_a_forest_lists_all_and_a_leak_shows_each_run():
    ax = drawing.show_forest({"x": Interval(0.8, 0.7, 0.9), "all": Interval(0.7, 0.6, 0.8)},
                             xlabel="AUC").axes[0]  # fmt: skip
    assert [line.get_xdata()[0] for line in ax.lines] == [0.7, 0.8, 0.6, 0.7]
    runs = {"a": [[0.9, 0.6], [0.8, 0.7]], "b": [[0.5, 0.5]]}
    ax = drawing.show_leak(runs, ["by film", "by patient"]).axes[0]
    assert [list(line.get_ydata()) for line in ax.lines[:3]] == [[0.9, 0.6], [0.8, 0.7], [0.5, 0.5]]
    films = torch.rand(2, 3, 4, 4).numpy()
    assert len(drawing.show_films(films).axes) == 6


# --- the record


def test_the_record_of_real_leaks_is_made_again():
    record = read_record("real_leaks")
    assert record["nih1000"]["patients_in_several"] == 30
    assert sum(record["nih1000"]["by_splits"].values()) == 30
    assert record["pneumoniamnist"]["duplicates"]["train and val"] == 8
    assert {"command", "device", "torch"} <= set(record["made_by"])
    if not (DATA / "nih1000").is_dir() or not (DATA / "medmnist").is_dir():
        pytest.skip("the 1,000 NIH films or PneumoniaMNIST are not here")
    spec = importlib.util.spec_from_file_location("leaks", ROOT / "benchmarks" / "find_leaks.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.nih(DATA / "nih1000") == record["nih1000"]
    assert script.pneumonia(DATA / "medmnist" / "pneumoniamnist.npz") == record["pneumoniamnist"]
