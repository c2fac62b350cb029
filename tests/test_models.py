"""What holds for every architecture: gray images, memory layouts, half precision, compilation."""

import pytest
import torch

from course_lib import models

# One of each family, the smallest that shows its parts; the size of image that it is tried on.
FAMILIES = {
    "lenet5": (32, {"output": "linear"}),
    "lenet5_dense": (32, {"in_channels": 3}),
    "alexnet": (64, {"variant": "torchvision"}),
    "vgg11": (32, {"batch_norm": True}),
    "nin": (96, {}),
    "googlenet": (64, {"variant": "torchvision", "aux_logits": False}),
    "inception_v2": (96, {"aux_logits": False}),
    "inception_v3": (96, {"aux_logits": False}),
    "resnet18": (64, {}),
    "resnet50": (64, {"variant": "v1"}),
    "resnet20_cifar": (32, {}),
    "densenet121": (64, {}),
}


def build(name, **keywords):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(models, name)(**keywords).eval()


@pytest.mark.parametrize("name", FAMILIES)
def test_runs_everywhere(name):
    size, keywords = FAMILIES[name]
    keywords = {"in_channels": 1, "num_classes": 5, **keywords}
    model = build(name, **keywords)
    channels = keywords["in_channels"]
    images = torch.rand(2, channels, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = model(images)
        assert wanted.shape == (2, 5)
        assert wanted.std() > 0
        scale = wanted.abs().max().item()
        compiled = torch.compile(model, backend="eager", fullgraph=True)(images)
        torch.testing.assert_close(compiled, wanted, rtol=1e-4, atol=1e-4 * scale)
        with torch.autocast("cpu", torch.bfloat16):
            half = model(images)
        torch.testing.assert_close(half.float(), wanted, rtol=0.1, atol=0.1 * scale)
        last = model.to(memory_format=torch.channels_last)
        found = last(images.to(memory_format=torch.channels_last))
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3 * scale)
        with torch.device("meta"):  # nothing in forward may make a tensor on a device of its own
            twin = getattr(models, name)(**keywords).eval()
        assert twin(images.to("meta")).device.type == "meta"


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("argument", ["num_classes", "in_channels"])
@pytest.mark.parametrize("value", [0, 2.5, "3"])
def test_refuses_odd_numbers(name, argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be"):
        getattr(models, name)(**{argument: value})
