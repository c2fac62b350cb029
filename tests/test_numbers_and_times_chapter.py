"""The chapter When the answer is a number or a time: slides, data, exercises, figures."""

import math
from itertools import combinations, pairwise

import lifelines
import lifelines.datasets
import lifelines.statistics
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from lifelines.utils import concordance_index as their_concordance

from course_lib.data import simulated
from course_lib.data.heart_transplants import heart_transplants
from course_lib.exercises import find
from course_lib.exercises import numbers_and_times as exercises
from course_lib.losses import cox_loss
from course_lib.metrics import (
    AgeBiasCorrection,
    bland_altman_limits,
    concordance_index,
    kaplan_meier,
    logrank_test,
    mean_absolute_error,
    pearson_correlation,
    r2_score,
)
from course_lib.plotting import numbers_and_times as drawing

matplotlib.use("Agg")

UNCORRECTED = {  # MAE in years and R² as printed
    "L075": (2.64, 0.77),
    "L078 mean of all": (2.66, 0.78),
    "L078 mean of selected": (2.28, 0.83),
    "L078 regression of all": (2.13, 0.85),
    "L078 regression of selected": (2.16, 0.85),
}
CORRECTED = {"L075": ((2.64, 0.77), (2.43, 0.80)), "L079": ((2.13, 0.85), (1.96, 0.87))}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def hearts():
    return heart_transplants()


# The slides --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNCORRECTED)
def test_the_slides_mae_and_r2_fit_one_spread_of_ages(name):
    mae, r2 = UNCORRECTED[name]
    spread = mae / math.sqrt(2 / math.pi) / math.sqrt(1 - r2)
    assert 6.85 < spread < 7.15
    random = np.random.default_rng(0)  # the same by drawing people
    age = spread * random.standard_normal(200_000)
    predicted = age + spread * math.sqrt(1 - r2) * random.standard_normal(200_000)
    assert mean_absolute_error(age, predicted) == pytest.approx(mae, rel=0.01)
    assert r2_score(age, predicted) == pytest.approx(r2, abs=0.005)


@pytest.mark.parametrize("name", CORRECTED)
def test_what_a_correction_has_gained_on_the_slides(name):
    (mae, r2), (mae_after, r2_after) = CORRECTED[name]
    assert mae_after / mae == pytest.approx(0.920, abs=0.0006)
    assert math.sqrt(1 - (mae_after / mae) ** 2) == pytest.approx(0.39, abs=0.002)
    assert math.sqrt(1 - (1 - r2_after) / (1 - r2)) == pytest.approx(0.36, abs=0.006)


def test_where_it_is_fitted_the_error_falls_by_1_less_r_squared():
    age, look = (column.numpy() for column in simulated.brain_ages(300, seed=5))
    error = 0.7 * look + 20 - age
    alpha, beta = np.polyfit(age, error, 1)
    r = pearson_correlation(age, error)
    left = np.var(error - (alpha * age + beta)) / np.var(error)
    assert left == pytest.approx(1 - r**2)


def test_both_forms_hold_the_same_information():
    age, look = simulated.brain_ages(200, seed=1)
    other, other_look = simulated.brain_ages(200, seed=2)
    said, other_said = 0.75 * look + 15, 0.75 * other_look + 15
    a, b = np.polyfit(age.numpy(), said.numpy(), 1)
    cole = AgeBiasCorrection("cole").fit(age, said).apply(other, other_said)
    slide = AgeBiasCorrection("beheshti").fit(age, said).apply(other, other_said)
    torch.testing.assert_close(cole, (other_said - b) / a)
    torch.testing.assert_close(slide - other, a * (cole - other))


@pytest.mark.parametrize("seed", range(5))
def test_one_form_makes_the_mae_worse_the_other_better(seed):
    best = 49 / (49 + 3.8**2)  # as in the chapter: the line of least squares
    rule = {"mean": 72, "extra": 3}
    held_out, healthy, ill = (
        (age, 64 + best * (look - 64))
        for age, look in (
            simulated.brain_ages(1000, seed=10 * seed + n, **(rule if n == 2 else {}))
            for n in range(3)
        )
    )
    slide = AgeBiasCorrection("beheshti").fit(*held_out).apply(*healthy)
    form = AgeBiasCorrection("cole").fit(*held_out)
    by_mae = [mean_absolute_error(healthy[0], x) for x in (slide, healthy[1], form.apply(*healthy))]
    assert by_mae == sorted(by_mae)
    assert (form.apply(*ill) - ill[0]).mean().item() == pytest.approx(3, abs=0.6)
    assert (ill[1] - ill[0]).mean() < 1


# Simulated people --------------------------------------------------------------------------------


def test_simulated_brains_are_as_said():
    age, look = simulated.brain_ages(100_000, seed=3, mean=70, extra=2)
    assert (age.mean().item(), age.std().item()) == pytest.approx((70, 7), abs=0.1)
    gap = look - age
    assert (gap.mean().item(), gap.std().item()) == pytest.approx((2, 3.8), abs=0.05)
    torch.testing.assert_close(age[:5], simulated.brain_ages(100_000, seed=3, mean=70)[0][:5])


