"""Write `layer_table_lab.json.gz`: what torchvision's networks say of the layers of the lab.

`costs`: for each network that torchvision has, and each convolution and fully connected layer: its
name, maps, positions along an axis, parameters and MACs, by the formulas of one layer from what
hooks see. `windows`: for some layers and positions of chosen networks, the first and the last row
of pixels that has a gradient, in a network whose weights are positive, with means in place of
maxima and without normalization. After a change of the lab's networks:
`python tests/golden/make_layer_table_lab.py`.
"""

import gzip
import json
import random
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

PATH = Path(__file__).with_name("layer_table_lab.json.gz")
SIZES = {
    "alexnet": 224,
    "vgg16": 224,
    "googlenet": 224,
    "inception_v3": 299,
    "resnet18": 224,
    "resnet50": 224,
    "densenet121": 224,
}
QUICK = ("alexnet", "vgg16")
SLOW = ("resnet18", "googlenet")


def costs(name: str) -> list[list[Any]]:
    """Run torchvision's network without numbers and count each layer by its formula."""
    keywords = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    keywords |= {"init_weights": False} if keywords else {}
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(**keywords).eval()
    rows: list[list[Any]] = []

    def note(path: str, layer: Any, output: Tensor) -> None:
        weights = layer.weight.numel()
        side = output.shape[-1] if output.dim() == 4 else 1
        biases = 0 if layer.bias is None else layer.bias.numel()
        rows.append([path, output.shape[1], side, weights + biases, weights * side**2])

    for path, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(lambda m, _, out, path=path: note(path, m, out))
    model(torch.zeros(1, 3, SIZES[name], SIZES[name], device="meta"))
    return rows


def positive(name: str) -> nn.Module:
    """Build a network through which every path has a positive gradient."""
    if name == "vgg16":  # two maps a layer: what is seen does not depend on their number
        plan = [v if v == "M" else 2 for v in torchvision.models.vgg.cfgs["D"]]
        parts = {"features": torchvision.models.vgg.make_layers(plan)}
        model: Any = nn.Sequential(OrderedDict(parts))
    elif name == "alexnet":
        model = nn.Sequential(OrderedDict(features=torchvision.models.alexnet().features))
    elif name == "googlenet":
        model = torchvision.models.googlenet(aux_logits=False, init_weights=False)
    else:
        model = getattr(torchvision.models, name)()
    for module in list(model.modules()):
        for child, layer in list(module.named_children()):
            if isinstance(layer, nn.ReLU | nn.BatchNorm2d | nn.Dropout):
                setattr(module, child, nn.Identity())
            elif isinstance(layer, nn.MaxPool2d):
                k, s, p = layer.kernel_size, layer.stride, layer.padding
                setattr(module, child, nn.AvgPool2d(k, s, p, ceil_mode=layer.ceil_mode))
            elif isinstance(layer, nn.Conv2d):
                nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
                layer.bias = None
    return model.eval()


def windows(name: str, every: int) -> list[list[Any]]:
    """For every so many layers: name, three positions, and the rows that have a gradient."""
    rng = random.Random(0)
    model = positive(name)
    maps: dict[str, Tensor] = {}
    for path, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.AvgPool2d):
            layer.register_forward_hook(lambda m, _, out, path=path: maps.update({path: out}))
    image = torch.ones(1, 3, SIZES[name], SIZES[name], requires_grad=True)
    model(image)
    rows = []
    for path in list(maps)[::every]:
        side = maps[path].shape[-1]
        for position in (0, rng.randrange(side), side - 1):
            row = maps[path][0, :, position].sum()
            (gradient,) = torch.autograd.grad(row, image, retain_graph=True)
            seen = gradient[0, 0].sum(dim=1).nonzero().flatten()
            rows.append([path, position, int(seen[0]), int(seen[-1])])
    return rows


def compute(names: tuple[str, ...] = (*QUICK, *SLOW)) -> dict[str, Any]:
    """Let torchvision's networks say what their layers cost, and the chosen ones what they see."""
    return {
        "costs": {name: costs(name) for name in SIZES},
        "windows": {name: windows(name, 1 if name in QUICK else 5) for name in names},
    }


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
