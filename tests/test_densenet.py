"""DenseNet: its twin in torchvision, its counts, and the paper's connections."""

import pytest
import torch
import torchvision

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from course_lib.data.labeled import read_record
from course_lib.models.densenet import DenseNet
from parity import assert_twins, run

COUNTS = {  # parameters, MACs at 224, receptive field: torchvision's own, and our measurements
    "densenet121": (7_978_856, 2_834_161_664, 2071),
    "densenet161": (28_681_000, 7_727_907_072, 2967),
    "densenet169": (14_149_480, 3_359_843_328, 3351),
    "densenet201": (20_013_928, 4_291_365_888, 3863),
}


@pytest.mark.parametrize("name", COUNTS)
def test_is_the_twin_of_torchvision(name):
    theirs = getattr(torchvision.models, name)(num_classes=3)
    assert_twins(getattr(models, name)(3), theirs, size=32)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    with torch.device("meta"):
        model = getattr(models, name)()
    parameters, macs, field = COUNTS[name]
    assert count_parameters(model) == parameters
    assert count_macs(model, 224) == macs
    assert receptive_field(model.features, 224)[-1].receptive_field == (field, field)
    meta = torchvision.models.get_model_weights(name)["DEFAULT"].meta
    assert meta["num_params"] == parameters


def test_counts_of_the_networks_for_small_images():
    for depth, growth_rate, wanted in ((100, 12, 769_162), (250, 24, 15_324_406)):
        with torch.device("meta"):
            model = models.densenet_cifar(depth=depth, growth_rate=growth_rate)
        assert count_parameters(model) == wanted
        kinds = (torch.nn.Conv2d, torch.nn.Linear)
        assert sum(isinstance(m, kinds) for m in model.modules()) == depth
    for depth in (4, 21, 100.5):
        with pytest.raises(ValueError, match="`depth` must be"):
            models.densenet_cifar(depth=depth)


def test_every_layer_sees_all_before_it():
    model = models.densenet121()
    for block, layers in enumerate((6, 12, 24, 16), 1):
        inputs = [
            layer.conv1.in_channels
            for layer in getattr(model.features, f"denseblock{block}").values()
        ]
        assert len(inputs) == layers
        assert set(torch.tensor(inputs).diff().tolist()) == {32}  # the growth rate


def test_dropout_and_frugality():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 32, 32, generator=generator, dtype=torch.float64)
    for dropout in (0.0, 0.2):
        theirs = torchvision.models.DenseNet(
            4, (2, 2), 8, drop_rate=dropout, num_classes=3
        ).double()
        for frugal in (False, True):
            ours = DenseNet(
                3, growth_rate=4, blocks=(2, 2), stem=8, dropout=dropout, memory_efficient=frugal
            ).double()
            ours.load_state_dict(theirs.state_dict())
            with torch.random.fork_rng():
                found, wanted = run(ours, images, True), run(theirs, images, True)
            torch.testing.assert_close(found[0][0], wanted[0][0])
            torch.testing.assert_close(found[1], wanted[1])
            theirs.load_state_dict(ours.state_dict())


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"compression": 0}, "`compression` must be above 0 and at most 1, got 0"),
        ({"dropout": 1}, "`dropout` must be from 0 to below 1, got 1"),
        ({"blocks": ()}, "`blocks` must have at least one block"),
        ({"blocks": (2, 0)}, "`blocks` must be at least 1, got 0"),
        ({"growth_rate": 0}, "`growth_rate` must be at least 1, got 0"),
        ({"memory_efficient": 1}, "`memory_efficient` must be True or False, got 1"),
    ],
)
def test_refuses(keywords, message):
    with pytest.raises(ValueError, match=message):
        DenseNet(**keywords)


def test_the_record_holds_and_is_made_here():
    """What the chapter says of the five seeds, and one run of them again."""
    import importlib.util
    from pathlib import Path

    record = read_record("dense_parameters")
    right = {(run["network"], run["seed"]): run["right"] for run in record["runs"]}
    for seed in range(5):
        assert right["dense", seed] > right["residual", seed] > right["plain", seed]
    script = Path(__file__).parents[1] / "benchmarks" / "compare_densenet.py"
    spec = importlib.util.spec_from_file_location("compare_densenet", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, make in module.NETWORKS.items():
        with torch.device("meta"):
            assert count_parameters(make()) == record["parameters"][name]
    with torch.random.fork_rng():
        again = module.run("dense", 0)["right"]
    assert abs(again - right["dense", 0]) < 10
