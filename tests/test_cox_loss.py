"""Cox's loss against lifelines' numbers and against sums written from the formulas."""

import gzip
import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.losses import cox_loss

ROSSI = json.loads(
    gzip.decompress((Path(__file__).parent / "golden" / "survival.json.gz").read_bytes())
)
TIES = ("efron", "breslow")


def by_event_times(risk, time, event, ties):
    """Sum over the times of events, patient by patient."""
    total = torch.zeros((), dtype=risk.dtype)
    for now in sorted({t for t, e in zip(time, event, strict=True) if e}):
        at_risk = sum(risk[i].exp() for i in range(len(time)) if time[i] >= now)
        dead = [i for i in range(len(time)) if time[i] == now and event[i]]
        dying = sum(risk[i].exp() for i in dead)
        for turn, i in enumerate(dead):
            gone = turn / len(dead) * dying if ties == "efron" else 0
            total = total + torch.log(at_risk - gone) - risk[i]
    return total


def cohort(seed, n, times=6):
    generator = torch.Generator().manual_seed(seed)
    risk = torch.randn(n, generator=generator, dtype=torch.float64)
    time = torch.randint(1, times, (n,), generator=generator)
    return risk, time, torch.rand(n, generator=generator) < 0.6


def rossi():
    features = torch.tensor(ROSSI["features"], dtype=torch.float64)
    return features, torch.tensor(ROSSI["time"]), torch.tensor(ROSSI["event"])


@pytest.mark.parametrize(
    ("ties", "coefficients", "likelihood", "null"),
    [
        ("efron", None, -658.747659, -675.380632),
        (
            "breslow",
            [-0.379022, -0.057246, 0.31413, -0.151115, -0.432783, -0.084983, 0.091112],
            -659.120606,
            -675.683389,
        ),
    ],
)
def test_rossi(ties, coefficients, likelihood, null):
    features, time, event = rossi()
    beta = torch.tensor(coefficients or ROSSI["coefficients"], dtype=torch.float64)
    beta.requires_grad_()
    loss = cox_loss(features @ beta, time, event, ties=ties, reduction="sum")
    assert loss.item() == pytest.approx(-likelihood, abs=2e-6)
    (slope,) = torch.autograd.grad(loss, beta)  # the optimum of another program is ours
    assert slope.abs().max() < (1e-5 if coefficients is None else 0.01)
    zero = cox_loss(features @ beta.detach() * 0, time, event, ties=ties, reduction="sum")
    assert zero.item() == pytest.approx(-null, abs=1e-6)


@pytest.mark.parametrize("ties", TIES)
def test_known_values(ties):
    zeros = torch.zeros(6, dtype=torch.float64)
    loss = cox_loss(zeros, torch.arange(6), torch.ones(6), ties=ties, reduction="sum")
    assert loss.item() == pytest.approx(math.log(720))
    rows = [(1, 0, 0.7), (1, 1, -0.2), (2, 1, 0.4)]
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]):
        time, event, risk = (torch.tensor(x) for x in zip(*[rows[i] for i in order], strict=True))
        found = cox_loss(risk.double(), time, event, ties=ties, reduction="sum")
        assert found.item() == pytest.approx(1.66425216, abs=1e-7)  # in torchsurv by order of rows


@pytest.mark.parametrize("ties", TIES)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 25), times=st.integers(2, 30))
@settings(deadline=None, max_examples=40)
def test_value_and_gradient_as_by_the_formula(ties, seed, n, times):
    risk, time, event = cohort(seed, n, times)
    risk.requires_grad_()
    found = cox_loss(risk, time, event, ties=ties, reduction="sum")
    wanted = by_event_times(risk, time.tolist(), event.tolist(), ties)
    torch.testing.assert_close(found, wanted)
    slope = torch.autograd.grad(found, risk)[0]
    if event.any():
        torch.testing.assert_close(slope, torch.autograd.grad(wanted, risk)[0])
    else:
        assert found == 0
        assert not slope.any()
    mean = cox_loss(risk, time, event, ties=ties)
    torch.testing.assert_close(mean * event.sum().clamp(min=1), found)


