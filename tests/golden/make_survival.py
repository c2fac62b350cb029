"""Write `survival.json.gz`: what lifelines 0.30 computes from its own data set `rossi`.

432 men in the year after their release from prison, and when they were arrested again (Rossi, Berk
and Lenihan, "Money, Work and Crime", 1980), as lifelines carries it under the MIT license,
copyright 2015 Cameron Davidson-Pilon. No dependency of the course; to make the file again:
`pip install lifelines && python tests/golden/make_survival.py`.
"""

import gzip
import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("survival.json.gz")


def compute() -> dict[str, Any]:
    """Let lifelines fit, rank and test."""
    from lifelines import CoxPHFitter, KaplanMeierFitter
    from lifelines.datasets import load_rossi
    from lifelines.statistics import multivariate_logrank_test
    from lifelines.utils import concordance_index

    data = load_rossi()
    cox = CoxPHFitter().fit(data, "week", "arrest")
    names = list(cox.params_.index)
    risk = data[names].to_numpy(float) @ cox.params_.to_numpy()
    curve = KaplanMeierFitter().fit(data.week, data.arrest)
    table, interval = curve.event_table.iloc[1:], curve.confidence_interval_.iloc[1:]
    tests = {}
    for column in ("fin", "prio"):
        test = multivariate_logrank_test(data.week, data[column].clip(upper=4), data.arrest)
        tests[column] = [float(test.test_statistic), float(test.p_value)]
    return {
        "source": "lifelines 0.30.3, data set rossi (MIT license)",
        "names": names,
        "features": data[names].to_numpy(int).tolist(),
        "time": data.week.tolist(),
        "event": data.arrest.tolist(),
        "coefficients": cox.params_.tolist(),
        "log_likelihood": float(cox.log_likelihood_),
        "concordance": float(concordance_index(data.week, -risk, data.arrest)),
        "curve": {
            "time": [float(t) for t in table.index],
            "at_risk": table.at_risk.tolist(),
            "events": table.observed.tolist(),
            "survival": curve.survival_function_.iloc[1:, 0].tolist(),
            "lower": interval.iloc[:, 0].tolist(),
            "upper": interval.iloc[:, 1].tolist(),
        },
        "logrank": tests,
    }


if __name__ == "__main__":
    PATH.write_bytes(gzip.compress(json.dumps(compute()).encode(), mtime=0))
