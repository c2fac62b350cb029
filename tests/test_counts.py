"""count_parameters and count_macs against torchvision, closed forms and counted products."""

import copy
import math

import pytest
import torch
import torchvision.models as zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.arithmetic import (
    conv_macs,
    conv_output_size,
    conv_parameters,
    count_macs,
    count_parameters,
)

# torchvision's own counts (`num_params` of the weights), and MACs at 224 pixels (299: inception_v3)
NETWORKS = {
    "alexnet": (61_100_840, 714_188_480),
    "vgg11": (132_863_336, 7_609_090_048),
    "vgg11_bn": (132_868_840, 7_609_090_048),
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg16_bn": (138_365_992, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "googlenet": (6_624_904, 1_498_376_192),
    "inception_v3": (27_161_264, 5_713_216_096),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet161": (28_681_000, 7_727_907_072),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
}
OTHERS = ("squeezenet1_0", "squeezenet1_1", "mobilenet_v2", "efficientnet_b0", "vit_b_16", "swin_t")


def on_meta(name, **settings):
    if name in ("googlenet", "inception_v3"):
        settings.setdefault("init_weights", False)
        settings.setdefault("aux_logits", name == "inception_v3")
    with torch.device("meta"):
        return zoo.get_model(name, **settings)


def entry(name):
    weights = zoo.get_model_weights(name)
    return getattr(weights, "IMAGENET1K_V1", None).meta


@pytest.mark.parametrize("name", NETWORKS)
def test_the_published_networks(name):
    parameters, macs = NETWORKS[name]
    model = on_meta(name).eval()
    assert count_parameters(model) == parameters == entry(name)["num_params"]
    assert count_macs(model, 299 if name == "inception_v3" else 224) == macs
    assert round(macs / 1e9, 3) == pytest.approx(entry(name)["_ops"], abs=0.0011)


@pytest.mark.parametrize("name", OTHERS)
def test_torchvision_counts_the_same(name):
    model = on_meta(name).eval()
    assert count_parameters(model) == entry(name)["num_params"]
    assert count_macs(model, 224) / 1e9 == pytest.approx(entry(name)["_ops"], rel=0.003)


def test_heads_that_only_train_count_in_train_mode_only():
    model = on_meta("googlenet", aux_logits=True)
    assert count_parameters(model) == 13_004_888
    assert count_macs(model.train(), 224) > count_macs(model.eval(), 224) == 1_498_376_192
    assert count_parameters(on_meta("inception_v3", aux_logits=False)) == 23_834_568


def test_resnets_as_published_stride_in_their_first_convolution():
    for depth, macs in ((50, 3_857_973_248), (101, 7_570_194_432), (152, 11_282_415_616)):
        model = on_meta(f"resnet{depth}").eval()
        for block in model.modules():
            if isinstance(block, zoo.resnet.Bottleneck):
                block.conv1.stride, block.conv2.stride = block.conv2.stride, (1, 1)
        assert count_macs(model, 224) == macs


