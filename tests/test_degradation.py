"""What the chapter ResNet counts and says: depths, the block, the construction, the record."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

from course_lib import models
from course_lib.arithmetic import count_parameters
from course_lib.arithmetic.depths import count_depth
from course_lib.data.labeled import read_record
from course_lib.exercises import resnet as exercises
from course_lib.models.resnet_blocks import BasicBlock, Bottleneck

DEPTHS = {  # by name, and as on slide L045
    "alexnet": 8,
    "vgg11": 11,
    "vgg19": 19,
    "googlenet": 22,
    "resnet18": 18,
    "resnet34": 34,
    "resnet50": 50,
    "resnet152": 152,
    "densenet121": 121,
}


@pytest.mark.parametrize("name", DEPTHS)
def test_depths_are_those_of_the_names(name):
    with torch.device("meta"):
        model = getattr(models, name)()
    assert count_depth(model, 224) == DEPTHS[name]


def test_depth_counts_the_longest_way():
    class Ways(nn.Module):
        def __init__(self):
            super().__init__()
            self.long = nn.Sequential(*(nn.Conv2d(2, 2, 1) for _ in range(3)))
            self.short = nn.Conv2d(2, 2, 1)
            self.last = nn.Linear(2, 2)

        def forward(self, x):
            return self.last((self.long(x) + self.short(x)).mean((2, 3)))

    assert count_depth(Ways(), 4) == 4
    assert count_depth(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), (4, 5)) == 1
    full = nn.Sequential(nn.Conv2d(1, 1, 4), nn.Flatten(), nn.Linear(1, 2, bias=False))
    assert count_depth(full, 4) == 2
    with torch.no_grad():  # a chapter may have switched gradients off
        assert count_depth(models.CifarResNet(44, in_channels=1, width=2), 8) == 44
    with pytest.raises(ValueError, match="`model` must take an image of 2 × 2 pixels"):
        count_depth(nn.Conv2d(1, 1, 3), 2)


def test_depth_leaves_the_model_alone():
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)).train()
    model.requires_grad_(False)
    count_depth(model, 4)
    assert model.training
    assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("depth", [20, 44])
def test_a_shallow_network_lives_on_in_a_deep_one(depth):
    """The argument of slide L046, with random statistics instead of trained ones."""
    torch.manual_seed(0)
    shallow = models.CifarResNet(8, in_channels=1, width=4, shortcut=False).eval()
    for norm in (m for m in shallow.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        nn.init.normal_(norm.bias)
    deep = models.CifarResNet(depth, in_channels=1, width=4, shortcut=False).eval()
    deep.load_state_dict(shallow.state_dict(), strict=False)
    with torch.no_grad():
        for stage in (deep.layer1, deep.layer2, deep.layer3):
            for block in stage[1:]:
                for conv, norm in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
                    nn.init.dirac_(conv.weight)
                    norm.weight.fill_((1 + norm.eps) ** 0.5)
        images = torch.rand(5, 1, 8, 8)
        torch.testing.assert_close(deep(images), shallow(images), rtol=1e-3, atol=1e-4)
        deep.layer2[1].conv1.weight[0, 0, 0, 0] = 1  # can go red
        assert not torch.allclose(deep(images), shallow(images), rtol=1e-3, atol=1e-4)


def test_the_exercises_agree_with_torch():
    count = count_parameters(Bottleneck(256, 64)) - 2 * (64 + 64 + 256)  # without normalization
    assert count == exercises.BOTTLENECK.answer
    with torch.device("meta"):
        block = BasicBlock(64, 128, 2, models.resnet_blocks.projection(64, 128, 2))
        shape = block.downsample(torch.zeros(1, 64, 56, 56)).shape
    assert [list(shape[1:])] == exercises.SHORTCUT_SHAPE.answer
    with torch.device("meta"):
        assert count_depth(models.resnet56_cifar(), 32) == exercises.COUNT_LAYERS.answer
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(5):
        y = y + 0.1 * y
    y.backward()
    assert abs(x.grad.item() - exercises.SLOPE.answer) < 1e-9
    reads = torch.zeros(56, 56)
    reads[::2, ::2] = 1
    assert 100 * reads.mean() == exercises.STRIDE_PLACE.answer


def _of(record, kind, depth, epochs):
    runs = [
        run
        for run in record["runs"]
        if (run["kind"], run["depth"], run["epochs"]) == (kind, depth, epochs)
    ]
    rates = {run["rate"]: run["train_loss"] for run in record["runs"] if run["seed"] == 0
             and (run["kind"], run["depth"], run["epochs"]) == (kind, depth, 12)}  # fmt: skip
    best = min(rates, key=rates.get)
    assert len(rates) == len(record["rates"])
    return {run["seed"]: run for run in runs if run["rate"] == best}


def test_the_record_shows_degradation_in_five_seeds_of_five():
    record = read_record("degradation")
    runs = {
        (kind, depth): _of(record, kind, depth, 12)
        for kind in ("plain", "residual")
        for depth in (8, 20, 44)
    }
    assert all(sorted(found) == [0, 1, 2, 3, 4] for found in runs.values())
    for seed in range(5):
        loss = {key: found[seed]["train_loss"] for key, found in runs.items()}
        wrong = {key: found[seed]["train_wrong"] for key, found in runs.items()}
        assert loss["plain", 44] > 10 * loss["plain", 20]
        assert loss["plain", 20] > loss["plain", 8]
        assert wrong["plain", 44] > wrong["plain", 20] + 100
        assert loss["residual", 44] < min(0.01 * loss["plain", 44], 0.5 * loss["plain", 20])
        assert wrong["residual", 44] <= wrong["residual", 20] + 3
    patient = [run["train_loss"] for run in _of(record, "plain", 44, 48).values()]
    assert len(patient) == 5
    assert min(patient) > max(run["train_loss"] for run in runs["plain", 20].values())
    assert max(patient) < min(run["train_loss"] for run in runs["plain", 44].values())
    for run in record["runs"]:
        assert len(run["losses"]) == run["epochs"]


def test_a_run_of_the_record_is_made_here():
    script = Path(__file__).parents[1] / "benchmarks" / "degradation.py"
    spec = importlib.util.spec_from_file_location("degradation", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    record = read_record("degradation")
    for depth, count in record["parameters"].items():
        with torch.device("meta"):
            for kind in module.KINDS:
                assert count_parameters(module.build(kind, int(depth))) == count
    stored = next(
        run
        for run in record["runs"]
        if (run["kind"], run["depth"], run["seed"], run["rate"], run["epochs"])
        == ("plain", 8, 0, 0.1, 12)
    )
    with torch.random.fork_rng():
        again = module.run("plain", 8, 0.1, 0)
    assert abs(again["train_wrong"] - stored["train_wrong"]) < 5
    assert abs(again["losses"][0] - stored["losses"][0]) < 0.2 * stored["losses"][0]
    assert module.best_rate(record["runs"], "plain", 8) in record["rates"]