@pytest.mark.parametrize("ties", TIES)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 200))
@settings(deadline=None, max_examples=20)
def test_order_shift_units_and_precision_do_not_matter(ties, seed, n):
    risk, time, event = cohort(seed, n)
    loss = cox_loss(risk, time, event, ties=ties)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    for same in (
        cox_loss(risk[order], time[order], event[order].int(), ties=ties),
        cox_loss(risk + 40, time * 0.5 - 3, event.double(), ties=ties),
    ):
        torch.testing.assert_close(same, loss)
    single = cox_loss(risk.float(), time, event, ties=ties)
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(loss.item(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("ties", TIES)
def test_gradcheck(ties):
    risk, time, event = cohort(3, 12)
    risk.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: cox_loss(x, time, event, ties=ties), risk)
    with pytest.raises(RuntimeError, match="can be differentiated once only"):
        torch.autograd.grad(cox_loss(risk, time, event), risk, create_graph=True)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1, 100, 1e4])
def test_finite_at_large_risks(ties, dtype, scale):
    risk, time, event = cohort(0, 60)
    risk = (risk * scale).to(dtype).requires_grad_()
    loss = cox_loss(risk, time, event, ties=ties)
    loss.backward()
    assert loss.isfinite()
    assert risk.grad.isfinite().all()
    wide = risk.detach().double()
    assert loss.item() == pytest.approx(cox_loss(wide, time, event, ties=ties).item(), rel=1e-4)


@pytest.mark.parametrize("ties", TIES)
def test_extremes(ties):
    risk, time, event = cohort(1, 8)
    assert cox_loss(risk[:1], time[:1], torch.ones(1), ties=ties) == 0
    none = risk.clone().requires_grad_()
    loss = cox_loss(none, time, torch.zeros(8), ties=ties)
    loss.backward()
    assert loss == 0
    assert not none.grad.any()
    assert cox_loss(risk, torch.where(time > 2, torch.nan, time), event, ties=ties).isnan()
    assert cox_loss(risk, time, event * 2, ties=ties).isnan()


def test_breslow_is_never_below_efron():
    for seed in range(5):
        assert cox_loss(*cohort(seed, 40), ties="breslow") > cox_loss(*cohort(seed, 40))


def test_long_single_precision_sums_stay_right():
    """A sum of 200,000 in float32, where small terms could get lost."""
    risk, time, event = cohort(0, 200_000, 400)
    wide, narrow = cox_loss(risk, time, event), cox_loss(risk.float(), time, event)
    assert narrow.item() == pytest.approx(wide.item(), rel=1e-5)


def test_no_value_is_looked_at():
    """On the meta device there are no values: a look would raise, as on a GPU it would wait."""
    risk = torch.zeros(5, device="meta", requires_grad=True)
    for ties in TIES:
        cox_loss(risk, risk.detach(), risk.detach(), ties=ties).backward()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk": torch.zeros(3, 1)}, r"`risk` must have shape \(N,\), got \(3, 1\)"),
        ({"time": torch.zeros(2)}, r"`time` must have shape \(3,\), got \(2,\)"),
        ({"event": torch.zeros(3, 1)}, r"`event` must have shape \(3,\), got \(3, 1\)"),
        ({"risk": torch.zeros(3).int()}, r"`risk` must be floating-point, got torch.int32"),
        ({"risk": [0, 0, 0]}, r"`risk` must be a tensor, got list"),
        ({"time": torch.zeros(3) * 1j}, r"`time` must be real, got torch.complex64"),
        (dict.fromkeys(("risk", "time", "event"), torch.zeros(0)), "`risk` must not be empty"),
        ({"ties": "exact"}, "`ties` must be 'efron' or 'breslow', got 'exact'"),
        ({"reduction": "none"}, "`reduction` must be 'mean' or 'sum', got 'none'"),
    ],
)
def test_refusals(change, message):
    given = {name: torch.zeros(3) for name in ("risk", "time", "event")}
    with pytest.raises(ValueError, match=message):
        cox_loss(**{**given, **change})
