"""VGG: its twin in torchvision, its counts, and how it starts."""

import importlib.util
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from course_lib.data.labeled import read_record
from course_lib.models.vgg import CONFIGURATIONS, VGG
from parity import assert_twins

COUNTS = {  # configuration, parameters, with batch normalization, MACs at 224, receptive field
    "vgg11": ("A", 132_863_336, 132_868_840, 7_609_090_048, 150),
    "vgg13": ("B", 133_047_848, 133_053_736, 11_308_466_176, 156),
    "vgg16": ("D", 138_357_544, 138_365_992, 15_470_264_320, 212),
    "vgg19": ("E", 143_667_240, 143_678_248, 19_632_062_464, 268),
}


def slim(model):
    """Make the hidden layers small: what is compared is how the parts are joined."""
    new = iter((nn.Linear(512 * 49, 8), nn.Linear(8, 8), nn.Linear(8, 3)))
    old = model.classifier
    model.classifier = nn.Sequential(*[next(new) if isinstance(m, nn.Linear) else m for m in old])
    return model


@pytest.mark.parametrize(("name", "size"), [("vgg11", 64), ("vgg11_bn", 32), ("vgg16_bn", 32)])
def test_is_the_twin_of_torchvision(name, size):
    with torch.device("meta"):  # the large layers never get numbers
        theirs = slim(getattr(torchvision.models, name)(num_classes=3, dropout=0.3))
        plain, _, norm = name.partition("_")
        ours = slim(getattr(models, plain)(3, batch_norm=bool(norm), dropout=0.3))
    theirs, ours = theirs.to_empty(device="cpu"), ours.to_empty(device="cpu")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for layer in theirs.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
            if isinstance(layer, nn.Conv2d):  # as both start: the signal keeps its size
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    assert_twins(ours, theirs, size=size)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("name", COUNTS)
def test_names_shapes_and_counts(name, norm):
    configuration, plain, normed, macs, field = COUNTS[name]
    with torch.device("meta"):
        ours = getattr(models, name)(batch_norm=norm)
        theirs = getattr(torchvision.models, name + "_bn" * norm)()
    shapes = [{n: t.shape for n, t in m.state_dict().items()} for m in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert [type(m) for m in ours.modules()][1:] == [type(m) for m in theirs.modules()][1:]
    assert count_parameters(ours) == (normed if norm else plain)
    meta = torchvision.models.get_model_weights(name + "_bn" * norm)["DEFAULT"].meta
    assert meta["num_params"] == count_parameters(ours)
    assert count_macs(ours, 224) == macs
    last = receptive_field(ours.features, 224)[-1]
    assert (last.receptive_field[0], last.jump[0], last.size[0]) == (field, 32, 7)
    convolutions = sum(map(len, CONFIGURATIONS[configuration]))
    assert convolutions + 3 == int(name.removeprefix("vgg"))


def test_starts_as_he_proposed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VGG(4, blocks=((32, 32), (64,)), hidden=64)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_out = (2 / (layer.weight.shape[0] * 9)) ** 0.5
            wanted = fan_out if isinstance(layer, nn.Conv2d) else 0.01
            assert layer.weight.std().item() == pytest.approx(wanted, rel=0.1)
            assert not layer.bias.any()


def test_pretrained_weights_fit_gray_images_and_other_classes():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        given, gray = (
            VGG(n, blocks=((4,), (8,)), in_channels=c, batch_norm=True, hidden=8).eval()
            for n, c in ((5, 3), (2, 1))
        )
        done = models.load_pretrained(gray, given.state_dict())
        image = torch.rand(1, 1, 32, 32)
    assert done.adapted == ("features.0.weight",)
    assert done.fresh == ("classifier.6.weight", "classifier.6.bias")
    torch.testing.assert_close(gray.features(image), given.features(image.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"batch_norm": 1}, "`batch_norm` must be True or False, got 1"),
        ({"dropout": 1}, "`dropout` must be from 0 to below 1, got 1"),
        ({"blocks": ()}, "`blocks` must have a convolution in each block"),
        ({"blocks": ((8,), ())}, "`blocks` must have a convolution in each block"),
        ({"blocks": ((8, 0),)}, "`blocks` must be at least 1, got 0"),
        ({"hidden": 0}, "`hidden` must be at least 1, got 0"),
    ],
)
def test_refuses(keywords, message):
    with pytest.raises(ValueError, match=message):
        VGG(**keywords)


def test_the_record_holds_and_is_made_here():
    """What the chapter says of the five seeds, and one run of them again."""
    record = read_record("small_kernels")
    right = {(run["network"], run["seed"]): run["right"] for run in record["runs"]}
    script = Path(__file__).parents[1] / "benchmarks" / "compare_kernels.py"
    spec = importlib.util.spec_from_file_location("compare_kernels", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert set(right) == {(name, seed) for name in module.NETWORKS for seed in range(5)}
    for name in module.NETWORKS:
        with torch.device("meta"):
            net = module.network(name)
        assert count_parameters(net) == record["parameters"][name]
        assert count_macs(net, module.SIZE) == record["macs"][name]
        assert record["receptive_field"][name] == 24  # 3, twice 7, a halving
    with torch.random.fork_rng():
        again = module.run("three 3 x 3", 0)["right"]
    assert abs(again - right["three 3 x 3", 0]) < 25


def test_the_table_of_the_slide():
    """L035, line by line, from the layers of the network."""
    with torch.device("meta"):
        model = models.vgg16()
    blocks, count = [], 0
    for layer in model.features:
        if isinstance(layer, nn.MaxPool2d):
            blocks.append(count)
            count = 0
        count += count_parameters(layer)
    assert blocks == [38_720, 221_440, 1_475_328, 5_899_776, 7_079_424]
    dense = [count_parameters(m) for m in model.classifier if isinstance(m, nn.Linear)]
    assert dense == [102_764_544, 16_781_312, 4_097_000]
    assert sum(blocks) == 14_714_688
    assert sum(blocks) + sum(dense) == 138_357_544
    assert round(100 * sum(dense) / 138_357_544, 1) == 89.4


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_small_kernels_see_as_much_as_one_large(layers):
    """By the gradient of one output: positive weights, so that nothing cancels."""
    side = 2 * layers + 1
    image = torch.ones(1, 1, 15, 15, requires_grad=True)
    maps = image
    for _ in range(layers):
        maps = nn.functional.conv2d(maps, torch.ones(1, 1, 3, 3))
    maps[0, 0, 4, 4].backward()
    rows = image.grad[0, 0].sum(dim=1).nonzero().flatten()
    assert len(rows) == rows[-1] - rows[0] + 1 == side