def test_half_of_the_simulated_patients_live_a_year():
    time, died = simulated.censored_times(100_000, seed=0)
    curve = kaplan_meier(time, died)
    for years in (0.5, 1, 1.5):
        left = curve.survival[curve.time <= years][-1].item()
        assert left == pytest.approx(2**-years, abs=0.01)
    dropped = (time[died] > 1).double().mean().item()  # wrong, with many people as well
    seen = 1 - (1 - 2**-2) / (2 * math.log(2))
    assert died.double().mean().item() == pytest.approx(seen, abs=0.01)
    assert dropped == pytest.approx(_seen_after_a_year() / seen, abs=0.01)
    assert (time > 1).double().mean().item() == pytest.approx(0.25, abs=0.01)


def _seen_after_a_year():
    """P(1 < death < end), the end uniform in (0, 2), by a sum."""
    t = 1 + (np.arange(10_000) + 0.5) / 10_000
    return float((math.log(2) * 2**-t * (2 - t) / 2).mean())


def test_useless_transplants_do_nothing():
    dies, heart = simulated.useless_transplants(100_000, seed=0)
    assert dies.median().item() == pytest.approx(100, rel=0.02)
    assert heart.mean().item() == pytest.approx(40, rel=0.02)
    alive = dies > 30
    had = heart[alive] <= 30
    left = dies[alive] - 30  # a hazard that stays the same has no memory
    assert left[had].mean().item() == pytest.approx(left[~had].mean().item(), rel=0.03)
    got = heart < dies
    assert dies[got].mean() > 2 * dies[~got].mean()


# Hearts ------------------------------------------------------------------------------------------


def test_one_row_a_patient_is_what_the_intervals_say(hearts):
    table = lifelines.datasets.load_stanford_heart_transplants()
    rows = {}
    for row in table.sample(frac=1, random_state=0).to_dict("records"):
        rows.setdefault(row["id"], []).append(row)
    assert len(rows) == len(hearts.days) == 103
    assert sum(map(len, rows.values())) == 172
    for number, patient in enumerate(rows[id] for id in sorted(rows)):
        stretches = sorted((row["start"], row["stop"]) for row in patient)
        assert all(one[1] == two[0] for one, two in pairwise(stretches))
        seen = sum(stop - start for start, stop in stretches)
        assert hearts.days[number].item() == pytest.approx(seen)
        assert hearts.died[number].item() == any(row["event"] for row in patient)
        after = [row["start"] for row in patient if row["transplant"]]
        assert hearts.transplanted[number].item() == bool(after)
        wait = hearts.wait[number].item()
        assert wait == after[0] if after else math.isnan(wait)
        assert hearts.age[number].item() == pytest.approx(patient[0]["age"] + 48)
        assert hearts.surgery[number].item() == bool(patient[0]["surgery"])
    assert (int(hearts.died.sum()), int(hearts.transplanted.sum())) == (75, 69)
    assert (hearts.days[37].item(), hearts.wait[37].item()) == (5, 4.5)  # died on that day


def test_intervals_that_do_not_join_are_refused(monkeypatch):
    table = lifelines.datasets.load_stanford_heart_transplants()
    broken = table.copy()
    broken.loc[(broken["id"] == 3) & (broken["transplant"] == 1), "start"] = 2.0
    for bad in (broken, pd.concat([table, table.tail(1)])):
        monkeypatch.setattr(
            "lifelines.datasets.load_stanford_heart_transplants", lambda bad=bad: bad
        )
        with pytest.raises(ValueError, match="must give intervals that join"):
            heart_transplants()


def test_curve_and_test_of_the_hearts_are_those_of_lifelines(hearts):
    days, died = hearts.days.numpy(), hearts.died.numpy()
    curve = kaplan_meier(days, died)
    theirs = lifelines.KaplanMeierFitter().fit(days, died)
    wanted = theirs.survival_function_at_times(curve.time.numpy()).to_numpy()
    assert curve.survival.numpy() == pytest.approx(wanted)
    assert curve.median == theirs.median_survival_time_ == 100
    for group in (hearts.surgery.numpy(), hearts.transplanted.numpy()):
        found = logrank_test(days, died, group)
        other = lifelines.statistics.logrank_test(
            days[group], days[~group], died[group], died[~group]
        )
        assert found.p_value == pytest.approx(other.p_value)
    assert found.p_value < 1e-6  # immortal time


def _fit(x, time, event):
    beta = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    for _ in range(100):
        (slope,) = torch.autograd.grad(cox_loss(x @ beta, time, event), beta)
        beta.data -= slope
    return beta.detach()


