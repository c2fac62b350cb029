"""The training loop of the case studies, on a CPU, one GPU or many.

Read `train` from top to bottom: it is the recipe of CheXNet by default. Adam at a learning rate of
0.001, divided by 10 when the validation loss stops falling; the weights with the lowest validation
loss are kept (Rajpurkar et al., "CheXNet", arXiv:1711.05225, section 2.2).
"""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from course_lib.training.batches import (
    MODEL,
    Loader,
    derived_seed,
    epoch_order,
    own_randomness,
    seed_all,
    shares,
)
from course_lib.training.checkpoints import Checkpoints, on_cpu
from course_lib.training.history import History, Row
from course_lib.training.predictions import collect
from course_lib.training.processes import make_accelerator, to_channels_last
from course_lib.training.reports import epoch_line, progress_bar, refuse_nan
from course_lib.training.settings import (
    Loss,
    MakeOptimizer,
    MakeScheduler,
    Metric,
    Scheduler,
    Settings,
    as_dataset,
    as_number,
    one_loss,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

_LOOK_EVERY = 50  # steps between two looks at the loss; each makes a GPU wait


def train(
    model: nn.Module,
    train_set: Any,
    valid_set: Any,
    *,
    loss: Loss,
    epochs: int,
    batch_size: int,
    optimizer: MakeOptimizer | None = None,
    scheduler: Literal["plateau"] | MakeScheduler | None = "plateau",
    metrics: Mapping[str, Metric] | None = None,
    monitor: str = "loss",
    higher_is_better: bool | None = None,
    patience: int | None = None,
    folder: str | Path | None = None,
    resume: bool = True,
    precision: str = "float32",
    accumulate: int = 1,
    channels_last: bool = False,
    compile: bool = False,
    seed: int = 0,
    workers: int = 0,
    augment: Callable[[Any], Any] | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place, and leave it in eval mode with the weights of its best epoch.

    >>> images, labels = torch.randn(20, 2), torch.arange(20) % 2
    >>> history = train(nn.Linear(2, 2), (images, labels), (images, labels), epochs=2,
    ...                 loss=nn.functional.cross_entropy, batch_size=8, progress=False)
    >>> list(history.rows[0])
    ['epoch', 'learning_rate', 'train_loss', 'valid_loss', 'seconds']

    Args:
        model: Moved to the device of this process.
        train_set: A data set of pairs (input, target), or a pair of tensors; so is `valid_set`.
        valid_set: Chooses the best epoch; no sample of it may be of a patient in `train_set`.
        loss: From outputs and targets to one number, the mean over the samples. Of the validation
            set it is computed over all samples at once.
        epochs: How often each sample is seen, at least 1.
        batch_size: Samples in one forward pass of one process, at least 1. If they don't go into
            `train_set`, some batches have fewer, evenly spread: none is left out.
        optimizer: From parameters to an optimizer. None: Adam, learning rate 0.001.
        scheduler: "plateau" divides the learning rate by 10 after an epoch that did not lower the
            validation loss. Or a function of the optimizer and the number of all its steps, such
            as `lambda adam, steps: OneCycleLR(adam, 0.01, total_steps=steps)`; stepped after each
            step (a `ReduceLROnPlateau` after each epoch, with the validation loss).
        metrics: Functions `(y_true, y_score)` by name, of all targets and outputs of `valid_set`.
            The outputs are what `model` returns: logits, if it returns logits.
        monitor: What the best epoch is best in: "loss", or the name of one of `metrics`.
        higher_is_better: Of `monitor`; has to be said for a metric.
        patience: Stop after so many epochs without a better one. None: never.
        folder: Where checkpoints go; all processes must see it. None: none are written.
        resume: Go on from the checkpoint in `folder`, if there is one; False removes it.
        precision: "float32", or "bf16": the model in bfloat16 where torch.autocast deems it safe,
            weights and loss in float32.
        accumulate: Forward passes for one step of the optimizer.
        channels_last: Keep images as (N, H, W, C) in memory, which convolutions on GPUs prefer.
        compile: Let torch.compile translate the model; the first batch takes minutes.
        seed: Of the order of samples, their random changes, and dropout.
        workers: Processes that load samples for each training process; 0: none.
        augment: Changes a batch of inputs on its device, in training only.
        progress: A bar on a terminal, and a line of text an epoch. Chapters pass False, and print
            the history.

    Returns:
        The history, one row an epoch; of a resumed run, all of its epochs.

    Raises:
        ValueError: An argument is not as above; `folder` holds another run or a damaged checkpoint.
        FloatingPointError: A loss, or what `monitor` says, is not a finite number.
        OSError: A checkpoint could not be written. Of both, the last good checkpoint is kept.

    Under `torchrun` or `accelerate launch` each process runs this same call. Each sample counts
    once, whatever their number: losses are weighted by the samples they are made of. Batch norm
    alone sees one process's batch. On the CPU a run, stopped and resumed, gives the same bits.

    Used in the chapter Chest X-rays.
    """
    s = Settings(
        loss=loss, epochs=epochs, batch_size=batch_size, optimizer=optimizer, scheduler=scheduler,
        metrics=metrics or {}, monitor=monitor, higher_is_better=higher_is_better,
        patience=patience, precision=precision, accumulate=accumulate,
        channels_last=channels_last, compile=compile, seed=seed, workers=workers, augment=augment,
        resume=resume, progress=progress,
    )  # fmt: skip
    accelerator = make_accelerator()
    device, processes = accelerator.device, accelerator.num_processes
    train_set, valid_set = as_dataset("train_set", train_set), as_dataset("valid_set", valid_set)
    load: dict[str, Any] = {"seed": seed, "workers": s.workers, "pin_memory": device.type == "cuda"}
    train_loader = Loader("train_set", train_set, **load)
    valid_loader = Loader("valid_set", valid_set, **load)

    model.to(device)
    if channels_last:
        model.to(memory_format=torch.channels_last)
    if isinstance(loss, nn.Module):
        loss.to(device)
    adam = s.make_optimizer(model)
    described = s.described(adam, len(train_set), len(valid_set), processes)
    schedule = s.make_scheduler(adam, s.steps(len(train_set), processes))

    history, best = History(s.column, bool(s.higher_is_better)), on_cpu(model.state_dict())
    store = Checkpoints(folder, described) if folder is not None else None
    if store:
        if accelerator.is_main_process:
            store.prepare(resume=resume)
        accelerator.wait_for_everyone()
        if state := store.load(model):
            model.load_state_dict(state["model"])
            adam.load_state_dict(state["optimizer"])
            if schedule:
                schedule.load_state_dict(state["scheduler"])
            history.rows, best = state["rows"], state["best"]
            if accelerator.is_main_process:
                store.restore_best(history, best)

    learner, stepper = accelerator.prepare(model, adam)  # one copy a process, gradients shared
    forward: Any = torch.compile(learner) if compile else learner
    predictor = forward
    if learner is not model:  # the bare one, see `collect`
        predictor = torch.compile(model) if compile else model

    while len(history.rows) < s.epochs and not history.waited_for(s.patience):
        epoch, start = len(history.rows) + 1, time.perf_counter()
        row: Row = {"epoch": epoch, "learning_rate": float(adam.param_groups[0]["lr"])}
        with own_randomness(device):
            seed_all(derived_seed(seed, epoch, MODEL, accelerator.process_index), device)
            row["train_loss"] = _one_epoch(
                accelerator, s, epoch, train_loader, learner, forward, stepper, schedule
            )
        refuse_nan(row, "train_loss", store)
        targets, outputs = collect(
            accelerator, predictor, valid_loader,
            batch_size=s.batch_size, bf16=precision == "bf16", channels_last=channels_last,
        )  # fmt: skip
        with torch.no_grad():
            row["valid_loss"] = float(one_loss(loss(outputs, targets)))
        for name, metric in s.metrics.items():
            row[name] = as_number(name, metric(targets, outputs))
        row["seconds"] = time.perf_counter() - start
        refuse_nan(row, "valid_loss", store)
        refuse_nan(row, s.column, store)
        if history.add(row):
            best = on_cpu(model.state_dict())
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(row["valid_loss"])
        if store and accelerator.is_main_process:
            store.save(
                history=history, best=best, model=model.state_dict(), optimizer=adam.state_dict(),
                scheduler=schedule.state_dict() if schedule else None,
            )  # fmt: skip
        if progress and accelerator.is_main_process:
            print(epoch_line(row, s.epochs, best=history.best_epoch == epoch), flush=True)
    accelerator.wait_for_everyone()  # nobody ends while a checkpoint is being written
    if history.waited_for(s.patience):
        history.stopped = f"{s.patience} epochs were no better than epoch {history.best_epoch}"
    else:
        history.stopped = f"all {s.epochs} epochs are done"
    model.load_state_dict(best)
    model.eval()
    return history


def _one_epoch(
    accelerator: "Accelerator", s: Settings, epoch: int, loader: Loader, learner: nn.Module,
    forward: Callable[[Any], Any], optimizer: Any, schedule: Scheduler,
) -> float:  # fmt: skip
    """Let the model see every sample once, and return the mean of their losses."""
    from accelerate.utils import convert_to_fp32, send_to_device

    samples = len(loader.loader.dataset)  # type: ignore[arg-type]
    plan = shares(
        epoch_order(samples, seed=s.seed, epoch=epoch),
        batch_size=s.batch_size, accumulate=s.accumulate,
        processes=accelerator.num_processes, process=accelerator.process_index,
    )  # fmt: skip
    total = torch.zeros((), dtype=torch.float64, device=accelerator.device)
    learner.train()
    optimizer.zero_grad()  # of what came before
    batches = loader.load([share.samples for share in plan], epoch)
    shown = s.progress and accelerator.is_main_process
    with progress_bar(f"epoch {epoch}/{s.epochs}", len(plan), shown=shown) as bar:
        for number, (share, (_, inputs, targets)) in enumerate(zip(plan, batches, strict=True), 1):
            inputs, targets = send_to_device(
                (inputs, targets), accelerator.device, non_blocking=True
            )
            if s.augment:
                inputs = s.augment(inputs)
            if s.channels_last:
                inputs = to_channels_last(inputs)
            with nullcontext() if share.ends_step else accelerator.no_sync(learner):
                bf16 = s.precision == "bf16"
                with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=bf16):
                    outputs = forward(inputs)
                value = one_loss(s.loss(convert_to_fp32(outputs), targets))
                accelerator.backward(value * share.weight)
            total += value.detach() * (len(share.samples) if share.weight else 0)
            if share.ends_step:
                optimizer.step()
                optimizer.zero_grad()
                if schedule and not isinstance(schedule, ReduceLROnPlateau):
                    schedule.step()
            if number % _LOOK_EVERY == 0:
                now = value.item()
                if not math.isfinite(now):
                    return now
                bar.set_postfix(loss=f"{now:.4f}", refresh=False)
            bar.update()
    return float(accelerator.reduce(total, "sum")) / samples
