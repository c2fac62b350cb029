"""What a model says of a whole data set, gathered from all processes: nobody twice, nobody lost."""

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from course_lib._checks import one_of, whole_number, whole_number_from
from course_lib.training.batches import Loader, shares
from course_lib.training.processes import make_accelerator, to_channels_last
from course_lib.training.settings import as_dataset

if TYPE_CHECKING:
    from accelerate import Accelerator


def collect(
    accelerator: "Accelerator", model: nn.Module, loader: Loader, *, batch_size: int, bf16: bool,
    channels_last: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return targets and outputs of all samples, in their order, on each process and its device.

    Each process predicts its share, in eval mode; then all tell all others the numbers of the
    samples, their targets and outputs. So shares may be uneven, or empty. `model` is the bare one:
    a wrapped one would wait for processes that have no batch left.
    """
    from accelerate.utils import (
        broadcast,
        concatenate,
        convert_to_fp32,
        gather_object,
        recursively_apply,
        send_to_device,
    )

    # Each process updated its own running statistics of batch norm; the first one's count.
    broadcast(list(model.buffers()))
    model.eval()
    order = range(len(loader.loader.dataset))  # type: ignore[arg-type]
    mine = shares(
        order, batch_size=batch_size,
        processes=accelerator.num_processes, process=accelerator.process_index,
    )  # fmt: skip
    batches = [share.samples for share in mine if share.weight]
    parts = []
    with torch.no_grad():
        for numbers, inputs, targets in loader.load(batches, epoch=0):
            inputs = send_to_device(inputs, accelerator.device, non_blocking=True)
            if channels_last:
                inputs = to_channels_last(inputs)
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=bf16):
                outputs = model(inputs)
            parts.append((numbers, targets, convert_to_fp32(outputs)))
    parts = gather_object(send_to_device([concatenate(parts)] if parts else [], "cpu"))
    numbers, targets, outputs = concatenate(parts)
    place = numbers.argsort()
    in_order = recursively_apply(lambda tensor: tensor[place], (targets, outputs))
    targets, outputs = send_to_device(in_order, accelerator.device)
    return targets, outputs


def predict_all(
    model: nn.Module,
    data: Any,
    *,
    batch_size: int = 64,
    workers: int = 0,
    precision: str = "float32",
) -> tuple[Any, Any]:
    """Return the targets of `data` and what `model` says of it, in eval mode.

    `N pairs (input, target) -> (N, ...), (N, K)`

    >>> from torch.utils.data import TensorDataset
    >>> films = TensorDataset(torch.zeros(5, 2), torch.arange(5))
    >>> targets, outputs = predict_all(nn.Linear(2, 3), films, batch_size=2)
    >>> targets.tolist(), outputs.shape
    ([0, 1, 2, 3, 4], torch.Size([5, 3]))

    Args:
        model: Moved to the device of this process, and left in eval mode.
        data: A data set of pairs (input, target), at least one, or a pair of tensors.
        batch_size: Samples at a time on each process, at least 1.
        workers: Processes that load samples; 0 loads them in this one.
        precision: "float32" or "bf16", as in `train`.

    Returns:
        On each process all targets and outputs, in the order of `data`, float32, on the device.

    Raises:
        ValueError: If there is no sample, or a sample is no pair.
    """
    one_of("precision", precision, ("float32", "bf16"))
    batch_size = whole_number("batch_size", batch_size)
    workers = whole_number_from(0, 1024, "workers", workers)
    accelerator = make_accelerator()
    model.to(accelerator.device)
    loader = Loader("data", as_dataset("data", data), seed=0, workers=workers)
    return collect(
        accelerator, model, loader, batch_size=batch_size, bf16=precision == "bf16"
    )  # fmt: skip
