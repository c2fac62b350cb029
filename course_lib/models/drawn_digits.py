"""The LeNet-5 that reads what one draws: trained on MNIST, stored in a byte for each weight.

`benchmarks/train_digits.py` trained it and wrote the record, with what produced it.
"""

import base64
import json
from functools import lru_cache
from importlib import resources
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.models.lenet import lenet5

LARGE = ("c1", "c3", "c5", "f6")  # a byte for each weight; S2 and S4 have 44 numbers in all


@lru_cache
def digit_record() -> dict[str, Any]:
    """Read the record of the training: data, recipe, five seeds, accuracies, weights.

    >>> record = digit_record()
    >>> len(record["runs"]), sorted(record["weights"])
    (5, ['c1', 'c3', 'c5', 'f6', 's2', 's4'])

    Returns:
        What `benchmarks/train_digits.py --write` stored.

    Shown in the chapter LeNet-5 (book/08_lenet.md).
    """
    file = resources.files("course_lib.data") / "recorded" / "drawn_digits.json"
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


def drawn_digits_lenet5() -> nn.Sequential:
    """Return the LeNet-5 of the digit lab, trained on MNIST and on pens between thin and thick.

    `(N, 1, 32, 32) -> (N, 10)`

    >>> from course_lib.data.drawing import draw_strokes, network_input, prepare_digit
    >>> one = prepare_digit(draw_strokes([(140, 40, 140, 240)]))
    >>> drawn_digits_lenet5()(network_input(one[None])).argmax().item()
    1

    Returns:
        `lenet5()` in eval mode, on the CPU. Its input is that of `network_input`.

    Weights are stored as whole numbers from -127 to 127, and one scale for each output of C1, C5
    and F6 and for each kernel of C3. Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    model = lenet5()
    load_weights(model, digit_record()["weights"])
    return model.eval()


def store_weights(model: nn.Sequential) -> dict[str, Any]:
    """Round the weights of `lenet5` to a byte each, as JSON can hold them.

    >>> stored = store_weights(lenet5())
    >>> len(base64.b64decode(stored["c5"]["bytes"])), len(stored["c5"]["scale"])
    (48000, 120)

    Args:
        model: Of `lenet5()`.

    Returns:
        By the name of the layer: bytes in base64, their scales and the biases; for S2 and S4 the
        coefficients and biases as they are. Scale times byte is the weight, in float32.

    Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    stored: dict[str, Any] = {}
    layer: Any
    for name, layer in model.named_children():
        if name in LARGE:
            rows = layer.weight.detach().cpu().flatten(1)
            scale = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
            whole = (rows / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
            text = base64.b64encode(whole.numpy().tobytes()).decode("ascii")
            stored[name] = {"bytes": text, "scale": scale.tolist()}
        elif name in ("s2", "s4"):
            stored[name] = {"weight": layer.weight.detach().cpu().tolist()}
        if name in stored:
            stored[name]["bias"] = layer.bias.detach().cpu().tolist()
    return stored


@torch.no_grad()
def load_weights(model: nn.Sequential, stored: dict[str, Any]) -> None:
    """Put what `store_weights` made into a model of `lenet5()`.

    >>> model = lenet5()
    >>> load_weights(model, store_weights(model))

    Args:
        model: Of `lenet5()`; changed in place.
        stored: Of `store_weights`.

    Raises:
        ValueError: If the stored weights are not as many as those of the model.

    Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    for name, parts in stored.items():
        layer: Any = model.get_submodule(name)
        weight = _unpack(parts) if "bytes" in parts else torch.tensor(parts["weight"])
        if weight.numel() != layer.weight.numel():
            count = layer.weight.numel()
            raise ValueError(f"`stored` must have {count} weights of {name}, got {weight.numel()}")
        layer.weight.copy_(weight.view_as(layer.weight))
        layer.bias.copy_(torch.tensor(parts["bias"]))


def _unpack(parts: dict[str, Any]) -> Tensor:
    raw = bytearray(base64.b64decode(parts["bytes"]))
    scale = torch.tensor(parts["scale"])
    return torch.frombuffer(raw, dtype=torch.int8).view(len(scale), -1) * scale[:, None]
