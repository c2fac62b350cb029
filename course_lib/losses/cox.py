"""Cox's partial likelihood as a loss: who of those still at risk had the event?

N patients. Whoever has a higher risk should have the earlier event. A censored patient says only
that nothing happened up to that time, and stays in the sets of those at risk until then.
"""

from typing import Any, Literal

import torch
from torch import Tensor

from course_lib._checks import one_of

Ties = Literal["efron", "breslow"]
Reduction = Literal["mean", "sum"]


def cox_loss(
    risk: Tensor,
    time: Tensor,
    event: Tensor,
    *,
    ties: Ties = "efron",
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return the negative log partial likelihood of Cox's model: (N,), (N,), (N,) -> ().

    At each time with d events, of patients D, among the patients R who are still at risk (censored
    at that very time or later, or with an event then or later), Breslow adds

    `d log sum_R exp(risk) - sum_D risk`,

    and Efron, who lets the d events leave one after the other on average,

    `sum_(l=0..d-1) log(sum_R exp(risk) - l/d sum_D exp(risk)) - sum_D risk`.

    Without tied events the two are the same. The order of the rows does not matter.

    >>> risk = torch.tensor([0.7, -0.2, 0.4], requires_grad=True)
    >>> loss = cox_loss(risk, torch.tensor([1, 1, 2]), torch.tensor([0, 1, 1]), reduction="sum")
    >>> round(loss.item(), 4)
    1.6643

    Args:
        risk: Logarithm of the relative hazard, of any size: higher for the earlier event. Half
            precision is summed in float32, what is more precise in itself.
        time: When the event came or the patient was last seen, in any unit.
        event: 1 or True where the event was seen, 0 or False where the patient was censored.
        ties: How to count events at the same time. Efron's way is the closer one.
        reduction: "mean" divides by the number of events, "sum" does not.

    Returns:
        A scalar on the device of `risk`. A batch without an event has nothing to say: its loss is 0
        and so is its gradient.

    Raises:
        ValueError: If shapes differ, N is 0, `risk` is no floating-point tensor, or a keyword is
            unknown.

    Values are not checked, because the processor would have to wait for the device. A risk or time
    that is nan, or an event that is neither 0 nor 1, makes the loss and its gradient nan. A risk
    that is infinite may do so, too.

    It can be differentiated once: `create_graph=True` raises RuntimeError.

    Cost: O(N log N) for the sort; memory O(N).

    Source: Cox, "Partial likelihood", Biometrika 62 (1975); Breslow, "Covariance analysis of
    censored survival data", Biometrics 30 (1974); Efron, "The efficiency of Cox's likelihood
    function for censored data", JASA 72 (1977).
    """
    one_of("ties", ties, ("efron", "breslow"))
    one_of("reduction", reduction, ("mean", "sum"))
    _check(risk, time, event)

    values = risk if risk.dtype in (torch.float32, torch.float64) else risk.float()
    time, event = time.to(values.device), event.to(values.device)
    sound = ~time.isnan().any() & ((event == 0) | (event == 1)).all()
    time, order = time.sort(descending=True)
    # Gather, not indexing: its gradient needs no sort.
    values, event = values.gather(0, order), event.gather(0, order) != 0

    # Patients of one time form a group, from place `first` to place `last`.
    places = torch.arange(len(time), device=time.device)
    new = torch.ones_like(event)
    new[1:] = time[1:] != time[:-1]
    first = torch.where(new, places, 0).cummax(0).values
    size = torch.zeros_like(first).scatter_add_(0, first, torch.ones_like(first))
    last = first + size.gather(0, first) - 1

    loss: Tensor = _PartialLikelihood.apply(values, event, first, last, ties == "efron")
    if reduction == "mean":
        loss = loss / event.sum().clamp(min=1)
    return loss * torch.where(sound, 1.0, torch.nan).to(loss.dtype)


class _PartialLikelihood(torch.autograd.Function):
    """The sum over events, and its gradient from the formula: twice as fast as step by step.

    Rows come with the latest time first. An event whose turn is l of d at its time adds
    `log A - risk + log(1 - f p)`, where A is the sum over those at risk, p the part in it of those
    who have the event then, and f = l/d (0 for Breslow). p is at most 1 and f less, so that no
    difference of large numbers is taken. With q = 1 / (1 - f p), the gradient of row k is

    `exp(risk_k) sum_(events at risk_k's time or before) q / A`, for an event less 1 and
    `exp(risk_k) / A sum_(events of its time) f q`.
    """

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, event: Tensor, first: Tensor, last: Tensor, efron: bool
    ) -> Tensor:
        log_at_risk = values.logcumsumexp(0).gather(0, last)
        log_share = values - log_at_risk
        gradient = -event.to(values.dtype)
        terms = -log_share
        log_weight = -log_at_risk
        if efron:
            so_far = event.cumsum(0)
            before = (so_far - event.long()).gather(0, first)
            deaths = so_far.gather(0, last) - before
            turn = torch.where(event, so_far - 1 - before, 0) / deaths.clamp(min=1).to(values.dtype)
            share = log_share.exp() * event
            of_time = torch.zeros_like(share).scatter_add_(0, first, share).gather(0, first)
            gone = -turn * of_time
            left = gone.log1p()
            terms += left
            log_weight -= left
            of_time = torch.zeros_like(share).scatter_add_(0, first, turn / (1 + gone))
            gradient -= share * of_time.gather(0, first)
        log_weight = torch.where(event, log_weight, -torch.inf)
        later = log_weight.flip(0).logcumsumexp(0).flip(0).gather(0, first)
        gradient += (values + later).exp()
        ctx.save_for_backward(gradient)
        return torch.where(event, terms, 0).sum()

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None, None, None, None]:
        if torch.is_grad_enabled():  # else a second derivative would be 0 and nobody would know
            raise RuntimeError("`cox_loss` can be differentiated once only, got `create_graph`")
        (gradient,) = ctx.saved_tensors
        return outer * gradient, None, None, None, None


def _check(risk: Tensor, time: Tensor, event: Tensor) -> None:
    for name, value in (("risk", risk), ("time", time), ("event", event)):
        if not isinstance(value, Tensor):
            raise ValueError(f"`{name}` must be a tensor, got {type(value).__name__}")
        if value.ndim != 1 or value.shape != risk.shape:
            wanted = "(N,)" if risk.ndim != 1 else f"({len(risk)},)"
            raise ValueError(f"`{name}` must have shape {wanted}, got {tuple(value.shape)}")
        if value.is_complex():
            raise ValueError(f"`{name}` must be real, got {value.dtype}")
    if len(risk) == 0:
        raise ValueError("`risk` must not be empty")
    if not risk.is_floating_point():
        raise ValueError(f"`risk` must be floating-point, got {risk.dtype}")
