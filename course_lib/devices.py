"""Where a chapter computes: the same code runs on a CPU and on a GPU."""

import torch


def find_device() -> torch.device:
    """Return the device that the chapters compute on.

    CUDA (also ROCm) where there is one, else the CPU. Apple's MPS is left out: it has no float64,
    in which the chapters compare numbers.

    >>> find_device().type in {"cuda", "cpu"}
    True
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_device() -> str:
    """Say in one line what `find_device` found, with the name of the GPU if there is one.

    >>> describe_device().startswith("device: ")
    True
    """
    device = find_device()
    if device.type == "cuda":
        return f"device: cuda ({torch.cuda.get_device_name(device)})"
    return f"device: {device.type}"
