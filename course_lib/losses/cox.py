"""Cox's partial likelihood as a loss: who of those still at risk had the event?

N patients. Whoever has a higher risk should have the earlier event. A censored patient says only
that nothing happened up to that time, and stays in the sets of those at risk until then.
"""

from typing import Literal

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
    that is infinite does so, too, where its patient is at risk.

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
    values, event = values[order], event[order] != 0

    # Patients of one time form a group; `last` is where the group of each patient ends.
    group = torch.zeros_like(order)
    group[1:] = (time[1:] != time[:-1]).cumsum(0)
    size = torch.zeros_like(order).scatter_add_(0, group, torch.ones_like(order))
    last = (size.cumsum(0) - 1)[group]
    log_at_risk = values.logcumsumexp(0)[last]

    terms = log_at_risk - values
    if ties == "efron":
        terms = terms + _leave_in_turn(values - log_at_risk, event, group, last, size)
    loss = torch.where(event, terms, 0).sum()
    if reduction == "mean":
        loss = loss / event.sum().clamp(min=1)
    return loss * torch.where(sound, 1.0, torch.nan).to(loss.dtype)


def _leave_in_turn(
    log_share: Tensor, event: Tensor, group: Tensor, last: Tensor, size: Tensor
) -> Tensor:
    """Return log(1 - l/d share) for the l-th of the d events of a time: (N,) -> (N,).

    `share` is what the d events have of the sum over those at risk. It is at most 1 and l/d less,
    so that no difference of large numbers is taken.
    """
    share = torch.where(event, log_share, 0).exp() * event
    of_group = torch.zeros_like(share).scatter_add(0, group, share)[group]
    so_far = event.cumsum(0)
    before = (so_far - event.long())[last - size[group] + 1]
    deaths = so_far[last] - before
    turn = torch.where(event, so_far - 1 - before, 0)
    return torch.log1p(-of_group * turn / deaths.clamp(min=1))


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
