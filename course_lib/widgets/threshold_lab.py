"""The threshold clinic: move a threshold over real scores, and see what each choice does."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from math import floor
from typing import Any

import traitlets

from course_lib._checks import one_of, whole_number_from
from course_lib.widgets.base import CourseWidget, mount_html
from course_lib.widgets.threshold_scores import (
    FINE,
    average_precision,
    describe,
    money,
    outcome,
    percent,
    sample_of,
    split,
)

__all__ = ["SAMPLES", "ThresholdLab"]

SAMPLES = ("lumps", "useless", "excellent")
HEAD = ("In truth", "Called ill", "Called well", "All")


@lru_cache
def _recorded() -> tuple[dict[str, Any], ...]:
    from course_lib.data.labeled import read_record

    return tuple(read_record("threshold_clinic")["samples"])


class ThresholdLab(CourseWidget):
    """Move a threshold: four cells, rates, predictive values, cost, and both curves with bands.

    The traits follow what the reader chooses.

    Args:
        y_true: Labels 0 (well) and 1 (ill) of your own people, (N,); left out, three samples are
            there to choose from.
        y_score: Their scores, from 0 to 1, (N,).
        sample: One of `SAMPLES`; only without scores of your own.
        threshold: From 0 to 1. Called ill is who scores at least so much; 1 calls nobody.
        ill: How many of 1,000 people are ill: 1 to 999.
        cost_fn: What a miss costs: 0 to 999.
        cost_fp: What a false alarm costs: 0 to 999.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> ThresholdLab(threshold=0.4).describe()[:55]
        'At the threshold 0.40, of 1,000 people with 372 ill, 29'
        >>> ThresholdLab(ill=0)
        Traceback (most recent call last):
        ValueError: `ill` must be a whole number from 1 to 999, got 0
    """

    _module = "threshold_lab"

    samples: traitlets.List[Any] = traitlets.List().tag(sync=True)
    sample = traitlets.Unicode("lumps").tag(sync=True)
    threshold = traitlets.Float(0.5).tag(sync=True)
    ill = traitlets.Int(372).tag(sync=True)
    cost_fn = traitlets.Int(20).tag(sync=True)
    cost_fp = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        y_true: Any = None,
        y_score: Any = None,
        *,
        sample: str = "lumps",
        threshold: float = 0.5,
        ill: int = 372,
        cost_fn: int = 20,
        cost_fp: int = 1,
    ) -> None:
        """Check the setting, so that the lab starts with one that works."""
        one_of("sample", sample, SAMPLES)
        if (y_true is None) != (y_score is None):
            raise ValueError("`y_true` and `y_score` must come together, got one of them")
        samples: Sequence[dict[str, Any]] = _recorded()
        if y_true is not None:
            about = "Your own scores."
            samples = [sample_of("own", "your own", y_true, y_score, about=about)]
            sample = "own"
        is_number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
        if not is_number or not 0 <= threshold <= 1:
            raise ValueError(f"`threshold` must be from 0 to 1, got {threshold!r}")
        super().__init__(
            samples=list(samples),
            sample=sample,
            threshold=floor(threshold * FINE + 0.5) / FINE,
            ill=whole_number_from(1, 999, "ill", ill),
            cost_fn=whole_number_from(0, 999, "cost_fn", cost_fn),
            cost_fp=whole_number_from(0, 999, "cost_fp", cost_fp),
        )

    def _setting(self) -> tuple[dict[str, Any], int, int, int, int]:
        chosen = next(one for one in self.samples if one["name"] == self.sample)
        threshold = floor(self.threshold * FINE + 0.5)
        return chosen, threshold, self.ill, self.cost_fn, self.cost_fp

    def describe(self) -> str:
        """Say in one sentence what the threshold does to 1,000 people."""
        return describe(*self._setting())

    def _cells(self) -> list[tuple[str, str, str, str]]:
        found = outcome(*self._setting())
        return [
            ("ill", *split(self.ill, found.sensitivity), f"{self.ill}"),
            ("well", *split(1000 - self.ill, 1 - found.specificity), f"{1000 - self.ill}"),
        ]

    def _measures(self) -> list[tuple[str, str]]:
        sample, found = self._setting()[0], outcome(*self._setting())
        return [
            ("Sensitivity", percent(found.sensitivity)),
            ("Specificity", percent(found.specificity)),
            ("PPV", percent(found.ppv)),
            ("NPV", percent(found.npv)),
            ("AUC", f"{sample['auc'][0]:.3f}"),
            ("average precision", f"{average_precision(sample, self.ill):.3f}"),
            ("cost of the errors", money(found.cost)),
        ]

    def _static_mount(self) -> str:
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
        rows = "".join(
            f'<tr><th scope="row">{row[0]}</th>'
            + "".join(f"<td>{cell}</td>" for cell in row[1:])
            + "</tr>"
            for row in self._cells()
        )
        measures = ", ".join(f"{name} {escape(value)}" for name, value in self._measures())
        html = (
            '<div class="cw-card"><p class="cw-kicker">Threshold clinic</p>'
            f"<p>{escape(self.describe())}</p>"
            f'<div class="cw-scroll"><table class="cw-layers"><caption>Of 1,000 people</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
            f"<p>{measures}.</p>"
            '<p class="cw-note">To move the threshold, run this cell (notebook) or turn on '
            "JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Threshold clinic", height="99rem"
        )

    def _static_text(self) -> str:
        lines = [HEAD, *self._cells()]
        rows = "\n".join("".join(cell.ljust(14) for cell in line).rstrip() for line in lines)
        measures = ", ".join(f"{name} {value}" for name, value in self._measures())
        return "\n\n".join(["Threshold clinic", self.describe(), rows, f"{measures}."])
