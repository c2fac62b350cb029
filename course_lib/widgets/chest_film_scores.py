"""The arithmetic and the words of the lab of chest films: plain integers, without torch.

Scores and thresholds are whole hundredths, so that "at least the threshold" is a comparison of
integers. N test films, K = 14 findings.
"""

from base64 import b64decode
from functools import lru_cache
from math import floor
from typing import Any, NamedTuple

__all__ = [
    "Counts",
    "counts",
    "describe",
    "outcome",
    "peak",
    "score_of",
    "summary",
    "there",
    "view",
]

_bytes = lru_cache(64)(b64decode)

OUTCOMES = {
    (True, True): "hit",
    (False, True): "miss",
    (True, False): "false alarm",
    (False, False): "rightly not called",
}


class Counts(NamedTuple):
    """The four cells of a finding over all test films."""

    tp: int
    fn: int
    fp: int
    tn: int

    def rates(self) -> dict[str, tuple[int, int]]:
        """Return sensitivity, specificity, PPV and NPV, each as part and whole."""
        tp, fn, fp, tn = self
        return {
            "Sensitivity": (tp, tp + fn),
            "Specificity": (tn, fp + tn),
            "PPV": (tp, tp + fp),
            "NPV": (tn, fn + tn),
        }


def view(record: dict[str, Any]) -> dict[str, Any]:
    """Return what the page needs of the record: neither its making nor what only tests read."""
    keys = [
        "findings",
        "thresholds",
        "auroc",
        "side",
        "steps",
        "units",
        "test_films",
        "scores",
        "truth",
    ]
    films = [
        {key: film[key] for key in ("row", "picture", "maps", "boxes")} for film in record["films"]
    ]
    return {**{key: record[key] for key in keys}, "films": films}


def score_of(data: dict[str, Any], row: int, k: int) -> int:
    """Return the probability of finding k on test film `row`, in hundredths.

    >>> score_of({"findings": ["a", "b"], "scores": "AQID"}, 1, 0)
    3
    """
    return _bytes(data["scores"])[row * len(data["findings"]) + k]


def there(data: dict[str, Any], row: int, k: int) -> bool:
    """Return whether finding k is on test film `row`: a bit, the first of a byte being the highest.

    >>> [there({"findings": ["a", "b"], "truth": "QA=="}, 0, k) for k in (0, 1)]
    [False, True]
    """
    line = (len(data["findings"]) + 7) // 8
    return bool(_bytes(data["truth"])[row * line + k // 8] >> (7 - k % 8) & 1)


def outcome(data: dict[str, Any], row: int, k: int, threshold: int) -> str:
    """Return "hit", "miss", "false alarm" or "rightly not called"."""
    return OUTCOMES[score_of(data, row, k) >= threshold, there(data, row, k)]


def counts(data: dict[str, Any], k: int, threshold: int) -> Counts:
    """Count the outcomes of finding k on all test films."""
    found = [outcome(data, row, k, threshold) for row in range(data["test_films"])]
    return Counts(*(found.count(name) for name in OUTCOMES.values()))


def peak(data: dict[str, Any], film: int, k: int) -> tuple[int, int]:
    """Return row and column of the map's highest place, the first of several."""
    side = int(data["side"])
    codes = _bytes(data["films"][film]["maps"])[k * side * side : (k + 1) * side * side]
    return divmod(codes.index(max(codes)), side)


def peak_touches(data: dict[str, Any], film: int, k: int, size: int) -> bool:
    """Return whether the map's highest place, a square of some pixels, has one in the box."""
    x0, y0, x1, y1 = data["films"][film]["boxes"][str(k)]
    step = size / data["side"]
    top, left = (place * step for place in peak(data, film, k))
    return bool(left < x1 and x0 < left + step and top < y1 and y0 < top + step)


# Words: those of static/chest_films_lab.js --------------------------------------------------------

SIZE = 64  # pixels of a film
IN_WORDS = {
    "hit": "It is there: a hit.",
    "miss": "It is there: a miss.",
    "false alarm": "It is not there: a false alarm.",
    "rightly not called": "It is not there: rightly so.",
}


def share(part: int, whole: int) -> str:
    """Write a share with a tenth of a percent.

    >>> share(2, 3), share(0, 0)
    ('66.7%', '–')
    """
    if whole == 0:
        return "–"
    tenths = floor(1000 * part / whole + 0.5)
    return f"{tenths // 10}.{tenths % 10}%"


def describe(
    data: dict[str, Any], film: int, k: int, threshold: int, *, truth: bool, box: bool = True
) -> str:
    """Say in words what the model says of a film, and what is there.

    Args:
        data: Made by `view`.
        film: From 0, of those that are shown.
        k: The finding.
        threshold: In hundredths.
        truth: Whether to tell what is there.
        box: Whether to tell then if the map's highest place touches it.
    """
    row, name = data["films"][film]["row"], data["findings"][k]
    score = score_of(data, row, k)
    said = "and calls it" if score >= threshold else "and does not call it"
    how = "at least" if score >= threshold else "below"
    text = (
        f"Film {film + 1}: the model gives {name} {score / 100:.2f}, {how} the threshold "
        f"{threshold / 100:.2f}, {said}."
    )
    if not truth:
        return f"{text} Is it there?"
    text += f" {IN_WORDS[outcome(data, row, k, threshold)]}"
    if box and there(data, row, k):
        where = "touches" if peak_touches(data, film, k, SIZE) else "lies off"
        text += f" The strongest place of the map {where} its frame."
    return text


def summary(data: dict[str, Any], k: int, threshold: int) -> str:
    """Say in one sentence what the threshold does to all test films."""
    tp, fn, fp, tn = counts(data, k, threshold)
    return (
        f"{tp + fn} of {data['test_films']} test films show {data['findings'][k]}. At "
        f"{threshold / 100:.2f} the model finds {tp} of them and misses {fn}; it raises a "
        f"false alarm on {fp} of the {fp + tn} others."
    )
