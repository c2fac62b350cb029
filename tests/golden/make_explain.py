"""Make explain.json: maps by captum, which is no dependency, of a small network given in full.

    pip install --no-deps --target /tmp/peer captum==0.9.0
    PYTHONPATH=/tmp/peer python tests/golden/make_explain.py

captum averages over the windows that cover a pixel, as we do, if asked not to use their weights.
"""

import json
from pathlib import Path

import torch
from torch import nn


def network(parameters=None):
    """Return two convolutions, global average pooling and a linear layer."""
    model = nn.Sequential(
        *(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)),
    )
    if parameters:
        tensors = {name: torch.tensor(values) for name, values in parameters.items()}
        model.load_state_dict(tensors)
    return model.eval()


def main() -> None:
    """Write the file beside this one."""
    from captum.attr import LayerGradCam, Occlusion, Saliency

    torch.manual_seed(0)
    model = network()
    images = torch.rand(3, 2, 8, 8)
    target = torch.tensor([0, 2, 1])
    covered = Occlusion(model).attribute(
        images, (2, 3, 4), target=target, strides=(2, 1, 2), baselines=0.25
    )
    found = {
        "parameters": {name: p.tolist() for name, p in model.state_dict().items()},
        "images": images.tolist(),
        "target": target.tolist(),
        "logits": model(images).tolist(),
        "grad_cam": LayerGradCam(model, model[3]).attribute(images, target, relu_attributions=True),
        "gradient": Saliency(model).attribute(images, target, abs=False),
        "occlusion": covered,
    }
    plain = {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in found.items()}
    Path(__file__).with_name("explain.json").write_text(json.dumps(plain) + "\n")


if __name__ == "__main__":
    main()
