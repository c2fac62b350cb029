"""NiN and GoogLeNet: their numbers, their twins, and their layers written out."""

import functools

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from course_lib import models
from course_lib.arithmetic import conv_macs, count_macs, count_parameters, receptive_field
from parity import assert_twins, randomize


def on_meta(make, **keywords):
    with torch.device("meta"):
        return make(**keywords)


def random_images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# NiN ---------------------------------------------------------------------------------------------


def test_nin_numbers():
    model = on_meta(models.nin)
    assert count_parameters(model) == 7_439_608
    assert count_macs(model, 224) == 965_572_864
    assert receptive_field(model, 224)["7"].receptive_field == (195, 195)
    assert count_parameters(on_meta(models.nin, num_classes=10, in_channels=1)) == 1_992_166


def test_nin_equals_its_layers_written_out():
    model = models.nin(7, in_channels=2).double().eval()
    randomize(model)
    state = iter(model.state_dict().values())
    images = random_images(2, 2, 67, 83)

    x = images
    for stride, padding, last in ((4, 0, False), (1, 2, False), (1, 1, False), (1, 1, True)):
        x = F.conv2d(x, next(state), next(state), stride, padding).clamp(min=0)
        for _ in range(2):  # a layer of 1 x 1 is a product of matrices at every pixel
            weight, bias = next(state)[:, :, 0, 0], next(state)
            x = (torch.einsum("oc,nchw->nohw", weight, x) + bias[:, None, None]).clamp(min=0)
        if not last:
            x = F.max_pool2d(x, 3, 2)
    wanted = x.flatten(2).mean(dim=2)
    assert next(state, None) is None
    torch.testing.assert_close(model(images), wanted)
    assert wanted.max() > 0


def test_nin_starts_with_signals_that_neither_vanish_nor_explode():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = models.nin(10).eval()
    with torch.no_grad():
        assert 0.05 < model[:-2](random_images(2, 3, 96, 96).float()).std() < 20


@pytest.mark.parametrize("dropout", [-0.1, 1, 2])
@pytest.mark.parametrize("make", [models.nin, models.googlenet])
def test_refuses_a_dropout_that_is_no_share(make, dropout):
    with pytest.raises(ValueError, match="`dropout` must be from 0 to below 1"):
        make(dropout=dropout)


# GoogLeNet ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "main", "both", "macs", "field"),
    [
        ("torchvision", 6_624_904, 13_004_888, 1_498_376_192, 379),
        ("paper", 6_998_552, 13_378_280, 1_582_671_872, 715),
    ],
)
def test_googlenet_numbers(variant, main, both, macs, field):
    without = on_meta(models.googlenet, variant=variant, aux_logits=False).eval()
    assert count_parameters(without) == main
    assert count_parameters(on_meta(models.googlenet, variant=variant)) == both
    assert count_macs(without, 224) == macs
    last = receptive_field(without, 224)["inception5b"]
    assert (last.size, last.jump, last.receptive_field) == ((7, 7), (32, 32), (field, field))


def twin(**keywords):
    return torchvision.models.googlenet(
        weights=None, num_classes=10, init_weights=False, **keywords
    )


@pytest.mark.parametrize("aux_logits", [True, False])
def test_googlenet_is_torchvisions(aux_logits):
    ours = models.googlenet(10, aux_logits=aux_logits)
    assert_twins(ours, twin(aux_logits=aux_logits), size=64)


def test_googlenet_changes_its_input_as_torchvision_does():
    ours = models.googlenet(10, aux_logits=False, transform_input=True).double().eval()
    theirs = twin(aux_logits=False, transform_input=True).double().eval()
    randomize(theirs)
    ours.load_state_dict(theirs.state_dict())
    images = random_images(1, 3, 48, 64)
    torch.testing.assert_close(ours(images), theirs(images))


def test_googlenet_starts_like_torchvisions():
    found = models.googlenet(10, aux_logits=False).state_dict()
    for name in ("conv3.conv.weight", "inception5b.branch2.1.conv.weight", "fc.weight"):
        assert found[name].std().item() == pytest.approx(0.01, rel=0.1)
        assert found[name].mean().abs() < 1e-3


def test_outputs_have_names_in_torchvisions_order():
    model = models.googlenet(4, in_channels=1)
    outputs = model(torch.zeros(2, 1, 64, 64))
    assert outputs._fields == torchvision.models.GoogLeNetOutputs._fields
    assert [out.shape for out in outputs] == [(2, 4)] * 3
    assert model.eval()(torch.zeros(2, 1, 64, 64)).shape == (2, 4)


# The paper's Table 1, as printed: 1 x 1, 3 x 3 reduce, 3 x 3, 5 x 5 reduce, 5 x 5, pool proj.
PAPER = [
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
]


def across_channels(x):
    """Local response normalization by the formula, over 5 neighboring maps."""
    squares = F.pad(x**2, (0, 0, 0, 0, 2, 2))
    total = sum(squares[:, n : n + x.shape[1]] for n in range(5))
    return x / (1 + 1e-4 / 5 * total) ** 0.75


