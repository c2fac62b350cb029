"""Inception v2 and v3: against torchvision, the tables of the paper, and the graph of autograd."""

import functools
import importlib.util
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision.models as zoo

from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from course_lib.data.labeled import read_record
from course_lib.exercises import find
from course_lib.models import inception_v2, inception_v3
from course_lib.models.inception import MODULES_V2, MODULES_V3
from course_lib.models.inception_modules import HALVE, ConvUnit, Module, SideHead, module_7x7
from parity import assert_twins

NETWORKS = {
    inception_v2: (29_280_176, 25_954_248, 6_352_562_784, 1519),
    inception_v3: (27_161_264, 23_834_568, 5_713_216_096, 1311),
}


def theirs(**keywords):
    return zoo.inception_v3(num_classes=10, init_weights=False, dropout=0.5, **keywords)


def on_meta(network, **keywords):
    with torch.device("meta"):
        return network(**keywords).eval()


def longest_path(output):
    """Layers with weights on the longest way back through the graph of autograd."""

    @functools.cache
    def below(node):
        weighs = node.name().startswith(("Convolution", "Addmm"))
        return weighs + max((below(n) for n, _ in node.next_functions if n is not None), default=0)

    return below(output.grad_fn)


def test_v3_is_torchvisions():
    assert_twins(inception_v3(10, aux_logits=False), theirs(aux_logits=False), 75)


def test_v3_is_torchvisions_with_the_side_head():
    """Its maps are made 17 x 17, which `conv1` needs: images of 299 x 299 would take long."""
    twins = inception_v3(10), theirs(aux_logits=True)
    for model in twins:
        model.AuxLogits.register_forward_pre_hook(lambda _, maps: F.interpolate(maps[0], (17, 17)))
    ours, reference = twins
    with torch.random.fork_rng():
        assert_twins(ours, reference, 80)
    outputs = ours.train()(torch.zeros(2, 3, 80, 80, dtype=torch.float64))
    assert outputs._fields == ("logits", "aux_logits")


