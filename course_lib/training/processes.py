"""This process among those that train together: its device, its number, and how many there are."""

import logging
import os
from typing import TYPE_CHECKING, Any

import torch

from course_lib.devices import find_device

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator() -> "Accelerator":
    """Return accelerate's view of this process, alone or under `torchrun`.

    On a CPU where there is no CUDA, as `course_lib.devices.find_device` (no MPS). A script that may
    run under `torchrun` ends with `make_accelerator().end_training()`.

    >>> make_accelerator().num_processes
    1
    """
    from accelerate import Accelerator
    from accelerate.utils import GradientAccumulationPlugin

    log = logging.getLogger("accelerate.utils.other")
    level = log.level
    if "LOCAL_RANK" not in os.environ:  # it warns of old kernels, which matter to several processes
        log.setLevel(logging.ERROR)
    try:
        # Precision and accumulation are ours, in sight: accelerate fixes them once for the whole
        # session of Python, and divides an incomplete group of batches by the size of a full one.
        return Accelerator(
            cpu=find_device().type == "cpu",
            mixed_precision="no",
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        )
    finally:
        log.setLevel(level)


def to_channels_last(inputs: Any) -> Any:
    """Keep images (N, C, H, W), also those in a tuple or dict, as (N, H, W, C) in memory.

    >>> to_channels_last((torch.zeros(2, 3, 4, 5), torch.zeros(2)))[0].stride()
    (60, 1, 15, 3)
    """
    from accelerate.utils import recursively_apply

    def reorder(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dim() != 4:
            return tensor
        return tensor.contiguous(memory_format=torch.channels_last)

    return recursively_apply(reorder, inputs)
