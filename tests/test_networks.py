"""The table of all networks: what is stored is what is counted, and what torchvision publishes."""

import random

import pytest
import torch
import torchvision

from course_lib.arithmetic import count_macs, count_parameters
from course_lib.arithmetic.depths import count_depth
from course_lib.networks import FAMILIES, NETWORKS, accuracy_of, find_network, undominated

NAMED = ("VGG", "ResNet", "DenseNet")  # their names say the depth
SMALLEST = ("VGG-11", "ResNet-18", "ResNet-50", "DenseNet-121")
HEADS = {"inception_v3": 27_161_264 - 23_834_568}  # torchvision counts this auxiliary head as well


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_the_stored_counts_are_computed(network):
    with torch.device("meta"):
        net = network.build().eval()
    assert count_parameters(net) == network.parameters
    assert count_macs(net, network.size) == network.macs
    if network.family not in NAMED or network.name in SMALLEST:
        assert count_depth(net, network.size) == network.depth


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_the_accuracies_are_those_of_torchvision(network):
    if not network.top1:
        return
    found = {}
    for weights in torchvision.models.get_model_weights(network.builder):
        meta = weights.meta
        right = meta["_metrics"]["ImageNet-1K"]["acc@1"]
        if weights.name.startswith("IMAGENET1K_V"):
            found[weights.name.removeprefix("IMAGENET1K_")] = right
            assert meta["num_params"] == network.parameters + HEADS.get(network.builder, 0)
            assert meta["_ops"] == pytest.approx(network.macs / 1e9, abs=1e-3)
    assert found == network.top1


def test_the_table_is_in_order():
    assert len({network.name for network in NETWORKS}) == len(NETWORKS)
    assert {network.family for network in NETWORKS} == set(FAMILIES)
    first = [min(n.year for n in NETWORKS if n.family == family) for family in FAMILIES[:-1]]
    assert first == sorted(first)


def test_names_say_the_depth():
    for network in NETWORKS:
        family, _, number = network.name.partition("-")
        if family in NAMED:
            assert network.depth == int(number)


def test_accuracy_of_and_find_refuse():
    assert accuracy_of(find_network("VGG-16"), "best") == 71.592
    assert accuracy_of(find_network("NiN"), "best") is None
    with pytest.raises(ValueError, match="`weights` must be 'V1' or 'best', got 'V2'"):
        accuracy_of(find_network("NiN"), "V2")
    with pytest.raises(ValueError, match=r"`name` must be one of LeNet-5, .*, got 'VGG'"):
        find_network("VGG")
    with pytest.raises(ValueError, match="`gains` must be as many as `costs`, 1, got 2"):
        undominated([1], [1, 2])


def test_undominated_is_what_its_definition_says():
    rng = random.Random(0)
    for _ in range(300):
        points = [(rng.randrange(6), rng.randrange(6)) for _ in range(rng.randrange(9))]
        costs, gains = [list(column) for column in zip(*points, strict=True)] or [[], []]
        beaten = {
            n
            for n, (c, g) in enumerate(points)
            if any(cc <= c and gg >= g and (cc, gg) != (c, g) for cc, gg in points)
        }
        found = undominated(costs, gains)
        assert set(found) == set(range(len(points))) - beaten
        assert [costs[n] for n in found] == sorted(costs[n] for n in found)
