"""What a training run went through: one row an epoch."""

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, float]


@dataclass
class History:
    """One row an epoch, and which epoch was best.

    A row has `epoch` (from 1), `learning_rate` (at its start), `train_loss` (mean over all samples,
    while the model learned), `valid_loss` (after it), each metric of the validation set under its
    name, and `seconds`.

    >>> history = History()
    >>> history.add({"epoch": 1, "train_loss": 0.75, "valid_loss": 0.5, "seconds": 2.0})
    True
    >>> history.add({"epoch": 2, "train_loss": 0.5, "valid_loss": 0.625, "seconds": 2.1})
    False
    >>> history.best_epoch, history.column("train_loss")
    (1, [0.75, 0.5])
    >>> print(history.as_table())
    epoch  train_loss  valid_loss
        1      0.7500      0.5000  best
        2      0.5000      0.6250

    Attributes:
        monitor: The column that says which epoch is best.
        higher_is_better: Of that column.
        rows: The table.
        stopped: Why the run ended, in a sentence; empty while it goes on.
    """

    monitor: str = "valid_loss"
    higher_is_better: bool = False
    rows: list[Row] = field(default_factory=list)
    stopped: str = ""

    def add(self, row: Row) -> bool:
        """Take the row of one more epoch, and say whether it is the best so far."""
        self.rows.append(row)
        return self.best_epoch == row["epoch"]

    @property
    def best_epoch(self) -> int:
        """The first epoch with the best value of `monitor`; 0 if there is none."""
        known = [row for row in self.rows if not math.isnan(row[self.monitor])]
        if not known:
            return 0
        sign = -1 if self.higher_is_better else 1
        return int(min(known, key=lambda row: sign * row[self.monitor])["epoch"])

    @property
    def best(self) -> Row:
        """The row of the best epoch.

        Raises:
            ValueError: If no epoch has a value of `monitor`.
        """
        for row in self.rows:
            if row["epoch"] == self.best_epoch:
                return row
        raise ValueError(f"no epoch has a {self.monitor} yet")

    def waited_for(self, patience: int | None) -> bool:
        """Say whether `patience` epochs have passed since the best one; None is never."""
        return patience is not None and len(self.rows) - self.best_epoch >= patience > 0

    def column(self, name: str) -> list[float]:
        """Return one column, a number an epoch.

        Raises:
            ValueError: If there is no such column.
        """
        names = list(self.rows[0]) if self.rows else []
        if name not in names:
            raise ValueError(
                f"`name` must be one of {', '.join(names) or 'none yet'}, got {name!r}"
            )
        return [row[name] for row in self.rows]

    def as_table(self, *, seconds: bool = False) -> str:
        """Return the rows as text; `seconds`, which differ from run to run, only if asked for."""
        if not self.rows:
            return "no epoch yet"
        names = [name for name in self.rows[0] if seconds or name != "seconds"]
        cells = [[_text(name, row[name]) for name in names] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
        lines = []
        for number, line in enumerate([names, *cells]):
            mark = "  best" if number and self.rows[number - 1]["epoch"] == self.best_epoch else ""
            lines.append("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) + mark)
        return "\n".join(lines)

    def as_csv(self) -> str:
        """Return the rows with all their digits, commas between them, names on the first line."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.rows[0]) if self.rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()

    @classmethod
    def from_csv(
        cls, path: str | Path, *, monitor: str = "valid_loss", higher_is_better: bool = False
    ) -> "History":
        """Read what `train` wrote as `history.csv`.

        Raises:
            ValueError: If the file has no column `monitor`.
        """
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = [
                {name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)
            ]
        if not rows or monitor not in rows[0]:
            raise ValueError(f"`path` must be a table with a column {monitor!r}, got {path}")
        for row in rows:
            row["epoch"] = int(row["epoch"])
        return cls(monitor, higher_is_better, rows)

    def plot(self) -> "Figure":
        """Draw the losses over the epochs, and each metric below; the best epoch is marked."""
        from course_lib.plotting.training import show_history

        return show_history(self.rows, best_epoch=self.best_epoch)


def _text(name: str, value: float) -> str:
    if name == "epoch":
        return str(int(value))
    return f"{value:.2g}" if name == "learning_rate" else f"{value:.4f}"