def test_gradient_descent_finds_the_cox_model_of_lifelines(hearts):
    x = torch.stack([(hearts.age - 48) / 10, hearts.surgery.double()], dim=1)
    beta = _fit(x, hearts.days, hearts.died)
    table = pd.DataFrame(x.numpy()).assign(days=hearts.days.numpy(), died=hearts.died.numpy())
    theirs = lifelines.CoxPHFitter().fit(table, "days", "died")
    assert beta.numpy() == pytest.approx(theirs.params_.to_numpy(), abs=1e-4)
    loss = cox_loss(x @ beta, hearts.days, hearts.died, reduction="sum").item()
    assert loss == pytest.approx(-theirs.log_likelihood_, abs=1e-6)
    c = concordance_index(hearts.days, hearts.died, x @ beta)
    assert c.index == pytest.approx(theirs.concordance_index_)
    three = torch.cat([x, hearts.transplanted.double()[:, None]], dim=1)
    cheat = concordance_index(
        hearts.days, hearts.died, three @ _fit(three, hearts.days, hearts.died)
    )
    assert cheat.index > c.index + 0.08  # as the chapter says: it would rise


# Exercises ---------------------------------------------------------------------------------------


def test_answers_against_the_metrics():
    assert find("numbers_and_times/r2").answer == pytest.approx(r2_score(*exercises.SHIFTED))
    assert pearson_correlation(*exercises.SHIFTED) == pytest.approx(1)
    held_out = torch.tensor([50.0, 60, 90])
    rule = AgeBiasCorrection("beheshti").fit(held_out, held_out * 0.7 + 20)
    corrected = rule.apply([80], [74]).item()
    assert find("numbers_and_times/correct").answer == pytest.approx(corrected, abs=1e-4)
    curve = kaplan_meier(exercises.TIMES, exercises.EVENTS)
    left = curve.survival[curve.time == 10].item()
    assert find("numbers_and_times/km").answer == pytest.approx(left)
    assert find("numbers_and_times/hazard").answer == pytest.approx(math.exp(0.03) ** 20)


def test_the_oldest_tenth_is_predicted_too_young():
    for seed in range(5):
        age, look = simulated.brain_ages(1000, seed=seed)
        slope, start = np.polyfit(look.numpy(), age.numpy(), 1)
        said = start + slope * look
        gap = (said - age)[age >= age.quantile(0.9)].mean().item()
        assert gap < -1
        by_age = np.polyfit(age.numpy(), (said - age).numpy(), 1)[0]
        assert by_age == pytest.approx(r2_score(age, said) - 1)


def test_concordance_of_the_exercise_and_of_the_chapter():
    cohort = [2, 4, 5, 7, 9], [1, 0, 1, 1, 0], [3, 4, 1, 2, 1]
    found = concordance_index(*cohort)
    assert (found.concordant, found.discordant, found.tied_risk) == (4, 2, 1)
    assert exercises.my_concordance(*cohort) == found.index
    time, event, risk = cohort
    assert found.index == their_concordance(time, [-r for r in risk], event)
    known = [event[i] for i, _ in combinations(range(5), 2)]
    assert sum(known) == 7


# Figures -----------------------------------------------------------------------------------------


def test_lines_through_the_points_are_those_of_least_squares():
    age, look = simulated.brain_ages(50, seed=0)
    ax = drawing.show_predicted(age, look).axes[0]
    slope, start = np.polyfit(age.numpy(), look.numpy(), 1)
    x, y = ax.lines[2].get_data()
    assert np.asarray(y) == pytest.approx(slope * np.asarray(x) + start)
    assert ax.lines[1].get_xdata() == pytest.approx(ax.lines[1].get_ydata())
    top, bottom = drawing.show_gaps(age, {"as it is": look, "ten more": look + 10}).axes
    assert bottom.lines[0].get_ydata() - top.lines[0].get_ydata() == pytest.approx(np.full(50, 10))
    assert np.asarray(top.lines[2].get_ydata()) == pytest.approx(
        (slope - 1) * np.asarray(top.lines[2].get_xdata()) + start
    )


def test_limits_of_agreement_are_drawn_where_they_are():
    one, two = simulated.brain_ages(60, seed=0)
    ax = drawing.show_agreement(one, two).axes[0]
    found = bland_altman_limits(one, two)
    heights = [line.get_ydata()[0] for line in ax.lines[1:]]
    assert heights == [found.mean_difference, found.lower_limit, found.upper_limit]
    assert ax.lines[0].get_ydata() == pytest.approx((two - one).numpy())


def test_each_patient_is_a_line_and_the_curve_is_below():
    top, bottom = drawing.show_patients([2, 4, 5], [1, 0, 1]).axes
    ends = [line.get_xdata()[0] for line in top.lines if len(line.get_xdata()) == 1]
    assert ends == [2, 4, 5]
    x, y = bottom.lines[0].get_data()
    assert list(x) == [0, 2, 4, 5]
    assert list(y) == pytest.approx([1, 2 / 3, 2 / 3, 0])
    assert list(bottom.lines[1].get_xdata()) == [4]  # the tick of the censored


def test_survival_starts_at_one_and_steps_after():
    ax = drawing.show_survival(
        {"a": kaplan_meier([1, 2], [1, 1]), "b": kaplan_meier([3], [0])}
    ).axes[0]
    assert ax.lines[0].get_drawstyle() == "steps-post"
    assert [line.get_ydata()[0] for line in (ax.lines[0], ax.lines[2])] == [1, 1]
    assert [line.get_label() for line in (ax.lines[0], ax.lines[2])] == ["a", "b"]
