"""How much faster is DeLong's interval than that of the package confidenceinterval?

Same AUC and same ends (asserted).
"""

import numpy as np

from course_lib.metrics import delong_interval
from measuring import Bar, Claim, compare, main


def interval(small: bool) -> Claim:
    """Measure without ties and with many."""
    from confidenceinterval import roc_auc_score

    n = 2_000 if small else 100_000
    rng = np.random.default_rng(0)
    y = np.arange(n) % 10 == 0
    plain = rng.normal(size=n) + y
    cases = []
    for name, score in (("no ties", plain), ("ties: two decimals", np.round(plain, 2))):
        auc, ends = roc_auc_score(y, score)
        assert np.abs(np.array(delong_interval(y, score)) - [auc, *ends]).max() < 1e-5

        def ask(score: np.ndarray = score) -> object:
            return delong_interval(y, score)

        def other(score: np.ndarray = score) -> object:
            return roc_auc_score(y, score)

        cases.append(compare(name, ask, other, 1 if small else 15))
    return Claim(
        title="DeLong's interval of an AUROC",
        means="Both give the AUROC and its 95% interval.",
        size=f"{n:,} images",
        ours="course_lib",
        peer="confidenceinterval",
        bar=Bar("times", 5),
        cases=cases,
    )


CLAIMS = (interval,)

if __name__ == "__main__":
    main(*CLAIMS)
