"""How much faster is the bootstrap of Harrell's C than a loop around lifelines'?

Same rows, same replicates (asserted).
"""

import numpy as np
import torch

from course_lib.metrics import bootstrap_interval, bootstrap_replicates
from course_lib.metrics._resampling import plan
from measuring import Bar, Case, Claim, case, main, take_turns


def _compare(n: int, resamples: int, share: float, rounds: int) -> list[Case]:
    from lifelines.utils import concordance_index

    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    time, event = rng.exponential(np.exp(-risk)), rng.random(n) < share

    wanted: list[float] = []

    def loop() -> None:
        made, generator = plan(n, None, None), torch.Generator().manual_seed(0)
        rows = [r.numpy() for drawn in made.draws(resamples, generator) for r in made.rows(drawn)]
        wanted[:] = [concordance_index(time[r], -risk[r], event[r]) for r in rows]

    def ask(method: str) -> object:
        return bootstrap_interval(
            "concordance_index",
            time,
            event,
            risk,
            generator=0,
            resamples=resamples,
            method=method,
        )

    found = bootstrap_replicates(
        "concordance_index", time, event, risk, generator=0, resamples=resamples
    )
    calls = {
        "loop": loop,
        "percentile": lambda: ask("percentile"),
        "BCa": lambda: ask("bca"),
    }
    times = take_turns(calls, rounds)
    assert np.abs(found.numpy() - wanted).max() < 1e-12
    peer = times.pop("loop")
    return [case(f"{kind}, {share:.0%} events", ours, peer) for kind, ours in times.items()]


def bootstrap(small: bool) -> Claim:
    """Measure both kinds of interval with few and with many events."""
    n, resamples = (100, 10) if small else (1_000, 2_000)
    shares = (0.5,) if small else (0.2, 1.0)
    return Claim(
        title="Bootstrap of Harrell's C",
        means="The peer draws the same resamples and calls lifelines' concordance_index in a loop.",
        size=f"{n:,} patients, {resamples:,} resamples",
        ours="course_lib",
        peer="lifelines",
        bar=Bar("times", 50),
        cases=[one for share in shares for one in _compare(n, resamples, share, 1 if small else 2)],
    )


CLAIMS = (bootstrap,)

if __name__ == "__main__":
    main(*CLAIMS)