def test_the_input_is_transformed_as_torchvision_does():
    ours, reference = inception_v3(10, transform_input=True), theirs(transform_input=True)
    reference.load_state_dict(ours.state_dict())
    images = torch.randn(1, 3, 80, 80, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found, wanted = ours.eval()(images), reference.eval()(images)
        torch.testing.assert_close(found, wanted)
        ours.transform_input = False
        assert not torch.allclose(ours(images), wanted)


def test_v3_is_initialized_as_torchvisions():
    torch.manual_seed(0)
    ours = inception_v3(10)
    reference = zoo.inception_v3(num_classes=10, init_weights=True).state_dict()
    for name, tensor in ours.state_dict().items():
        if tensor.numel() > 1000:
            assert tensor.std().item() == pytest.approx(reference[name].std().item(), rel=0.15), (
                name
            )
    assert ours.AuxLogits.fc.weight.std().item() == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize("network", NETWORKS)
def test_counts(network):
    with_head, without, macs, field = NETWORKS[network]
    model, plain = on_meta(network), on_meta(network, aux_logits=False)
    assert (count_parameters(model), count_parameters(plain)) == (with_head, without)
    assert count_macs(model, 299) == count_macs(plain, 299) == macs
    last = [row for row in receptive_field(plain, 299) if row.name.startswith("Mixed_7c")][-1]
    assert max(last.receptive_field) == field
    text = " ".join(network.__doc__.split())
    for number in (f"{with_head:,}", f"{without:,}", f"{macs:,}", f"field: {field} "):
        assert number in text


def test_v2_has_the_sizes_of_table_1():
    """Rows: what goes into a layer of the paper's table, as pixels and maps."""
    model, seen = on_meta(inception_v2), {}
    for name, part in model.named_children():
        part.register_forward_pre_hook(lambda _, x, name=name: seen.update({name: x[0].shape[1:]}))
    model(torch.zeros(1, 3, 299, 299, device="meta"))
    table = {
        "Conv2d_1a_3x3": (3, 299),
        "Conv2d_2a_3x3": (32, 149),
        "Conv2d_2b_3x3": (32, 147),
        "maxpool1": (64, 147),
        "Conv2d_3b_3x3": (64, 73),
        "Conv2d_4a_3x3": (80, 71),
        "Conv2d_4b_3x3": (192, 35),
        **dict.fromkeys(("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a"), (288, 35)),
        **{f"Mixed_6{letter}": (768, 17) for letter in "bcdef"},
        "Mixed_7a": (768, 17),
        "Mixed_7b": (1280, 8),
        "Mixed_7c": (2048, 8),
        "avgpool": (2048, 8),
        "fc": (2048,),
    }
    found = {name: tuple(shape) for name, shape in seen.items()}
    found.pop("dropout")
    assert found == {name: (*row, *row[1:]) for name, row in table.items()}


@pytest.mark.parametrize(
    ("network", "layers"), [(inception_v2, 54), (inception_v3, 48), (theirs, 48)]
)
def test_longest_path(network, layers):
    model = network(aux_logits=False).train()
    assert longest_path(model(torch.zeros(2, 3, 75, 75))) == layers


def layers_of(branches, *, pairs_count_once=False):
    """The same by the data: the longest branch of a module."""

    def one(branch):
        kernels = [step[0][2:4] if isinstance(step, list) else step[2:4] for step in branch
                   if not isinstance(step, str)]  # fmt: skip
        halves = [k for k in kernels if sorted(k) == [1, 7]] if pairs_count_once else []
        return len(kernels) - len(halves) // 2

    return max(map(one, branches))


def test_how_42_layers_can_be_counted():
    stem = 6
    assert stem + sum(map(layers_of, MODULES_V2.values())) + 1 == 54
    assert 5 + sum(map(layers_of, MODULES_V3.values())) + 1 == 48
    once = functools.partial(layers_of, pairs_count_once=True)
    assert stem + sum(map(once, MODULES_V2.values())) == 42


def test_no_grid_is_pooled_first():
    """In a reduction, the pooling is a branch of its own."""
    for modules in (MODULES_V2, MODULES_V3):
        for branches in modules.values():
            assert all(HALVE not in branch or branch == (HALVE,) for branch in branches)


@pytest.mark.parametrize("network", NETWORKS)
def test_modes_and_the_side_head(network):
    model = network(5, in_channels=1)
    small = torch.zeros(1, 1, 75, 75)
    assert model.eval()(small).shape == (1, 5)
    with pytest.raises(ValueError, match="`images` must be at least 299 pixels"):
        model.train()(small)
    meta = on_meta(network, num_classes=5, in_channels=1).train()
    outputs = meta(torch.zeros(2, 1, 299, 299, device="meta"))
    assert outputs.logits.shape == outputs.aux_logits.shape == (2, 5)
    assert not any("AuxLogits" in name for name in network(5, aux_logits=False).state_dict())


def test_only_v3_normalizes_the_connected_layer_of_the_side_head():
    def normalized(head):
        return {name.split(".")[0] for name in head.state_dict() if "running_mean" in name}

    assert normalized(on_meta(inception_v2).AuxLogits) == {"conv0"}
    assert normalized(on_meta(inception_v3).AuxLogits) == {"conv0", "conv1"}


@pytest.mark.parametrize(
    ("keywords", "part"),
    [
        ({"dropout": 1}, "`dropout` must be at least 0 and below 1, got 1"),
        ({"dropout": "0.5"}, "`dropout` must be"),
        ({"dropout": True}, "`dropout` must be"),
        ({"aux_logits": 1}, "`aux_logits` must be True or False, got 1"),
        ({"transform_input": None}, "`transform_input` must be True or False"),
        ({"transform_input": True, "in_channels": 1}, "`transform_input` must be False for 1"),
    ],
)
def test_bad_arguments(keywords, part):
    with pytest.raises(ValueError, match=part):
        on_meta(inception_v3, **keywords)


def test_a_module_is_its_branches_stacked():
    """By hand, from the units: figure 6 with 4 inner maps."""
    torch.manual_seed(0)
    module = Module(3, module_7x7(4)).eval()
    maps = torch.randn(1, 3, 9, 9)
    with torch.no_grad():
        rows = module.branch7x7_2(module.branch7x7_1(maps))
        double = module.branch7x7dbl_3(module.branch7x7dbl_2(module.branch7x7dbl_1(maps)))
        wanted = [
            module.branch1x1(maps),
            module.branch7x7_3(rows),
            module.branch7x7dbl_5(module.branch7x7dbl_4(double)),
            module.branch_pool(F.avg_pool2d(F.pad(maps, (1, 1, 1, 1)), 3, stride=1)),
        ]
        torch.testing.assert_close(module(maps), torch.cat(wanted, dim=1))
    assert [part.shape[1] for part in wanted] == [192] * 4
    assert module.out_channels == 768


def test_a_unit_without_normalization_has_a_bias():
    unit = ConvUnit(2, 3, 1, batch_norm=False)
    assert sorted(unit.state_dict()) == ["conv.bias", "conv.weight"]
    assert SideHead(4, 2, batch_norm=False).conv1.conv.bias is not None


def test_the_record_holds_and_is_made_here():
    """What the chapter says of the five seeds, and one run of each experiment again."""
    record = read_record("rows_and_columns")
    script = Path(__file__).parents[1] / "benchmarks" / "compare_factorized.py"
    spec = importlib.util.spec_from_file_location("compare_factorized", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    right = {(run["network"], run["seed"]): run["right"] for run in record["kernels"]}
    right |= {(run["setting"], run["seed"]): run["right"] for run in record["smoothing"]}
    names = (*module.NETWORKS, *module.SETTINGS)
    assert set(right) == {(name, seed) for name in names for seed in range(5)}
    for name in module.NETWORKS:
        with torch.device("meta"):
            assert count_parameters(module.network(name)) == record["parameters"][name]
    pair, short = "1 x 7 and 7 x 1", "5 epochs, ε = 0"
    with torch.random.fork_rng():
        again = module.compare_kernels(pair, 0)["right"]
        smoothed = module.smooth_wrong_labels(short, 0)
    assert abs(again - right[pair, 0]) < 25
    assert abs(smoothed["right"] - right[short, 0]) < 25
    assert smoothed["wrong_labels_learned"] < 0.1 * smoothed["wrong_labels"]


def test_what_passes_through_a_bottleneck():
    """The answer of the exercise, from a pooling."""
    between = F.max_pool2d(torch.zeros(1, 64, 32, 32), 2).numel()
    assert find("inception/pool-first").answer == between