def test_video_networks_have_the_parameters_of_torchvision():
    for name, number in (
        ("r3d_18", 33_371_472),
        ("mc3_18", 11_695_440),
        ("r2plus1d_18", 31_505_325),
    ):
        with torch.device("meta"):
            model = getattr(zoo.video, name)()
        assert count_parameters(model) == number


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data(), axes=st.integers(1, 3), transposed=st.booleans())
def test_one_layer_is_its_closed_form_and_the_products_that_it_makes(data, axes, transposed):
    groups = data.draw(st.integers(1, 2))
    inputs, outputs = (groups * data.draw(st.integers(1, 2)) for _ in range(2))
    kernel, stride, padding = (data.draw(st.integers(low, low + 1)) for low in (2, 1, 0))
    size = tuple(data.draw(st.integers(3, 5)) for _ in range(axes))
    kind = (
        [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d]
        if transposed
        else [nn.Conv1d, nn.Conv2d, nn.Conv3d]
    )[axes - 1]
    layer = kind(inputs, outputs, kernel, stride=stride, padding=padding, groups=groups)
    each = (kernel,) * axes
    assert count_parameters(layer) == conv_parameters(inputs, outputs, each, groups=groups)
    places = size if transposed else conv_output_size(size, each, stride=stride, padding=padding)
    macs = count_macs(layer, size)
    if transposed:  # each pixel of the input is spread with each weight
        assert macs == math.prod(size) * layer.weight.numel()
    else:
        assert macs == conv_macs(inputs, outputs, each, places, groups=groups)
    if not transposed and padding == 0:
        ones = copy.deepcopy(layer)
        nn.init.ones_(ones.weight)
        nn.init.zeros_(ones.bias)
        with torch.no_grad():
            assert ones(torch.ones(1, inputs, *size)).sum().item() == macs


def test_fully_connected_layers_and_attention():
    head = nn.Sequential(nn.Flatten(), nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 10))
    assert count_macs(head, (28, 28), in_channels=1) == 784 * 30 + 30 * 10

    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            x = x.transpose(1, 2)
            return self.attention(x, x, x, need_weights=False)[0]

    length, width = 5, 8
    by_hand = 4 * length * width**2 + 2 * length**2 * width  # q, k, v, out; q k and weights v
    assert count_macs(Attends().eval(), (length,), in_channels=width) == by_hand


def test_the_model_is_left_as_it_was():
    seen = []
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 3))
    model[3].weight.requires_grad_(False)
    model[0].register_forward_hook(lambda *_: seen.append("called"))
    model(torch.rand(4, 1, 8, 8)).sum().backward()
    seen.clear()
    before = copy.deepcopy(model.state_dict())
    gradients = [p.grad for p in model.parameters()]
    assert count_macs(model, 8) == conv_macs(1, 2, 3, 6) + 72 * 3
    assert seen == []
    assert count_parameters(model, trainable=True) == count_parameters(model) - 72 * 3
    assert all(a is p.grad for a, p in zip(gradients, model.parameters(), strict=True))
    assert all(m.training for m in model.modules())
    assert all(p.device.type == "cpu" for p in model.parameters())
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_shared_weights_count_once_and_are_used_twice():
    layer = nn.Conv2d(3, 3, 3, padding=1)
    model = nn.Sequential(layer, layer)
    assert count_parameters(model) == 84
    assert count_macs(model, 10) == 2 * conv_macs(3, 3, 3, 10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: count_parameters(3), "`model` must be a torch.nn.Module, got int"),
        (lambda: count_macs(3, 8), "`model` must be a torch.nn.Module, got int"),
        (
            lambda: count_parameters(nn.LazyLinear(3)),
            "`model` must be run once before, as `weight` is of a lazy layer",
        ),
        (lambda: count_macs(nn.Conv2d(1, 1, 3), 0), "`input_size` must be at least 1, got 0"),
        (
            lambda: count_parameters(nn.ReLU(), trainable=1),
            "`trainable` must be True or False, got 1",
        ),
        (
            lambda: count_macs(nn.Linear(3, 4), 3),
            "`input_size` must be a tuple, as `model` has no convolution to tell the number of "
            "axes, got 3",
        ),
        (
            lambda: count_macs(nn.Linear(3, 4), (3,)),
            "`in_channels` must be given, as `model` has no convolution to tell it",
        ),
    ],
)
def test_error_messages(call, message):
    with pytest.raises(ValueError, match=r"^`") as error:
        call()
    assert str(error.value) == message


def test_an_image_that_does_not_fit_is_told_with_what_torch_says():
    with pytest.raises(
        ValueError, match=r"`model` must take an image of 2 × 2 pixels with 1 channel, but fails: "
    ):
        count_macs(nn.Conv2d(1, 1, 3), 2)
