"""Training: a short loop for images in memory, and one for any data set on any number of GPUs.

`fit`, `predict` and `accuracy` (`in_memory.py`) serve the small experiments of the chapters on
architectures. `train` (`loop.py`) is for the case studies: validation after each epoch,
checkpoints, several processes. It stands on Hugging Face's accelerate; both are imported when used.
"""

from typing import TYPE_CHECKING, Any

from course_lib.training.in_memory import accuracy, fit, fit_one_cycle, predict

if TYPE_CHECKING:
    from course_lib.training.history import History
    from course_lib.training.loop import train
    from course_lib.training.predictions import predict_all

__all__ = ["History", "accuracy", "fit", "fit_one_cycle", "predict", "predict_all", "train"]

_HOMES = {"History": "history", "predict_all": "predictions", "train": "loop"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
