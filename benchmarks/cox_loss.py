"""How fast is Cox's loss, forward and backward, beside torchsurv's? On a GPU where there is one."""

import warnings
from typing import Literal

import torch

from course_lib.devices import find_device
from course_lib.losses import cox_loss
from measuring import Bar, Claim, compare, main


def loss(small: bool) -> Claim:
    """Measure batches, studies and registers, with both ways to treat ties."""
    with warnings.catch_warnings(action="ignore"):
        from torchsurv.loss.cox import neg_partial_log_likelihood

    device = find_device()
    cases = []
    for n in (64,) if small else (64, 1_000, 10_000, 100_000):
        generator = torch.Generator().manual_seed(0)
        risk = torch.randn(n, generator=generator).to(device).requires_grad_()
        event = (torch.rand(n, generator=generator) < 0.3).to(device)
        # Days in five years, so that events tie.
        when = torch.randint(1, 1826, (n,), generator=generator).float().to(device)
        for ties in ("efron", "breslow"):

            def ask(risk=risk, event=event, when=when, ties: Literal["efron"] = ties) -> list:
                value = cox_loss(risk, when, event, ties=ties, reduction="sum")
                return [value, *torch.autograd.grad(value, risk)]

            def other(risk=risk, event=event, when=when, ties: str = ties) -> list:
                value = neg_partial_log_likelihood(
                    risk, event, when, ties_method=ties, reduction="sum"
                )
                return [value, *torch.autograd.grad(value, risk)]

            # Sums: the peer's mean is over the times with an event, ours is over the events.
            torch.testing.assert_close(ask(), other(), rtol=1e-3, atol=1e-6)
            cases.append(compare(f"{n:,} patients, {ties.title()}", ask, other, 1 if small else 15))
    return Claim(
        title="A training step's Cox loss",
        means="Forward and backward, in float32. Days in five years, so that events tie; Efron and "
        "Breslow are two ways to treat that. Three patients in ten have an event.",
        size="a batch, a study, a register",
        ours="course_lib",
        peer="torchsurv",
        bar=Bar("share", 1),
        cases=cases,
        device=device.type,
    )


CLAIMS = (loss,)

if __name__ == "__main__":
    main(*CLAIMS)
