"""What `train` is told: checked once, and described so that a checkpoint knows its run."""

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data import TensorDataset

from course_lib._checks import one_of, true_or_false, whole_number, whole_number_from

Loss = Callable[[Any, Any], Tensor]
Metric = Callable[[Any, Any], float | Tensor]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
MakeScheduler = Callable[[Optimizer, int], LRScheduler | ReduceLROnPlateau]
Scheduler = LRScheduler | ReduceLROnPlateau | None
_RESERVED = ("epoch", "learning_rate", "train_loss", "valid_loss", "loss", "seconds")
_OF_AN_OPTIMIZER = (
    "lr",
    "betas",
    "eps",
    "momentum",
    "nesterov",
    "weight_decay",
    "amsgrad",
    "alpha",
)


def as_dataset(name: str, data: Any) -> Any:
    """Return `data` as a data set with a length of at least 1; a pair of tensors becomes one."""
    if isinstance(data, (tuple, list)) and len(data) == 2 and isinstance(data[0], Tensor):
        if not isinstance(data[1], Tensor) or len(data[0]) != len(data[1]):
            raise ValueError(f"`{name}` must be tensors of one length, got {reprlib.repr(data)}")
        data = TensorDataset(*data)
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        expected = "a data set with a length and numbered samples"
        raise ValueError(f"`{name}` must be {expected}, got {type(data).__name__}")
    if not len(data):
        raise ValueError(f"`{name}` must have at least one sample, got none")
    return data


@dataclass(kw_only=True)
class Settings:
    """How to train; see `course_lib.training.loop.train` for what each means."""

    loss: Loss
    epochs: int
    batch_size: int
    optimizer: MakeOptimizer | None
    scheduler: Literal["plateau"] | MakeScheduler | None
    metrics: Mapping[str, Metric]
    monitor: str
    higher_is_better: bool | None
    patience: int | None
    precision: str
    accumulate: int
    channels_last: bool
    compile: bool
    seed: int
    workers: int
    augment: Callable[[Any], Any] | None
    resume: bool
    progress: bool

    def __post_init__(self) -> None:
        """Check each argument by itself, and those that belong together."""
        for name in ("loss", "optimizer", "augment"):
            value = getattr(self, name)
            if not callable(value) and (value is not None or name == "loss"):
                raise ValueError(f"`{name}` must be a function, got {reprlib.repr(value)}")
        for name in ("epochs", "batch_size", "accumulate"):
            setattr(self, name, whole_number(name, getattr(self, name)))
        if self.patience is not None:
            self.patience = whole_number("patience", self.patience)
        self.seed = whole_number_from(0, 2**63 - 1, "seed", self.seed)
        self.workers = whole_number_from(0, 1024, "workers", self.workers)
        for name in ("channels_last", "compile", "resume", "progress"):
            true_or_false(name, getattr(self, name))
        one_of("precision", self.precision, ("float32", "bf16"))
        scheduler: Any = self.scheduler
        if not (scheduler is None or scheduler == "plateau" or callable(scheduler)):
            expected = "'plateau', None or a function of the optimizer and the number of steps"
            raise ValueError(f"`scheduler` must be {expected}, got {reprlib.repr(scheduler)}")
        for name, metric in dict[str, Any](self.metrics).items():
            if name in _RESERVED or not callable(metric):
                expected = f"functions by name, and no name of {', '.join(_RESERVED)}"
                raise ValueError(f"`metrics` must be {expected}, got {name!r}: {metric!r}")
        one_of("monitor", self.monitor, ("loss", *self.metrics))
        if self.monitor == "loss":
            if self.higher_is_better:  # None or False
                raise ValueError("`higher_is_better` must be False for the loss, got True")
            self.higher_is_better = False
        elif not isinstance(self.higher_is_better, bool):
            raise ValueError(
                f"`higher_is_better` must be True or False, as `monitor` is {self.monitor!r}, "
                f"got {self.higher_is_better!r}"
            )

    @property
    def column(self) -> str:
        """The column of the history that `monitor` means."""
        return "valid_loss" if self.monitor == "loss" else self.monitor

    def steps(self, samples: int, processes: int) -> int:
        """How many steps of the optimizer all epochs have."""
        return self.epochs * math.ceil(samples / (self.batch_size * processes * self.accumulate))

    def make_optimizer(self, model: nn.Module) -> Optimizer:
        """Make the optimizer for what learns in `model`."""
        learning = [weight for weight in model.parameters() if weight.requires_grad]
        if not learning:
            raise ValueError("`model` must have a parameter that learns, got none")
        if self.optimizer is None:
            return Adam(learning, lr=1e-3)
        made = self.optimizer(learning)
        if not isinstance(made, Optimizer):
            raise ValueError(f"`optimizer` must return an Optimizer, got {type(made).__name__}")
        return made

    def make_scheduler(self, optimizer: Optimizer, steps: int) -> Scheduler:
        """Make what changes the learning rate; `steps` are those of all epochs."""
        if self.scheduler is None:
            return None
        if self.scheduler == "plateau":
            return ReduceLROnPlateau(optimizer, factor=0.1, patience=0)
        made = self.scheduler(optimizer, steps)
        if not isinstance(made, (LRScheduler, ReduceLROnPlateau)):
            raise ValueError(f"`scheduler` must return a scheduler, got {type(made).__name__}")
        return made

    def described(
        self, optimizer: Optimizer, train_samples: int, valid_samples: int, processes: int
    ) -> dict[str, object]:
        """Say what makes the numbers of a run, before a scheduler touches `optimizer`.

        How many processes share a step is not among them: the samples of a step are. Nor are
        workers, patience, and, where the schedule does not depend on them, epochs.
        """
        groups = [
            ", ".join(f"{k}={group[k]!r}" for k in _OF_AN_OPTIMIZER if k in group)
            for group in optimizer.param_groups
        ]
        better = "higher" if self.higher_is_better else "lower"
        found: dict[str, object] = {
            "loss": _name(self.loss),
            "samples a step": self.batch_size * self.accumulate * processes,
            "optimizer": f"{type(optimizer).__name__}({' | '.join(groups)})",
            "scheduler": self.scheduler if self.scheduler == "plateau" else _name(self.scheduler),
            "metrics": ", ".join(self.metrics),
            "monitor": f"{self.monitor}, {better} is better",
            "precision": self.precision,
            "seed": self.seed,
            "augment": _name(self.augment),
            "samples of train_set": train_samples,
            "samples of valid_set": valid_samples,
        }
        if callable(self.scheduler):
            found["epochs"] = self.epochs
        return found


def _name(function: object) -> str:
    if function is None:
        return "none"
    if isinstance(function, nn.Module):
        return repr(function)
    function = getattr(function, "func", function)  # of a functools.partial
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def as_number(name: str, value: object) -> float:
    """Return a metric's value as a float."""
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value.item())
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        shape = tuple(value.shape) if isinstance(value, Tensor) else reprlib.repr(value)
        raise ValueError(f"`metrics[{name!r}]` must return one number, got {shape}") from None


def one_loss(value: object) -> Tensor:
    """Return `value` if it is a tensor of one number."""
    if not isinstance(value, Tensor) or value.numel() != 1:
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"`loss` must return one number as a tensor, got {shape}")
    return value.reshape(())
