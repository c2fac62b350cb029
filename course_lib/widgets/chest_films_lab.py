"""The lab of chest films: a network's fourteen probabilities, its maps, and its errors."""

from functools import lru_cache
from html import escape
from math import floor
from typing import Any

import traitlets

from course_lib._checks import one_of, true_or_false, whole_number_from
from course_lib.widgets.base import CourseWidget, mount_html
from course_lib.widgets.chest_film_scores import (
    counts,
    describe,
    outcome,
    score_of,
    share,
    summary,
    there,
    view,
)

__all__ = ["WHICH", "ChestFilmsLab"]

WHICH = ("all", "hit", "miss", "false alarm")
HEAD = ("Finding", "Probability", "In truth", "Outcome")


@lru_cache
def _recorded() -> dict[str, Any]:
    from course_lib.data.labeled import read_record

    return view(read_record("chest_films"))


class ChestFilmsLab(CourseWidget):
    """Click through test films of phantoms: probabilities, class activation maps, errors.

    The network and the films are those of `benchmarks/train_chest_films.py`. The traits follow what
    the reader chooses.

    Args:
        film: Which one, from 1; left out, the first of `which` (of "all": the first hit), if any.
        finding: One of the 14 findings, whose map is shown.
        threshold: From 0 to 1, in hundredths. Called is what has at least so much; 1 calls nothing.
        which: Films to go through: one of `WHICH`, for the finding at the threshold. All but "all"
            tell what is there.
        opacity: Of the map, in percent.
        truth: Whether to show what is there.
        box: Whether to frame the place where the finding was drawn.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> ChestFilmsLab(1, finding="Effusion").describe()[:34]
        'Film 1: the model gives Effusion 0'
        >>> ChestFilmsLab(film=0)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: `film` must be a whole number from 1 to ..., got 0
    """

    _module = "chest_films_lab"

    data: "traitlets.Dict[str, Any]" = traitlets.Dict().tag(sync=True)
    film = traitlets.Int(1).tag(sync=True)
    finding = traitlets.Unicode("Effusion").tag(sync=True)
    threshold = traitlets.Float(0.5).tag(sync=True)
    which = traitlets.Unicode("all").tag(sync=True)
    opacity = traitlets.Int(60).tag(sync=True)
    truth = traitlets.Bool(False).tag(sync=True)
    box = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        film: int | None = None,
        *,
        finding: str = "Effusion",
        threshold: float = 0.5,
        which: str = "all",
        opacity: int = 60,
        truth: bool = False,
        box: bool = True,
    ) -> None:
        """Check the setting, so that the lab starts with one that works."""
        data = _recorded()
        one_of("finding", finding, data["findings"])
        one_of("which", which, WHICH)
        is_number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
        if not is_number or not 0 <= threshold <= 1:
            raise ValueError(f"`threshold` must be from 0 to 1, got {threshold!r}")
        cut = floor(threshold * 100 + 0.5)
        if film is None:
            k = data["findings"].index(finding)
            found = [outcome(data, shown["row"], k, cut) for shown in data["films"]]
            kind = "hit" if which == "all" else which
            film = found.index(kind) + 1 if kind in found else 1
        super().__init__(
            data=data,
            film=whole_number_from(1, len(data["films"]), "film", film),
            finding=finding,
            threshold=cut / 100,
            which=which,
            opacity=whole_number_from(0, 100, "opacity", opacity),
            truth=true_or_false("truth", truth) or which != "all",
            box=true_or_false("box", box),
        )

    def _setting(self) -> tuple[dict[str, Any], int, int, int]:
        k = self.data["findings"].index(self.finding)
        return self.data, self.film - 1, k, floor(self.threshold * 100 + 0.5)

    def describe(self) -> str:
        """Say in words what the model says of the film; and what is there, if that is shown."""
        return describe(*self._setting(), truth=self.truth, box=self.box)

    def summary(self) -> str:
        """Say in one sentence what the threshold does to all test films."""
        data, _, k, threshold = self._setting()
        return summary(data, k, threshold)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        data, film, _, threshold = self._setting()
        row = data["films"][film]["row"]
        return [
            (
                name,
                f"{score_of(data, row, k) / 100:.2f}",
                "there" if there(data, row, k) else "–",
                outcome(data, row, k, threshold),
            )
            for k, name in enumerate(data["findings"])
        ]

    def _rates(self) -> str:
        data, _, k, threshold = self._setting()
        rates = counts(data, k, threshold).rates()
        return ", ".join(f"{name} {share(*parts)}" for name, parts in rates.items())

    def _static_mount(self) -> str:
        data, film, k, threshold = self._setting()
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
        rows = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self._rows()
        )
        html = (
            '<div class="cw-card"><p class="cw-kicker">Chest films</p>'
            f"<p>{escape(describe(data, film, k, threshold, truth=True, box=False))}</p>"
            '<div class="cw-given"><img class="cw-still dark-light" width="256" height="256" '
            f'alt="Film {film + 1}: a phantom of a chest film" '
            f'src="data:image/webp;base64,{data["films"][film]["picture"]}">'
            f'<div class="cw-scroll"><table class="cw-layers"><thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div></div>"
            f"<p>{escape(self.summary())} {escape(self._rates())}.</p>"
            '<p class="cw-note">The film is a phantom, drawn from formulas. To go through all '
            "films and to see the maps, run this cell (notebook) or turn on JavaScript "
            "(website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Chest films", height="89rem"
        )

    def _static_text(self) -> str:
        lines = [HEAD, *self._rows()]
        rows = "\n".join("".join(cell.ljust(20) for cell in line).rstrip() for line in lines)
        told = describe(*self._setting(), truth=True, box=False)
        return "\n\n".join(["Chest films", told, rows, f"{self.summary()} {self._rates()}."])