def test_paper_variant_equals_its_layers_written_out():
    model = models.googlenet(6, variant="paper", dropout=0.0, dropout_aux=0.0).double()
    randomize(model)
    for tensor in model.state_dict().values():
        if tensor.ndim == 4:  # so that the signal gets through 22 layers
            tensor *= (2 * tensor.shape[0] / tensor[0].numel()) ** 0.5 if tensor.shape[0] < 9 else 1
    state = dict(model.state_dict())

    def conv(x, name, stride=1):
        weight, bias = state.pop(f"{name}.conv.weight"), state.pop(f"{name}.conv.bias")
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2).clamp(min=0)

    def head(x, name):
        x = conv(F.avg_pool2d(x, 5, 3), f"{name}.conv").flatten(1)
        x = (x @ state.pop(f"{name}.fc1.weight").T + state.pop(f"{name}.fc1.bias")).clamp(min=0)
        return x @ state.pop(f"{name}.fc2.weight").T + state.pop(f"{name}.fc2.bias")

    pool = functools.partial(F.max_pool2d, kernel_size=3, stride=2, ceil_mode=True)
    images = random_images(1, 3, 224, 224)
    x = across_channels(pool(conv(images, "conv1", 2)))
    x = pool(across_channels(conv(conv(x, "conv2"), "conv3")))
    aux = []
    for name, maps in zip(
        ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"], PAPER, strict=True
    ):
        path = f"inception{name}"
        parts = [
            conv(x, f"{path}.branch1"),
            conv(conv(x, f"{path}.branch2.0"), f"{path}.branch2.1"),
            conv(conv(x, f"{path}.branch3.0"), f"{path}.branch3.1"),
            conv(F.max_pool2d(x, 3, 1, 1), f"{path}.branch4.1"),
        ]
        assert tuple(part.shape[1] for part in parts) == (maps[0], maps[2], maps[4], maps[5])
        x = torch.cat(parts, 1)
        if name in ("4a", "4d"):
            aux.append(head(x, f"aux{len(aux) + 1}"))
        if name in ("3b", "4e"):
            x = pool(x)
    logits = x.mean(dim=(2, 3)) @ state.pop("fc.weight").T + state.pop("fc.bias")
    assert not state
    found = model(images)
    for ours, wanted in zip(found, (logits, aux[1], aux[0]), strict=True):
        torch.testing.assert_close(ours, wanted)
    torch.testing.assert_close(model.eval()(images), logits)


def test_paper_heads_say_which_images_they_need():
    model = models.googlenet(4, variant="paper")
    with pytest.raises(ValueError, match="223 to 270 pixels"):
        model(torch.zeros(1, 3, 280, 280))


def test_paper_heads_take_what_they_say():
    for size, right in ((222, False), (223, True), (270, True), (271, False)):
        model = on_meta(models.googlenet, variant="paper")
        try:
            model(torch.zeros(1, 3, size, size, device="meta"))
            assert right
        except ValueError:
            assert not right


def test_train_mode_compiles():
    model = models.googlenet(4)
    images = torch.rand(2, 3, 64, 64)
    compiled = torch.compile(model, backend="eager", fullgraph=True)(images)
    assert isinstance(compiled, tuple)
    assert [out.shape for out in compiled] == [(2, 4)] * 3


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"variant": "v1"}, "`variant` must be 'torchvision' or 'paper', got 'v1'"),
        ({"aux_logits": 1}, "`aux_logits` must be True or False"),
        ({"transform_input": True, "in_channels": 1}, "`transform_input` must be False unless"),
        ({"dropout_aux": 1.0}, "`dropout_aux` must be from 0"),
    ],
)
def test_refuses(keywords, message):
    with pytest.raises(ValueError, match=message):
        models.googlenet(**keywords)


def test_module_refuses_odd_channels():
    with pytest.raises(ValueError, match="`ch5x5red` must be at least 1, got 0"):
        models.Inception(8, 4, 4, 4, 0, 4, 4)
    with pytest.raises(ValueError, match="`wide_kernel` must be odd, got 4"):
        models.Inception(8, 4, 4, 4, 4, 4, 4, wide_kernel=4)


# What the slides print ---------------------------------------------------------------------------


def test_slide_l040():
    """112.9 M without the bottleneck; 1.5 M and 3.8 M, together 5.3 M, with it."""
    wide = conv_macs(480, 48, 5, 14)
    squeeze, rest = conv_macs(480, 16, 1, 14), conv_macs(16, 48, 5, 14)
    assert (wide, squeeze, rest, squeeze + rest) == (112_896_000, 1_505_280, 3_763_200, 5_268_480)
    assert [round(n / 1e6, 1) for n in (wide, squeeze, rest, squeeze + rest)] == [
        112.9, 1.5, 3.8, 5.3,
    ]  # fmt: skip
    assert round(wide / (squeeze + rest), 2) == 21.43
    branch = on_meta(models.googlenet, variant="paper").inception4a.branch3
    assert count_macs(branch, 14, in_channels=480) == squeeze + rest
    assert sum(p.numel() for p in branch.parameters() if p.ndim == 4) == 26_880


def test_slide_l039():
    """22 layers with parameters along the longest path, 27 with pooling."""
    for variant in models.googlenet.__globals__["VARIANTS"]:
        model = on_meta(models.googlenet, variant=variant, aux_logits=False).eval()
        graph = torch.fx.symbolic_trace(model).graph
        learns, pools = nn.Conv2d | nn.Linear, nn.MaxPool2d | nn.AdaptiveAvgPool2d
        lengths = []
        for kinds in (learns, learns | pools):
            length = {}
            for node in graph.nodes:
                before = max((length[n] for n in node.all_input_nodes), default=0)
                is_layer = node.op == "call_module"
                length[node] = before + (
                    is_layer and isinstance(model.get_submodule(node.target), kinds)
                )
            lengths.append(max(length.values()))
        assert lengths == [22, 27]
