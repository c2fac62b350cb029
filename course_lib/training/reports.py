"""What a run tells while it goes on: text, on stdout, that leaves no widget in a notebook."""

import math
import sys
from collections.abc import Mapping
from typing import Any

from course_lib.training.checkpoints import Checkpoints


def progress_bar(title: str, batches: int, *, shown: bool) -> Any:
    """Return a bar of tqdm that is seen on a terminal only, and gone afterwards.

    A notebook is no terminal: a stored one must hold neither widgets nor times.

    >>> with progress_bar("epoch 1/2", 1, shown=True) as bar:
    ...     bar.update()
    """
    from tqdm import tqdm

    hidden = not (shown and sys.stdout.isatty())
    return tqdm(desc=title, total=batches, disable=hidden, file=sys.stdout, leave=False)


def epoch_line(row: Mapping[str, float], epochs: int, *, best: bool) -> str:
    """Return what one epoch brought, without times.

    >>> row = {"epoch": 2, "learning_rate": 0.001, "train_loss": 0.75, "seconds": 3.2}
    >>> epoch_line(row, 10, best=True)
    'epoch  2/10  train_loss 0.7500  best so far'
    """
    number = f"{int(row['epoch']):{len(str(epochs))}d}"
    hidden = ("epoch", "learning_rate", "seconds")
    values = [f"{name} {value:.4f}" for name, value in row.items() if name not in hidden]
    return "  ".join([f"epoch {number}/{epochs}", *values] + ["best so far"] * best)


def refuse_nan(row: Mapping[str, float], column: str, store: Checkpoints | None) -> None:
    """Stop a run whose loss, or whatever says which epoch is best, is no number any more.

    Raises:
        FloatingPointError: If it is nan or infinite; says which checkpoint is kept.
    """
    if math.isfinite(row[column]):
        return
    advice = (
        "lower the learning rate, or look for inputs and targets that are not finite"
        if column.endswith("_loss")
        else "it cannot say which epoch is best; does `valid_set` have each class?"
    )
    kept = f"; the checkpoint of epoch {store.kept} is kept" if store and store.kept else ""
    raise FloatingPointError(f"{column} of epoch {row['epoch']} is {row[column]}: {advice}{kept}")
